// Every metric of the node, once: C++ name, Prometheus name, type, labels, buckets, help.
//
// Names are CometBFT's where the thing measured is the same, and our own otherwise. One difference:
// a counter ends in `_total` here, also where CometBFT leaves that out, because `promtool check
// metrics` insists on it. docs/reference/metrics.md is printed from this table
// and compared in tests/unit/telemetry. To add a metric, add one line and run `telemetry_docs`.
#pragma once
#include <string_view>

namespace witan {

// Bucket sets (seconds unless the name says otherwise).
enum class Buckets : unsigned char { none, latency, micro, interval, bytes };

// COUNTER(cpp_name, "prometheus_name", "help"), GAUGE likewise, HISTOGRAM adds its bucket set;
// the L forms add the label names, comma separated, in the order the values are given.
// clang-format off
#define WITAN_METRICS(COUNTER, GAUGE, HISTOGRAM, COUNTER_L, GAUGE_L, HISTOGRAM_L) \
  /* consensus: CometBFT */ \
  GAUGE(height, "consensus_height", "Height being decided") \
  GAUGE(latest_block_height, "consensus_latest_block_height", "Height of the last decided block") \
  GAUGE(rounds, "consensus_rounds", "Current round of the height being decided") \
  HISTOGRAM(round_duration, "consensus_round_duration_seconds", interval, "Time from the start of a round to its end") \
  HISTOGRAM_L(step_duration, "consensus_step_duration_seconds", "step", latency, "Time spent in a step") \
  HISTOGRAM(block_interval, "consensus_block_interval_seconds", interval, "Time between two decisions") \
  GAUGE(validators, "consensus_validators", "Validators of the current height") \
  GAUGE(validators_power, "consensus_validators_power", "Total voting power") \
  GAUGE(validator_power, "consensus_validator_power", "Voting power of this validator, 0 when it is none") \
  GAUGE(validator_last_signed_height, "consensus_validator_last_signed_height", "Last height whose certificate holds this validator's signature") \
  GAUGE(validator_missed_blocks, "consensus_validator_missed_blocks", "Certificates since start without this validator's signature") \
  GAUGE(missing_validators, "consensus_missing_validators", "Validators absent from the last certificate") \
  GAUGE(missing_validators_power, "consensus_missing_validators_power", "Their voting power") \
  GAUGE(byzantine_validators, "consensus_byzantine_validators", "Validators caught equivocating in this height") \
  GAUGE(byzantine_validators_power, "consensus_byzantine_validators_power", "Their voting power") \
  GAUGE(num_txs, "consensus_num_txs", "Transactions of the last block") \
  GAUGE(total_txs, "consensus_total_txs", "Transactions decided since start") \
  GAUGE(block_size_bytes, "consensus_block_size_bytes", "Size of the last block") \
  COUNTER(chain_size_bytes, "consensus_chain_size_bytes_total", "Bytes of blocks decided since start") \
  COUNTER(block_parts, "consensus_block_parts_total", "Block parts received") \
  COUNTER(duplicate_block_part, "consensus_duplicate_block_part_total", "Block parts received that were already here") \
  COUNTER(duplicate_vote, "consensus_duplicate_vote_total", "Votes received that were already counted") \
  COUNTER_L(late_votes, "consensus_late_votes_total", "vote_type", "Votes received after their height was decided") \
  GAUGE(quorum_prevote_delay, "consensus_quorum_prevote_delay", "Seconds from the arrival of a proposal to the lock by its prevote quorum") \
  GAUGE(quorum_precommit_delay, "consensus_quorum_precommit_delay", "Seconds from the arrival of a proposal to its decision") \
  COUNTER_L(proposal_receive_count, "consensus_proposal_receive_count_total", "status", "Proposals received, accepted or rejected") \
  COUNTER(proposal_create_count, "consensus_proposal_create_count_total", "Proposals made by this node") \
  COUNTER_L(round_increment, "consensus_round_increment_total", "step", "Rounds that ended without a decision, by the first step that timed out; skipped: others were further") \
  /* consensus: ours */ \
  HISTOGRAM(wal_fsync, "consensus_wal_fsync_seconds", micro, "One durable append to the consensus log, sign records included") \
  HISTOGRAM(sig_verify, "consensus_sig_verify_seconds", micro, "Verifying one signature") \
  HISTOGRAM(finality, "consensus_finality_seconds", latency, "Time from the start of a height to its decision") \
  GAUGE_L(mailbox_depth, "consensus_mailbox_depth", "class", "Messages waiting in all mailboxes") \
  COUNTER_L(mailbox_shed, "consensus_mailbox_shed_total", "class", "Messages dropped at a full mailbox") \
  GAUGE(fault_rules, "fault_rules", "Fault rules in force; not 0 means that this node misbehaves on purpose") \
  COUNTER_L(fault_hits, "fault_hits_total", "action", "Faults injected by rules") \
  GAUGE(quarantine_messages, "quarantine_messages", "Messages in quarantine: refused because their handling threw twice in a row") \
  GAUGE(quarantine_suspects, "quarantine_suspects", "Messages whose handling threw the last time") \
  COUNTER(quarantine_refused, "quarantine_refused_total", "Messages refused by the quarantine") \
  COUNTER(quarantine_failures, "quarantine_failures_total", "Files of the quarantine that were damaged or could not be written") \
  COUNTER_L(actor_restarts, "runtime_actor_restarts_total", "actor", "Restarts by supervisors") \
  COUNTER_L(rejected_msgs, "consensus_rejected_msgs_total", "reason", "Messages dropped before the consensus core") \
  COUNTER(rebroadcast, "consensus_rebroadcast_total", "Times the messages of a round were sent again") \
  COUNTER(hidden_lock_certs, "consensus_hidden_lock_certs_total", "Polka certificates pushed together with a lock") \
  COUNTER_L(equivocations, "consensus_equivocations_total", "kind", "Conflicting messages of one validator for one step") \
  GAUGE(evidence_pending, "evidence_pending", "Evidence known here and not in a block yet") \
  COUNTER_L(evidence_committed, "evidence_committed_total", "kind", "Evidence in decided blocks, as this node committed them") \
  COUNTER_L(evidence_rejected, "evidence_rejected_total", "reason", "Evidence of peers and users that proves nothing") \
  GAUGE(buffered_msgs, "consensus_buffered_msgs", "Messages kept for the next heights") \
  GAUGE(signer_trouble, "signer_trouble", "0: signing is possible; 1: the remote signer does not answer; 2: another node took its lease; 3: it refuses") \
  HISTOGRAM(signer_request, "signer_request_seconds", micro, "One signature by the remote signer, asked and answered") \
  COUNTER(signer_connects, "signer_connects_total", "Sessions opened with the remote signer") \
  COUNTER_L(sign_refusals, "signer_refusals_total", "rule", "Signing intents refused") \
  /* p2p: CometBFT */ \
  GAUGE(peers, "p2p_peers", "Connected peers") \
  COUNTER_L(message_receive_bytes, "p2p_message_receive_bytes_total", "message_type", "Bytes received") \
  COUNTER_L(message_send_bytes, "p2p_message_send_bytes_total", "message_type", "Bytes sent") \
  COUNTER_L(messages_received, "p2p_messages_received_total", "message_type", "Messages received") \
  GAUGE_L(peer_pending_send_bytes, "p2p_peer_pending_send_bytes", "peer_id", "Bytes waiting to be sent to a peer") \
  /* p2p: ours */ \
  COUNTER_L(handshake_failures, "p2p_handshake_failures_total", "reason", "Connections that did not become a session") \
  GAUGE(banned_peers, "p2p_banned_peers", "Peers refused at present") \
  COUNTER_L(peer_offences, "p2p_peer_offences_total", "reason", "Rules of the protocol broken by peers, by error code") \
  COUNTER_L(credit_stalls, "p2p_credit_stalls_total", "class", "Times reading from a peer paused for lack of credit") \
  COUNTER_L(peer_drops, "p2p_send_drops_total", "class", "Messages dropped because a peer's send queue was full") \
  /* mempool: CometBFT */ \
  GAUGE(mempool_size, "mempool_size", "Pending transactions") \
  GAUGE(mempool_size_bytes, "mempool_size_bytes", "Their bytes") \
  HISTOGRAM(mempool_tx_size, "mempool_tx_size_bytes", bytes, "Size of admitted transactions") \
  COUNTER(mempool_failed_txs, "mempool_failed_txs_total", "Transactions that do not verify") \
  COUNTER_L(mempool_rejected_txs, "mempool_rejected_txs_total", "reason", "Transactions not admitted") \
  COUNTER(mempool_evicted_txs, "mempool_evicted_txs_total", "Transactions removed to make room or expired") \
  COUNTER(mempool_recheck_times, "mempool_recheck_times_total", "Transactions checked again after a block") \
  COUNTER(mempool_already_received_txs, "mempool_already_received_txs_total", "Transactions received more than once") \
  COUNTER(mempool_reaped_txs, "mempool_reaped_txs_total", "Transactions put into proposals") \
  HISTOGRAM(mempool_admission, "mempool_admission_seconds", micro, "Time to check and admit a batch") \
  /* sync and state: CometBFT */ \
  GAUGE(blocksync_syncing, "blocksync_syncing", "1 while block sync runs") \
  GAUGE(blocksync_latest_block_height, "blocksync_latest_block_height", "Last height fetched by block sync") \
  COUNTER(blocksync_ingested_blocks, "blocksync_ingested_blocks_total", "Blocks applied by block sync") \
  HISTOGRAM(block_processing_time, "state_block_processing_time", latency, "Seconds to execute one block") \
  /* storage: ours */ \
  HISTOGRAM(commit_seconds, "storage_commit_seconds", micro, "Committing the state of one decided block") \
  GAUGE_L(bytes_on_disk, "storage_bytes_on_disk", "store", "Bytes used on disk") \
  GAUGE(pruned_height, "storage_pruned_height", "Lowest height still kept") \
  /* api and telemetry: ours */ \
  COUNTER_L(http_requests, "api_requests_total", "route,status", "HTTP requests answered") \
  HISTOGRAM_L(http_request_seconds, "api_request_seconds", "route", latency, "Time from the last request byte to the answer") \
  GAUGE(http_connections, "api_connections", "Open HTTP connections") \
  GAUGE(http_streams, "api_streams", "Open event streams") \
  COUNTER_L(http_refused, "api_refused_total", "reason", "Connections and requests refused at the door") \
  COUNTER(http_slow_readers, "api_slow_readers_total", "Event streams ended because the reader was too slow") \
  COUNTER(log_lines_dropped, "telemetry_log_lines_dropped_total", "Log lines lost because the queue was full") \
  GAUGE_L(build_info, "build_info", "version,commit", "Always 1; its labels name the build")

// Standard names without the namespace, read from /proc/self when the metrics are rendered.
// X(prometheus name, type, help)
#define WITAN_PROCESS_METRICS(X) \
  X(process_cpu_seconds_total, counter, "User and system CPU time spent") \
  X(process_open_fds, gauge, "Open file descriptors") \
  X(process_max_fds, gauge, "Limit of open file descriptors") \
  X(process_resident_memory_bytes, gauge, "Resident memory") \
  X(process_virtual_memory_bytes, gauge, "Virtual memory") \
  X(process_threads, gauge, "Threads") \
  X(process_start_time_seconds, gauge, "Start of the process, Unix time")
// clang-format on

enum class MetricType : unsigned char { counter, gauge, histogram };

struct MetricInfo {
  std::string_view cpp_name;
  std::string_view name;  // after "witan_"
  MetricType type;
  std::string_view labels;  // comma separated; empty: none
  Buckets buckets;
  std::string_view help;
};

#define WITAN_C(cpp, name, help) {#cpp, name, MetricType::counter, "", Buckets::none, help},
#define WITAN_G(cpp, name, help) {#cpp, name, MetricType::gauge, "", Buckets::none, help},
#define WITAN_H(cpp, name, buckets, help) \
  {#cpp, name, MetricType::histogram, "", Buckets::buckets, help},
#define WITAN_CL(cpp, name, labels, help) \
  {#cpp, name, MetricType::counter, labels, Buckets::none, help},
#define WITAN_GL(cpp, name, labels, help) \
  {#cpp, name, MetricType::gauge, labels, Buckets::none, help},
#define WITAN_HL(cpp, name, labels, buckets, help) \
  {#cpp, name, MetricType::histogram, labels, Buckets::buckets, help},
inline constexpr MetricInfo metric_table[] = {
    WITAN_METRICS(WITAN_C, WITAN_G, WITAN_H, WITAN_CL, WITAN_GL, WITAN_HL)};
#undef WITAN_C
#undef WITAN_G
#undef WITAN_H
#undef WITAN_CL
#undef WITAN_GL
#undef WITAN_HL

}  // namespace witan
