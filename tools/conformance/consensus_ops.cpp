// init and event: the consensus core behind the rows of a trace. Labels become block ids and node
// ids become validator indices; rules, tallies and guards are the core's own.
#include <algorithm>
#include <deque>
#include <memory>

#include "actors/consensus/core/driver/consensus_core.hpp"
#include "tools/conformance/ops.hpp"

namespace witan::conformance {
namespace {

using nlohmann::json;
using namespace consensus;

// Block ids for labels: the label's number, big-endian, so that different labels never collide.
class Labels {
 public:
  BlockId id(const std::string& label) {
    const auto [it, is_new] = ids_.try_emplace(label);
    if (is_new) {
      names_.push_back(label);
      const std::size_t n = names_.size();
      for (std::size_t i = 0; i < 8; ++i)
        it->second.data[31 - i] = static_cast<std::uint8_t>(n >> (8 * i));
    }
    return it->second;
  }
  [[nodiscard]] const std::string& name(const BlockId& id) const {
    std::size_t n = 0;
    for (std::size_t i = 24; i < 32; ++i) n = n << 8 | id.data[i];
    return names_.at(n - 1);
  }

 private:
  std::map<std::string, BlockId> ids_;
  std::vector<std::string> names_;
};

Step step_of(const std::string& name) {
  for (const Step s : {Step::propose, Step::prevote, Step::precommit})
    if (name_of(s) == name) return s;
  throw RequestError("unknown step " + name);
}

// The tally policy of a trace; what it leaves out is as in the node.
Reading reading_of(const json& policy) {
  Reading out;
  if (policy.value("skip", "all") == "votes") out.skip = SkipSupport::votes_only;
  if (policy.value("vote_equiv", "all") == "first") out.votes_per_validator = 1;
  if (policy.value("prop_equiv", "all") == "first") out.proposals_per_round = 1;
  return out;
}

// One node of a trace.
class TraceNode {
 public:
  explicit TraceNode(const json& request)
      : core_(reading_of(request.value("policy", json::object()))),
        values_(request.value("values", json::object())),
        proposers_(request.at("proposers")),
        invalid_prefix_(request.value("invalid_prefix", "!")),
        immediate_(request.value("self_delivery", "explicit") == "immediate"),
        self_(request.at("node").get<ValidatorIndex>()) {
    std::vector<Validator> validators;
    for (const json& power : request.at("power")) {
      Validator v;
      v.key.data[0] = static_cast<std::uint8_t>(validators.size() >> 8);
      v.key.data[1] = static_cast<std::uint8_t>(validators.size());
      v.power = power.get<std::uint64_t>();
      validators.push_back(v);
    }
    auto set = ValidatorSet::make(std::move(validators));
    if (!set) throw RequestError(set.error().to_string());
    set_ = std::make_shared<const ValidatorSet>(std::move(*set));
    if (self_ >= set_->size()) throw RequestError("node is outside power");
  }

  // Applies the row and, at once, what the row's outputs answer (getValue, immediate
  // self-delivery).
  json event(const json& row) {
    json out = json::array();
    std::deque<Input> queue{input_of(row)};
    while (!queue.empty()) {
      const Input input = std::move(queue.front());
      queue.pop_front();
      for (const Effect& effect : core_.apply(input))
        std::visit([&](const auto& e) { perform(e, out, queue); }, effect);
    }
    return {{"out", out}, {"state", state()}};
  }

 private:
  Input input_of(const json& row) {
    const std::string kind = row.at(0);
    if (kind == "S") return start(row.at(1).get<std::uint64_t>());
    if (kind == "P") {
      const std::string label = row.at(3);
      return ProposalComplete{Height(row.at(1).get<std::uint64_t>()),
                              round_of(row.at(2)),
                              round_of(row.at(4)),
                              labels_.id(label),
                              row.at(5).get<ValidatorIndex>(),
                              label.rfind(invalid_prefix_, 0) != 0};
    }
    if (kind == "V" || kind == "C")
      return VoteReceived{Vote{kind == "V" ? VoteType::prevote : VoteType::precommit,
                               Height(row.at(1).get<std::uint64_t>()), round_of(row.at(2)),
                               value_of(row.at(3)), Round::nil(), row.at(4).get<ValidatorIndex>()},
                          Signature{}};
    if (kind == "T") {
      const Step step = step_of(row.at(1));
      const Height height(row.at(2).get<std::uint64_t>());
      const Round round = round_of(row.at(3));
      const auto known = timers_.find({step, height, round});
      return TimeoutFired{step, height, round, known == timers_.end() ? 0 : known->second};
    }
    if (kind == "K") return certificate(row);
    throw RequestError("unknown input " + kind);
  }

  // ["K", "V" or "C", height, round, label, [validators]]: a polka or commit certificate.
  Input certificate(const json& row) {
    Certificate c{row.at(1) == "V" ? VoteType::prevote : VoteType::precommit,
                  Height(row.at(2).get<std::uint64_t>()),
                  round_of(row.at(3)),
                  labels_.id(row.at(4)),
                  {}};
    auto members = row.at(5).get<std::vector<ValidatorIndex>>();
    std::sort(members.begin(), members.end());
    for (const ValidatorIndex v : members) c.signatures.push_back({v, Round::nil(), Signature{}});
    return CertificateReceived{std::move(c)};
  }

  // Rounds outside the table have no proposer: an index outside the set.
  StartHeight start(std::uint64_t height) {
    constexpr std::size_t rounds_known = 4096;
    std::vector<ValidatorIndex> order;
    if (const auto it = proposers_.find(std::to_string(height)); it != proposers_.end())
      order = it->get<std::vector<ValidatorIndex>>();
    order.resize(rounds_known, static_cast<ValidatorIndex>(set_->size()));
    return {Height(height), set_, std::move(order), self_};
  }

  void perform(const GetValue& e, json&, std::deque<Input>& queue) {
    const auto key = std::to_string(e.height.get()) + ":" + std::to_string(e.round.get());
    if (const auto it = values_.find(key); it != values_.end())
      queue.push_front(ProposeValue{e.height, e.round, labels_.id(*it)});
  }
  void perform(const SignProposal& e, json& out, std::deque<Input>& queue) {
    const std::string& label = labels_.name(e.value);
    out.push_back({"P", e.height.get(), e.round.get(), label, e.pol_round.get()});
    if (immediate_)
      queue.push_back(ProposalComplete{e.height, e.round, e.pol_round, e.value, self_,
                                       label.rfind(invalid_prefix_, 0) != 0});
  }
  void perform(const SignVote& e, json& out, std::deque<Input>& queue) {
    const char* kind = e.vote.type == VoteType::prevote ? "V" : "C";
    out.push_back({kind, e.vote.height.get(), e.vote.round.get(), label_of(e.vote.value)});
    if (immediate_) queue.push_back(VoteReceived{e.vote, Signature{}});
  }
  void perform(const ScheduleTimeout& e, json& out, std::deque<Input>&) {
    timers_[{e.step, e.height, e.round}] = e.generation;
    out.push_back({"T", name_of(e.step), e.height.get(), e.round.get()});
  }
  void perform(const Decide& e, json& out, std::deque<Input>&) {
    out.push_back({"D", e.height.get(), e.round.get(), labels_.name(e.value)});
  }
  template <class Unseen>  // traces do not speak of events and evidence
  void perform(const Unseen&, json&, std::deque<Input>&) {}

  static Round round_of(const json& number) { return Round(number.get<std::int32_t>()); }
  ValueId value_of(const json& label) {
    return label.is_null() ? std::nullopt : ValueId(labels_.id(label));
  }
  json label_of(const ValueId& value) { return value ? json(labels_.name(*value)) : json(nullptr); }

  json state() {
    const RoundState& s = core_.state();
    json out = {s.height.get(), s.round.get(),
                s.step == Step::commit ? "decided" : name_of(s.step)};
    for (const auto* at : {&s.locked, &s.valid}) {
      out.push_back(*at ? json(labels_.name((*at)->second)) : json(nullptr));
      out.push_back(*at ? (*at)->first.get() : -1);
    }
    return out;
  }

  ConsensusCore core_;
  Labels labels_;
  json values_;
  json proposers_;
  std::string invalid_prefix_;
  bool immediate_ = false;
  ValidatorIndex self_ = 0;
  ValidatorSetPtr set_;
  std::map<std::tuple<Step, Height, Round>, std::uint64_t> timers_;
};

}  // namespace

void register_consensus_ops(OpTable& table) {
  const auto node = std::make_shared<std::unique_ptr<TraceNode>>();
  table["init"] = [node](const json& request) {
    *node = std::make_unique<TraceNode>(request);
    return json{{"ok", true}};
  };
  table["event"] = [node](const json& request) {
    if (!*node) throw RequestError("event before init");
    return (*node)->event(request.at("in"));
  };
}

}  // namespace witan::conformance
