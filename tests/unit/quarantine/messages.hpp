// Messages and records for the tests of the quarantine.
#pragma once
#include <string>
#include <vector>

#include "actors/runtime/quarantine/quarantine.hpp"
#include "messages/schema/consensus.capnp.h"
#include "storage/memory_file_system.hpp"
#include "tests/unit/runtime/fixture.hpp"

namespace witan::test {

inline const FilePath folder = "/witan/quarantine";
inline const std::string place = "/node/a";

inline Envelope sealed(const std::string& text) { return note(text).seal(); }

// A vote as the verifier passes it on: `peer` is the number of a session.
inline Envelope vote(std::uint64_t height, std::uint32_t peer) {
  Draft<schema::VerifiedVote> draft;
  draft->setPeer(peer);
  draft->initVote().setHeight(height);
  return std::move(draft).seal();
}

struct Notices {
  std::vector<quarantine::Notice> all;
  [[nodiscard]] std::vector<std::string> lines() const {
    constexpr std::array<std::string_view, 5> names{"suspected", "quarantined", "released",
                                                    "damaged", "failed"};
    std::vector<std::string> out;
    for (const auto& n : all) {
      out.emplace_back(names.at(n.kind));
      if (n.kind == quarantine::Notice::released) out.back() += ": " + n.text;
    }
    return out;
  }
};

inline quarantine::QuarantineOptions kept_in(FileSystem& files, Notices* notices = nullptr) {
  quarantine::QuarantineOptions out{.files = files, .folder = folder};
  if (notices != nullptr)
    out.notice = [notices](const quarantine::Notice& n) { notices->all.push_back(n); };
  return out;
}

inline void throw_at(quarantine::Quarantine& list, const Envelope& envelope,
                     const std::string& reason = "bad", std::int64_t at = 1,
                     const std::string& path = place) {
  list.threw(
      {envelope, HopKind::message, MailboxClass::consensus, "/node/b", path, reason, UnixTime{at}});
}

inline PoisonGuard::Judgement judge(quarantine::Quarantine& list, const Envelope& envelope,
                                    const std::string& path = place) {
  if (!list.may_know(envelope.type)) return {};
  return list.judge(envelope, path);
}

inline std::vector<std::string> names_in(FileSystem& files) {
  const auto names = files.list(folder);
  WITAN_REQUIRE_OK(names);
  return *names;
}

inline void check_lines(const std::vector<std::string>& have,
                        const std::vector<std::string>& want) {
  BOOST_CHECK_EQUAL_COLLECTIONS(have.begin(), have.end(), want.begin(), want.end());
}

}  // namespace witan::test
