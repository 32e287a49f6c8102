#include "messages/wire/evidence_codec.hpp"

#include <capnp/message.h>

#include "messages/schema/evidence.capnp.h"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/decode.hpp"
#include "messages/wire/limits.hpp"

namespace witan {
namespace {

constexpr std::size_t word_bytes = sizeof(capnp::word);

void write_header_vote(schema::HeaderVote::Builder to, const HeaderVote& from) {
  write_header(to.initHeader(), from.header);
  write_vote(to.initPrecommit(), from.precommit);
}

Result<HeaderVote> read_header_vote(schema::HeaderVote::Reader from) {
  HeaderVote out;
  WITAN_TRY(out.header, read_header(from.getHeader()));
  WITAN_TRY(out.precommit, read_vote(from.getPrecommit()));
  return out;
}

struct Write {
  schema::Evidence::Builder to;
  void operator()(const DuplicateVote& e) {
    auto group = to.initDuplicateVote();
    write_vote(group.initFirst(), e.first);
    write_vote(group.initSecond(), e.second);
  }
  void operator()(const DuplicateProposal& e) {
    auto group = to.initDuplicateProposal();
    write_proposal(group.initFirst(), e.first);
    write_proposal(group.initSecond(), e.second);
  }
  void operator()(const Amnesia& e) {
    auto group = to.initAmnesia();
    write_vote(group.initPrecommit(), e.precommit);
    write_vote(group.initPrevote(), e.prevote);
  }
  void operator()(const ForgedHeader& e) { write_header_vote(to.initForgedHeader(), e.forged); }
  void operator()(const ConflictingHeaders& e) {
    auto group = to.initConflictingHeaders();
    write_header_vote(group.initFirst(), e.first);
    write_header_vote(group.initSecond(), e.second);
  }
};

Result<Evidence> read(schema::Evidence::Reader from) {
  switch (from.which()) {
    case schema::Evidence::DUPLICATE_VOTE: {
      DuplicateVote out;
      WITAN_TRY(out.first, read_vote(from.getDuplicateVote().getFirst()));
      WITAN_TRY(out.second, read_vote(from.getDuplicateVote().getSecond()));
      return Evidence(out);
    }
    case schema::Evidence::DUPLICATE_PROPOSAL: {
      DuplicateProposal out;
      WITAN_TRY(out.first, read_proposal(from.getDuplicateProposal().getFirst()));
      WITAN_TRY(out.second, read_proposal(from.getDuplicateProposal().getSecond()));
      return Evidence(out);
    }
    case schema::Evidence::AMNESIA: {
      Amnesia out;
      WITAN_TRY(out.precommit, read_vote(from.getAmnesia().getPrecommit()));
      WITAN_TRY(out.prevote, read_vote(from.getAmnesia().getPrevote()));
      return Evidence(out);
    }
    case schema::Evidence::FORGED_HEADER: {
      ForgedHeader out;
      WITAN_TRY(out.forged, read_header_vote(from.getForgedHeader()));
      return Evidence(out);
    }
    case schema::Evidence::CONFLICTING_HEADERS: {
      ConflictingHeaders out;
      WITAN_TRY(out.first, read_header_vote(from.getConflictingHeaders().getFirst()));
      WITAN_TRY(out.second, read_header_vote(from.getConflictingHeaders().getSecond()));
      return Evidence(out);
    }
  }
  return fail(ErrorCode::unknown_type, "evidence", "not an evidence kind of this version");
}

Result<Evidence> read_words(kj::ArrayPtr<const capnp::word> words) {
  Result<Evidence> out = fail(ErrorCode::malformed, "evidence");
  const auto exception = kj::runCatchingExceptions([&] {
    const kj::ArrayPtr<const capnp::word> segments[1] = {words};
    capnp::SegmentArrayMessageReader reader(
        kj::arrayPtr(segments, 1),
        {.traversalLimitInWords = words.size() * 2 + 8, .nestingLimit = 6});
    out = read(reader.getRoot<schema::Evidence>());
  });
  if (exception != nullptr)
    return fail(ErrorCode::malformed, "evidence", "not a Cap'n Proto message of this schema");
  return out;
}

}  // namespace

Bytes encode_evidence(const Evidence& evidence) {
  capnp::MallocMessageBuilder builder;
  auto root = builder.initRoot<schema::Evidence>();
  std::visit(Write{root}, evidence);
  const kj::Array<capnp::word> words = capnp::canonicalize(root.asReader());
  const auto bytes = words.asBytes();
  return Bytes(bytes.begin(), bytes.end());
}

Result<Evidence> decode_evidence(ByteView bytes) {
  if (bytes.size() > limits::evidence_bytes_max)
    return fail(ErrorCode::too_large, "evidence", "above its byte limit");
  if (bytes.empty() || bytes.size() % word_bytes != 0)
    return fail(ErrorCode::malformed, "evidence", "size is not a positive multiple of 8");
  std::vector<capnp::word> aligned(bytes.size() / word_bytes);
  std::memcpy(static_cast<void*>(aligned.data()), bytes.data(), bytes.size());
  auto out = read_words({aligned.data(), aligned.size()});
  if (!out) return out;
  const Bytes again = encode_evidence(*out);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()))
    return fail(ErrorCode::not_canonical, "evidence", "bytes differ from the one encoding");
  return out;
}

}  // namespace witan
