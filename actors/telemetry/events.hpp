// Every event the node may log, once: name, level, module, fields, meaning.
//
// The name is the stable code that log searches and alerts use: it is never renamed or reused.
// docs/reference/events.md is printed from this list and compared in tests/unit/telemetry.
// To add an event, add one line to its module and run `telemetry_docs` (see README.md).
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace witan {

enum class LogLevel : std::uint8_t { trace = 0, debug = 1, info = 2, warn = 3, error = 4, off = 5 };

// Who logs; the level can be set for each of them.
// clang-format off
#define WITAN_LOG_MODULES(X) \
  X(node) X(runtime) X(config) X(storage) X(signer) X(consensus) X(peers) X(sync) X(mempool) \
  X(ledger) X(api) X(telemetry)

// X(name, level, module, "comma separated fields", "meaning")
#define WITAN_EVENTS(X) \
  X(node_starting,          info,  node, "version,chain_id,node_id,home", "process starts; configuration and genesis are valid") \
  X(node_ready,             info,  node, "height", "caught up and connected to the peers of a quorum; logged once for each start") \
  X(node_stopping,          info,  node, "reason", "orderly shutdown begins") \
  X(node_stopped,           info,  node, "exit_code", "last line of an orderly shutdown") \
  X(trace_dumped,           info,  node, "path,reason", "the flight recorder was written to a file (docs/tracing.md)") \
  X(trace_recording,        info,  node, "path,bytes,lost", "a recording of all message hops began or ended; bytes: written so far") \
  X(trace_failed,           warn,  node, "text", "a trace could not be written; the node goes on without it") \
  X(node_fatal,             error, node, "exit_code,code,field,text", "the process ends because going on would be unsafe") \
  X(config_loaded,          info,  config, "path", "configuration file was read and checked") \
  X(genesis_loaded,         info,  config, "chain_id,chain_name,validators", "genesis file was read and checked") \
  X(faults_changed,         warn,  node, "rules", "fault rules were added or cleared through the admin socket; so many are in force") \
  X(fault_injected,         warn,  node, "rule,id,place", "a fault rule fired; the first 16 times and then every 1024th") \
  X(admin_opened,           debug, node, "path", "the operator's socket is open") \
  X(admin_failed,           warn,  node, "path,text", "the operator's socket cannot be opened; the node runs without it") \
  X(actor_started,          debug, runtime, "actor", "an actor runs") \
  X(actor_failed,           warn,  runtime, "actor,code,text,restarts", "an actor ended with an error; its supervisor decides") \
  X(actor_restarted,        info,  runtime, "actor,restarts,backoff_ms", "a supervisor started an actor again") \
  X(actor_escalated,        error, runtime, "actor,restarts", "restart budget is used up; the failure goes to the parent") \
  X(actor_stalled,          warn,  runtime, "actor,message,ms", "a handler runs longer than the watchdog allows") \
  X(mailbox_full,           warn,  runtime, "actor,class,depth", "a mailbox reached its bound and sheds messages of this class") \
  X(message_suspected,      warn,  runtime, "actor,message,id,text", "handling this message threw; if it throws the next time, too, it goes into quarantine") \
  X(message_quarantined,    error, runtime, "actor,message,id,text", "handling this message threw twice in a row: it is kept on disk and refused from now on") \
  X(message_refused,        warn,  runtime, "actor,id,count", "a message in quarantine came again and was refused; the first time and then every 1024th") \
  X(message_released,       info,  runtime, "actor,message,id,text", "a message is no longer suspected or in quarantine; text: why") \
  X(quarantine_loaded,      warn,  runtime, "messages,suspects", "messages in quarantine were found at the start and stay refused") \
  X(quarantine_failed,      warn,  runtime, "text", "a file of the quarantine is damaged and left out, or could not be written; refusals hold in memory") \
  X(store_opened,           info,  storage, "path,height", "databases are open") \
  X(store_failed,           error, storage, "path,code,text", "a read, write or sync failed; the process ends") \
  X(wal_opened,             info,  storage, "path,height,records", "consensus write-ahead log is open") \
  X(wal_replayed,           info,  storage, "height,records,ms", "records of the unfinished height were applied again") \
  X(wal_tail_cut,           warn,  storage, "path,segment,offset,text", "incomplete last record was removed; expected after a crash") \
  X(wal_damaged,            error, storage, "path,text", "damage before the last record; the node stops, see the runbook") \
  X(pruned,                 debug, storage, "height", "blocks below this height were removed by the retention policy") \
  X(disk_slow,              warn,  storage, "ms", "an fsync of the write-ahead log took longer than 100 ms") \
  X(sign_refused,           warn,  signer, "height,round,step,rule,text", "a signing rule refused an intent; nothing was signed") \
  X(sign_conflict,          error, signer, "height,round,text", "a different message was already signed for this step") \
  X(sign_state_missing,     error, signer, "path,text", "sign-state is absent although this key may have signed before") \
  X(signer_connected,       info,  signer, "address,epoch", "a session with the remote signer is open and it signs for this node") \
  X(signer_lost,            warn,  signer, "address,code,text,retry_ms", "the remote signer does not answer or refuses this node; the node is silent until it does") \
  X(signer_started,         info,  signer, "address,node_id,public_key,version", "a signer process listens") \
  X(signer_client,          info,  signer, "node,text", "what happened to a connection of this signer process") \
  X(signer_lease,           warn,  signer, "node,epoch", "this signer process signs for this node from now on, and for no other") \
  X(signer_refused,         warn,  signer, "node,height,round,rule,text", "this signer process refused a request; nothing was signed") \
  X(signer_halted,          error, signer, "node,text", "this signer process signs nothing any more until it is started again") \
  X(key_loaded,             info,  signer, "public_key", "the validator key is unlocked (only the public part is logged)") \
  X(height_started,         debug, consensus, "height,validators,power", "consensus works on a new height") \
  X(round_started,          debug, consensus, "height,round,proposer", "a round begins; rounds above 0 cost time") \
  X(round_skipped,          info,  consensus, "height,round,to", "this round was left because more than a third of the power is in a later one") \
  X(proposal_sent,          debug, consensus, "height,round,block,bytes", "this node proposed a block") \
  X(proposal_received,      debug, consensus, "height,round,block,proposer", "a complete proposal arrived") \
  X(proposal_invalid,       warn,  consensus, "height,round,block,proposer,code,text", "a complete proposal breaks a rule; this node prevotes nil") \
  X(locked,                 debug, consensus, "height,round,block", "this node locked a value") \
  X(timeout_fired,          info,  consensus, "height,round,step,ms", "a step waited its whole time") \
  X(decided,                debug, consensus, "height,round,block,ms", "a block is final") \
  X(progress,               info,  consensus, "height,heights,seconds", "heights decided since the last line of this kind; one line every five seconds at most") \
  X(no_progress,            warn,  consensus, "height,round,ms", "this height takes longer than three whole rounds and 5 s; said again each time that doubles") \
  X(rebroadcast,            debug, consensus, "height,round,messages", "own messages of this round were sent again") \
  X(equivocation,           warn,  consensus, "kind,validator,height,round", "a validator signed two different messages for one step") \
  X(evidence_added,         warn,  consensus, "kind,validator,height,round", "proof that a validator broke its promises; it goes to the peers and into a block") \
  X(evidence_committed,     warn,  consensus, "kind,validator,height,round,block", "a decided block holds this evidence") \
  X(evidence_dropped,       debug, consensus, "kind,validator,height,code", "pending evidence can not be put into a block any more") \
  X(evidence_rejected,      info,  consensus, "peer,code,text", "a peer sent evidence that proves nothing; the peer is reported") \
  X(own_double_sign,        error, signer, "kind,height,round,text", "somebody has this validator's signatures on messages that contradict each other; the node stops signing and ends") \
  X(own_vote_missed,        debug, consensus, "height", "a certificate was formed without this validator; the others were quicker") \
  X(message_rejected,       debug, consensus, "reason,peer,text", "a consensus message was dropped before the core") \
  X(listening,              info,  peers, "address", "accepting peer connections") \
  X(peer_up,                info,  peers, "peer,address,outbound", "encrypted session with a peer is established") \
  X(peer_down,              info,  peers, "peer,reason", "session with a peer ended") \
  X(peer_offence,           info,  peers, "peer,code,points,text", "a peer broke a rule of the protocol; 100 points are a ban") \
  X(peer_banned,            warn,  peers, "peer,reason,seconds", "a peer broke the protocol and is refused for a while") \
  X(handshake_failed,       debug, peers, "address,reason", "a connection did not become a session") \
  X(dial_failed,            debug, peers, "address,text,retry_ms", "an outgoing connection could not be made") \
  X(peers_low,              warn,  peers, "connected,wanted", "a node that was ready has too few peers to reach a quorum") \
  X(sync_started,           info,  sync, "height,target,peers", "node is behind and fetches decided blocks") \
  X(sync_progress,          info,  sync, "height,target,blocks_per_s", "block sync goes on") \
  X(sync_finished,          info,  sync, "height,ms", "node caught up and joins consensus") \
  X(sync_bad_block,         warn,  sync, "height,peer,code,text", "a peer sent a block that does not verify") \
  X(tx_rejected,            debug, mempool, "tx,code", "a transaction was not admitted") \
  X(mempool_full,           warn,  mempool, "size,bytes", "pool is full; transactions with lower fees are refused") \
  X(block_committed,        debug, ledger, "height,block,state_root,txs,ms", "state of a decided block is on disk") \
  X(state_root_mismatch,    error, ledger, "text", "execution differs from the decided header; the process ends") \
  X(http_listening,         info,  api, "address", "HTTP API accepts connections") \
  X(http_exposed,           warn,  api, "address", "the HTTP API listens where other machines reach it, and has no authentication: put a proxy in front of it") \
  X(http_request,           debug, api, "method,path,status,us,remote", "one HTTP request was answered") \
  X(http_refused,           info,  api, "remote,reason", "a connection or request was refused at the door") \
  X(http_stream_dropped,    info,  api, "remote,queued", "an event-stream reader was too slow and was disconnected") \
  X(log_dropped,            warn,  telemetry, "count", "the log queue overran; this many lines were lost") \
  X(log_level_changed,      info,  telemetry, "spec", "log levels were changed at run time") \
  X(log_level_refused,      warn,  telemetry, "text", "the configuration read again is not valid; the levels stay")
// clang-format on

enum class LogModule : std::uint8_t {
#define WITAN_X(name) name,
  WITAN_LOG_MODULES(WITAN_X)
#undef WITAN_X
};

enum class Event : std::uint16_t {
#define WITAN_X(name, level, module, fields, meaning) name,
  WITAN_EVENTS(WITAN_X)
#undef WITAN_X
};

struct EventInfo {
  std::string_view name;
  LogLevel level;
  LogModule module;
  std::string_view fields;  // comma separated, in the order of docs
  std::string_view meaning;
};

inline constexpr EventInfo event_table[] = {
#define WITAN_X(name, level, module, fields, meaning) \
  {#name, LogLevel::level, LogModule::module, fields, meaning},
    WITAN_EVENTS(WITAN_X)
#undef WITAN_X
};

inline constexpr std::string_view log_module_names[] = {
#define WITAN_X(name) #name,
    WITAN_LOG_MODULES(WITAN_X)
#undef WITAN_X
};
inline constexpr std::size_t log_module_count = std::size(log_module_names);

[[nodiscard]] constexpr const EventInfo& info_of(Event e) {
  return event_table[static_cast<std::size_t>(e)];
}
[[nodiscard]] constexpr std::string_view name_of(LogModule m) {
  return log_module_names[static_cast<std::size_t>(m)];
}
[[nodiscard]] constexpr std::string_view name_of(LogLevel level) {
  constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error", "off"};
  return names[static_cast<std::size_t>(level)];
}

}  // namespace witan
