#include "tools/witan/wal_text.hpp"

#include <nlohmann/json.hpp>

#include "actors/consensus/log_records.hpp"
#include "crypto/sign_record.hpp"
#include "messages/base/hex.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {
namespace {

using consensus::RecordKind;
using Fields = std::vector<std::pair<std::string, std::string>>;
using Json = nlohmann::ordered_json;

std::string value_text(const ValueId& value) { return value ? to_hex(*value) : "nil"; }
std::string round_text(Round round) { return std::to_string(round.get()); }

Fields fields_of(const SignedVote& signed_vote) {
  const Vote& vote = signed_vote.vote;
  return {{"type", std::string(name_of(vote.type))},
          {"round", round_text(vote.round)},
          {"validator", std::to_string(vote.validator)},
          {"value", value_text(vote.value)}};
}

Fields fields_of(const SignedProposal& signed_proposal) {
  const Proposal& proposal = signed_proposal.proposal;
  return {{"round", round_text(proposal.round)},
          {"polRound", round_text(proposal.pol_round)},
          {"proposer", std::to_string(proposal.proposer)},
          {"value", to_hex(proposal.block_id)},
          {"parts", std::to_string(proposal.parts.count)},
          {"bytes", std::to_string(proposal.parts.total_bytes)}};
}

Fields fields_of(const Certificate& certificate) {
  return {{"type", std::string(name_of(certificate.type))},
          {"round", round_text(certificate.round)},
          {"value", to_hex(certificate.block_id)},
          {"signatures", std::to_string(certificate.signatures.size())}};
}

Fields fields_of(const consensus::BlockRecord& block) {
  return {{"partsRoot", to_hex(block.parts_root)},
          {"valid", block.valid ? "true" : "false"},
          {"bytes", std::to_string(block.bytes.size())}};
}

Fields fields_of(const consensus::TimeoutRecord& timeout) {
  return {{"step", std::string(name_of(timeout.step))}, {"round", round_text(timeout.round)}};
}

Fields fields_of(const consensus::HeightEndRecord& end) {
  return {{"block", to_hex(end.block_id)}, {"stateRoot", to_hex(end.state_root)}};
}

Fields fields_of(const SignRecord& record) {
  return {{"signed", std::string(name_of(record.kind))},
          {"round", round_text(record.round)},
          {"value", value_text(record.value)},
          {"seq", std::to_string(record.seq)},
          {"lockedRound", round_text(record.locked.round)}};
}

template <class T>
Fields fields_or_error(const Result<T>& decoded) {
  if (!decoded) return {{"error", decoded.error().to_string()}};
  return fields_of(*decoded);
}

Fields decode(RecordKind kind, ByteView payload) {
  switch (kind) {
    case RecordKind::vote:
      return fields_or_error(consensus::decode_vote_record(payload));
    case RecordKind::proposal:
      return fields_or_error(consensus::decode_proposal_record(payload));
    case RecordKind::block:
      return fields_or_error(consensus::decode_block_record(payload));
    case RecordKind::certificate:
    case RecordKind::decided:
      return fields_or_error(consensus::decode_certificate_record(payload));
    case RecordKind::timeout:
      return fields_or_error(consensus::decode_timeout_record(payload));
    case RecordKind::sign:
      return fields_or_error(decode_sign_record(payload));
    case RecordKind::height_end:
      return fields_or_error(consensus::decode_height_end_record(payload));
  }
  return {};
}

bool is_known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(RecordKind::vote) &&
         kind <= static_cast<std::uint8_t>(RecordKind::height_end);
}

std::string height_text(const std::optional<Height>& height) {
  return height ? std::to_string(height->get()) : "-";
}

std::string kind_text(std::uint8_t kind) {
  return is_known(kind) ? std::string(name_of(static_cast<RecordKind>(kind)))
                        : "kind " + std::to_string(kind);
}

std::string damage_text(const WalDamage& damage) {
  return "segment " + std::to_string(damage.segment) + " offset " + std::to_string(damage.offset) +
         ": " + damage.text;
}

Json damage_json(const std::optional<WalDamage>& damage) {
  if (!damage) return nullptr;
  return Json{{"segment", damage->segment}, {"offset", damage->offset}, {"text", damage->text}};
}

Json height_json(const std::optional<Height>& height) {
  return height ? Json(height->get()) : Json(nullptr);
}

}  // namespace

WalRecordText describe(const WalRecord& record) {
  WalRecordText out{kind_text(record.kind), {}};
  if (is_known(record.kind))
    out.fields = decode(static_cast<RecordKind>(record.kind), record.payload);
  return out;
}

std::string record_line(const WalRecord& record) {
  const WalRecordText text = describe(record);
  std::string out = std::to_string(record.segment) + ":" + std::to_string(record.offset) +
                    "  height " + std::to_string(record.height.get()) + "  group " +
                    std::to_string(record.group) + "  " + text.kind;
  for (const auto& [name, value] : text.fields) out += "  " + name + "=" + value;
  return out;
}

std::string record_json(const WalRecord& record) {
  const WalRecordText text = describe(record);
  Json out{{"segment", record.segment},
           {"offset", record.offset},
           {"height", record.height.get()},
           {"group", record.group},
           {"payloadBytes", record.payload.size()},
           {"kind", text.kind}};
  Json fields = Json::object();
  for (const auto& [name, value] : text.fields) fields[name] = value;
  out["fields"] = fields;
  return out.dump();
}

std::string report_text(const WalReport& report) {
  std::vector<TableRow> rows{{"SEGMENT", "RECORDS", "USED", "BYTES", "FROM HEIGHT", "TO HEIGHT"}};
  for (const WalSegmentInfo& segment : report.segments)
    rows.push_back({std::to_string(segment.segment), std::to_string(segment.records),
                    std::to_string(segment.used_bytes), std::to_string(segment.file_bytes),
                    std::to_string(segment.first_height.get()),
                    std::to_string(segment.height_max.get())});
  std::string out = render_table(rows);
  out += "records " + std::to_string(report.records) + "  heights " +
         height_text(report.height_min) + ".." + height_text(report.height_max) + "  last group " +
         std::to_string(report.last_group) + (report.last_group_complete ? "" : " (incomplete)") +
         "\n";
  for (const auto& [kind, count] : report.records_by_kind)
    out += "  " + kind_text(kind) + " " + std::to_string(count) + "\n";
  if (report.torn_tail)
    out += "torn tail, cut off at the next start: " + damage_text(*report.torn_tail) + "\n";
  out += report.damage ? "DAMAGED: " + damage_text(*report.damage) + "\n" : "no damage\n";
  return out;
}

std::string report_json(const WalReport& report) {
  Json segments = Json::array();
  for (const WalSegmentInfo& segment : report.segments)
    segments.push_back(Json{{"segment", segment.segment},
                            {"records", segment.records},
                            {"usedBytes", segment.used_bytes},
                            {"fileBytes", segment.file_bytes},
                            {"firstHeight", segment.first_height.get()},
                            {"heightMax", segment.height_max.get()}});
  Json kinds = Json::object();
  for (const auto& [kind, count] : report.records_by_kind) kinds[kind_text(kind)] = count;
  const Json out{{"segments", segments},
                 {"records", report.records},
                 {"heightMin", height_json(report.height_min)},
                 {"heightMax", height_json(report.height_max)},
                 {"recordsByKind", kinds},
                 {"lastGroup", report.last_group},
                 {"lastGroupComplete", report.last_group_complete},
                 {"tornTail", damage_json(report.torn_tail)},
                 {"damage", damage_json(report.damage)}};
  return out.dump(2);
}

}  // namespace witan::cli
