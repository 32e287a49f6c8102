#include "actors/evidence/evidence_actor.hpp"

#include "crypto/light/attack.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "messages/wire/limits.hpp"
#include "storage/keys.hpp"

namespace witan::evidence {
namespace {

// The ledger answers from its state; this bounds a hang of it, not its work.
constexpr Duration verdict_deadline = Duration::from_s(5);

Bytes store_key(const EvidencePool::Item& item) {
  return keys::of_pending_evidence(item.key.height, item.hash);
}

}  // namespace

EvidenceActor::EvidenceActor(rt::ActorContext& context, Services services, EvidenceOptions options)
    : ActorFor(context),
      services_(services),
      options_(std::move(options)),
      ledger_(context.ref<LedgerRole>(LedgerRole::path)),
      peers_(context.ref<PeersRole>(PeersRole::path)),
      events_(context.ref<EventsRole>(EventsRole::path)) {
  handle<schema::EvidenceFound>(&EvidenceActor::on_found);
  handle<schema::EvidenceBatch>(&EvidenceActor::on_batch);
  handle<schema::SubmitEvidence>(&EvidenceActor::on_submit);
  handle<schema::EvidenceCommitted>(&EvidenceActor::on_committed);
  handle<schema::PeerReady>(&EvidenceActor::on_peer_ready);
  own<schema::EvidenceTick>(&EvidenceActor::on_tick);
}

void EvidenceActor::started() {
  load();
  gossiped_ = context().now();  // peers are told as they connect
  context().send_after(judge_period, Draft<schema::EvidenceTick>());
  if (pool_.size() > 0) offer();
}

// ---- what was kept

// Whatever was known before this process, or before the key was here (S16).
void EvidenceActor::look_for_own() {
  if (!options_.self || !options_.stop_on_own) return;
  const auto proofs = proofs_against(*options_.self, options_.store, options_.blocks);
  if (!proofs) context().fail_node(proofs.error().code, "reading evidence: " + proofs.error().text);
  if (!proofs->empty()) stop_signing(proofs->front(), true);
  auto seen = acknowledged_in(options_.store);
  if (!seen) context().fail_node(seen.error().code, "reading evidence: " + seen.error().text);
  acknowledged_ = std::move(*seen);
}

void EvidenceActor::load() {
  look_for_own();
  WriteBatch damaged;
  const Status read = options_.store.scan(
      KeyRange::prefix(Bytes{keys::pending_evidence}), Direction::forward,
      [&](ByteView key, ByteView value) {
        const auto evidence = decode_evidence(value);
        if (!evidence || key_of(*evidence).validator >= options_.verifier->set().size()) {
          damaged.erase(key);
        } else {
          (void)pool_.add(
              {key_of(*evidence), evidence_hash(value), Bytes(value.begin(), value.end())});
        }
        return true;
      });
  if (!read) context().fail_node(read.error().code, "reading evidence: " + read.error().text);
  if (!damaged.empty()) write(damaged);
  services_.metrics.evidence_pending.set_count(pool_.size());
}

void EvidenceActor::write(const WriteBatch& batch) {
  const Status written = options_.store.write(batch, Durability::synced);
  if (!written)
    context().fail_node(written.error().code, "writing evidence: " + written.error().to_string());
}

void EvidenceActor::erase(const EvidencePool::Item& item) {
  WriteBatch batch;
  batch.erase(store_key(item));
  write(batch);
}

// ---- in

Result<Hash32> EvidenceActor::take(ByteView bytes) {
  WITAN_TRY(const Evidence evidence, decode_evidence(bytes));
  const EvidenceKey key = key_of(evidence);
  const Hash32 hash = evidence_hash(bytes);
  if (pool_.knows(key)) return hash;
  const auto verified = options_.verifier->verify(evidence);
  if (!verified) return fail(verified.error());
  EvidencePool::Item item{key, hash, Bytes(bytes.begin(), bytes.end())};
  const EvidencePool::Outcome outcome = pool_.add(item);
  if (outcome.added == Added::full)
    return fail(ErrorCode::pool_full, "evidence", "enough is pending against this validator");
  if (outcome.evicted) erase(*outcome.evicted);
  keep(std::move(item));
  return hash;
}

void EvidenceActor::keep(EvidencePool::Item item) {
  WriteBatch batch;
  batch.put(store_key(item), item.bytes);
  // In one step: a start that finds the proof and no alarm would go on signing.
  if (is_own(item.key)) batch.put(Bytes{keys::own_alarm}, item.bytes);
  write(batch);
  announce(item);
  Draft<schema::EvidenceBatch> gossip(item.bytes.size() / 8 + 32);
  gossip->initItems(1).set(0, as_data(ByteView(item.bytes)));
  (void)peers_.send(std::move(gossip));
  if (is_own(item.key)) stop_signing({item.key, item.bytes}, false);
  offer();
}

void EvidenceActor::announce(const EvidencePool::Item& item) {
  services_.metrics.evidence_pending.set_count(pool_.size());
  log_event(services_.log, Event::evidence_added,
            {{"kind", name_of(item.key.kind)},
             {"validator", accused(item.key)},
             {"height", item.key.height},
             {"round", item.key.round}});
  Draft<schema::PublishedEvent> event(96);
  auto view = event->initNewEvidence();
  view.setHeight(item.key.height.get());
  view.setKind(std::string(name_of(item.key.kind)));
  view.setValidator(as_data(accused(item.key)));
  (void)events_.send(std::move(event));
}

// S16. From here on nothing of this process is signed, sent or handled.
void EvidenceActor::stop_signing(const OwnProof& proof, bool raise) {
  const EvidenceKey& key = proof.key;
  if (raise)
    if (const Status raised = raise_alarm(options_.store, proof); !raised)
      context().fail_node(raised.error().code, "writing evidence: " + raised.error().to_string());
  const std::string text = advice_about(key);
  log_event(
      services_.log, Event::own_double_sign,
      {{"kind", name_of(key.kind)}, {"height", key.height}, {"round", key.round}, {"text", text}});
  context().fail_node(ErrorCode::sign_conflict, text);
}

// Made of verified votes it is refused only when the pool is full.
void EvidenceActor::on_found(schema::EvidenceFound::Reader in, const Envelope&) {
  const auto taken = take(as_view(in.getItem()));
  if (taken || taken.error().code == ErrorCode::pool_full) return;
  if (const auto evidence = decode_evidence(as_view(in.getItem())))
    report_forgers(*evidence, in.getFirstFrom(), in.getSecondFrom());
}

void EvidenceActor::report_forgers(const Evidence& evidence, std::uint32_t first_from,
                                   std::uint32_t second_from) {
  const auto look = [this](const SignedVote& vote, std::uint32_t from) {
    if (from == 0) return;
    if (const auto verified = options_.verifier->verify(vote); !verified)
      report(from, verified.error());
  };
  if (const auto* pair = std::get_if<DuplicateVote>(&evidence)) {
    look(pair->first, first_from);
    look(pair->second, second_from);
  } else if (const auto* forgot = std::get_if<Amnesia>(&evidence)) {
    look(forgot->precommit, first_from);
    look(forgot->prevote, second_from);
  }
}

void EvidenceActor::report(std::uint32_t peer, const Error& error) {
  services_.metrics.evidence_rejected.with({name_of(error.code)}).add();
  log_event(services_.log, Event::evidence_rejected,
            {{"peer", peer}, {"code", error.code}, {"text", error.to_string()}});
  Draft<schema::PeerMisbehaved> report;
  report->setPeer(peer);
  report->setCode(std::string(name_of(error.code)));
  report->setText(error.to_string());
  (void)peers_.send(std::move(report));
}

void EvidenceActor::on_batch(schema::EvidenceBatch::Reader in, const Envelope& envelope) {
  for (const auto item : in.getItems()) {
    const auto taken = take(as_view(item));
    if (taken || taken.error().code == ErrorCode::pool_full) continue;
    report(envelope.sender, taken.error());
    return;  // what else it sent is not worth the verification
  }
}

Result<std::vector<Hash32>> EvidenceActor::take_attack(ByteView bytes) {
  WITAN_TRY(const light::AttackEvidence attack, light::decode_attack(bytes));
  const light::LightBlock& block = attack.conflicting;
  WITAN_TRY(const ChainHeader chain, options_.chain_header(block.height()));
  std::vector<Hash32> out;
  std::optional<Error> refused;
  const bool prescribed = options_.verifier->prescribes(block.header);
  const auto accusations = accuse(block, chain, options_.verifier->set(), prescribed);
  for (const Evidence& evidence : accusations) {
    const auto taken = take(encode_evidence(evidence));
    if (taken)
      out.push_back(*taken);
    else
      refused = taken.error();
  }
  if (!out.empty()) return out;
  if (refused) return fail(*refused);
  return fail(ErrorCode::malformed, "attack",
              "accuses nobody: no validator signed both sides, and the header is a possible one");
}

void EvidenceActor::on_submit(schema::SubmitEvidence::Reader in, const Envelope& envelope) {
  Result<std::vector<Hash32>> hashes = std::vector<Hash32>{};
  if (in.isAttack()) {
    hashes = take_attack(as_view(in.getAttack()));
  } else {
    const auto taken = take(as_view(in.getEvidence()));
    if (taken)
      hashes->push_back(*taken);
    else
      hashes = fail(taken.error());
  }
  if (!hashes) {
    services_.metrics.evidence_rejected.with({name_of(hashes.error().code)}).add();
    return context().reply_error(envelope, hashes.error());
  }
  Draft<schema::SubmitEvidenceResult> out(hashes->size() * 6 + 16);
  auto list = out->initHashes(static_cast<kj::uint>(hashes->size()));
  for (kj::uint i = 0; i < list.size(); ++i) list.set(i, as_data((*hashes)[i]));
  context().reply(envelope, std::move(out));
}

// ---- out

template <class Send>
void EvidenceActor::for_batches(const Send& send) const {
  std::vector<const EvidencePool::Item*> batch;
  std::size_t bytes = 0;
  const auto flush = [&] {
    if (batch.empty()) return;
    Draft<schema::EvidenceBatch> draft(bytes / 8 + batch.size() + 32);
    auto items = draft->initItems(static_cast<kj::uint>(batch.size()));
    for (kj::uint i = 0; i < items.size(); ++i) items.set(i, as_data(ByteView(batch[i]->bytes)));
    send(std::move(draft));
    batch.clear();
    bytes = 0;
  };
  for (const EvidencePool::Item* item : pool_.pending(offered_max)) {
    if (bytes + item->bytes.size() > limits::evidence_bytes_max ||
        batch.size() >= limits::evidence_max)
      flush();
    batch.push_back(item);
    bytes += item->bytes.size();
  }
  flush();
}

void EvidenceActor::on_peer_ready(schema::PeerReady::Reader in, const Envelope&) {
  if (pool_.size() == 0) return;
  Envelope from_peer;
  from_peer.sender = in.getPeer();
  const rt::ActorRef<SessionRole> session(context().sender_of(from_peer));
  for_batches([&](Draft<schema::EvidenceBatch>&& draft) { (void)session.send(std::move(draft)); });
}

void EvidenceActor::on_tick(schema::EvidenceTick::Reader, const Envelope&) {
  context().send_after(judge_period, Draft<schema::EvidenceTick>());
  if (pool_.size() == 0) return;
  offer();
  const Instant now = context().now();
  if (now - gossiped_ < gossip_period) return;
  gossiped_ = now;
  for_batches([&](Draft<schema::EvidenceBatch>&& draft) { (void)peers_.send(std::move(draft)); });
}

// Tells the ledger what the next proposals may take; it says what they never may.
void EvidenceActor::offer() {
  const auto items = pool_.pending(offered_max);
  std::vector<EvidenceKey> offered;
  std::size_t bytes = 0;
  for (const EvidencePool::Item* item : items) bytes += item->bytes.size();
  Draft<schema::PendingEvidence> draft(bytes / 8 + items.size() * 2 + 32);
  auto list = draft->initItems(static_cast<kj::uint>(items.size()));
  for (kj::uint i = 0; i < list.size(); ++i) {
    list.set(i, as_data(ByteView(items[i]->bytes)));
    offered.push_back(items[i]->key);
  }
  context().request<schema::EvidenceVerdicts>(
      ledger_, std::move(draft), verdict_deadline,
      [this, offered = std::move(offered)](Result<schema::EvidenceVerdicts::Reader> verdicts) {
        if (verdicts) judged(offered, *verdicts);
      });
}

void EvidenceActor::judged(const std::vector<EvidenceKey>& offered,
                           schema::EvidenceVerdicts::Reader verdicts) {
  const auto codes = verdicts.getCodes();
  WITAN_CHECK(codes.size() == offered.size(), codes.size(), offered.size());
  for (kj::uint i = 0; i < codes.size(); ++i) {
    const std::string_view code = codes[i].cStr();
    if (code == name_of(ErrorCode::ok) || code == name_of(ErrorCode::wrong_height)) continue;
    const EvidenceKey& key = offered[i];
    const bool committed = code == name_of(ErrorCode::duplicate);
    const auto item = committed ? pool_.commit(key) : pool_.drop(key);
    if (!item) continue;
    erase(*item);
    if (committed) continue;
    log_event(services_.log, Event::evidence_dropped,
              {{"kind", name_of(key.kind)},
               {"validator", accused(key)},
               {"height", key.height},
               {"code", std::string(code)}});
  }
  services_.metrics.evidence_pending.set_count(pool_.size());
}

void EvidenceActor::on_committed(schema::EvidenceCommitted::Reader in, const Envelope&) {
  for (const auto bytes : in.getItems()) {
    const auto evidence = decode_evidence(as_view(bytes));
    WITAN_CHECK(evidence.has_value(), in.getHeight());
    const EvidenceKey key = key_of(*evidence);
    services_.metrics.evidence_committed.with({name_of(key.kind)}).add();
    log_event(services_.log, Event::evidence_committed,
              {{"kind", name_of(key.kind)},
               {"validator", accused(key)},
               {"height", key.height},
               {"round", key.round},
               {"block", in.getHeight()}});
    if (const auto item = pool_.commit(key)) erase(*item);
    const ByteView proof = as_view(bytes);
    if (is_own(key)) stop_signing({key, Bytes(proof.begin(), proof.end())}, true);
  }
  services_.metrics.evidence_pending.set_count(pool_.size());
  if (pool_.size() > 0) offer();
}

}  // namespace witan::evidence
