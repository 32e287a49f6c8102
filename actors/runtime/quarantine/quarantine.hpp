// Quarantine: messages whose handling threw are kept on disk, refused after the second time, and
// never delivered again unless an operator says so, also not after a restart of the process.
//
// The first throw of a message makes it a suspect: it is let through, and acquitted when it is
// handled the next time (its receiver or its disk was at fault). A second throw in a row puts it
// into quarantine. "The same message" is record.hpp's identity: kind of receiver, type, content.
// A message that says nothing (all fields at their defaults: many questions of the API) is never
// kept: what throws there is its receiver.
//
// Bounds: suspects and quarantined messages have each their own, in number and in bytes; the one
// that threw longest ago leaves first. So whoever makes many messages throw once drives no message
// out of quarantine, and whoever fills the quarantine has restarted its receiver twice for each.
// Disk: one small file each, written atomically in the thread of the actor that failed and is about
// to be restarted. A failed write is told and counted; the refusal still holds in memory. Damaged
// files are told and left out.
//
// Threads: all members from any thread. A message that nobody kept costs one relaxed load.
// Safety of consensus: see rt::PoisonGuard.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/runtime/actor_ref.hpp"
#include "actors/runtime/quarantine/record.hpp"

namespace witan::quarantine {

struct Bound {
  std::size_t count = 0;
  std::uint64_t bytes = 0;  // of files
};

// What happened, for logs and metrics.
struct Notice {
  enum Kind : std::uint8_t {
    suspected,    // threw once
    quarantined,  // threw too often: refused from now on
    released,     // no longer kept; text: why
    damaged,      // a file is left out; text: file and reason
    failed,       // a file could not be written or removed; text: path and reason
  } kind = suspected;
  std::string id;
  std::string receiver;
  std::uint64_t type = 0;
  std::string text;
  std::size_t suspects = 0;  // kept now
  std::size_t kept = 0;      // in quarantine now
};

struct QuarantineOptions {
  FileSystem& files;
  FilePath folder;  // made when it is first needed
  std::uint32_t throws_max = 2;
  Bound suspects{64, 8U << 20U};
  Bound quarantined{192, 24U << 20U};
  // In the thread where it happened; must be quick and must not throw.
  std::function<void(const Notice&)> notice{};
};

class Quarantine final : public rt::PoisonGuard {
 public:
  // Reads the folder; never fails: what cannot be read is told and left out.
  explicit Quarantine(QuarantineOptions options);

  // ---- the door (rt::PoisonGuard)
  [[nodiscard]] Judgement judge(const Envelope& envelope, std::string_view path) noexcept override;
  void handled(std::uint64_t watch) noexcept override;
  void threw(const Thrown& thrown) noexcept override;

  // ---- an operator. `id`: four hex digits or more of one.
  // Forgets a message, on disk as well. Errors: usage, not_found, io.
  [[nodiscard]] Result<Hash32> drop(std::string_view id);
  struct Replayed {
    Hash32 id;
    std::string reason;  // why it threw; empty: it was handled, and is no longer kept
  };
  using Send = std::function<rt::Delivery(std::string_view path, Envelope envelope,
                                          rt::MailboxClass mailbox)>;
  // Delivers a message once more, past the quarantine, and waits for what comes of it. Nobody waits
  // for an answer of its receiver. Errors: usage, not_found, io, corrupt; not_allowed (a message of
  // a connection, or without words); unavailable, busy (not delivered); timeout (not handled by
  // then: it stays). REQUIRES: not called on an actor's thread.
  [[nodiscard]] Result<Replayed> replay(std::string_view id, const Send& send, Duration deadline);

  struct Sizes {
    std::size_t suspects = 0;
    std::size_t quarantined = 0;
  };
  [[nodiscard]] Sizes sizes() const;

 private:
  struct Entry {
    Record record;     // without words
    std::string kind;  // of the receiver
    std::uint64_t number = 0;
    std::uint64_t file_bytes = 0;
    std::uint64_t refusals = 0;
    bool replaying = false;    // let through once, by an operator
    bool let_through = false;  // and was not yet
  };
  using Entries = std::map<Hash32, Entry>;

  // REQUIRES: mutex_ is held.
  [[nodiscard]] bool knows(std::uint64_t type, std::string_view kind) const;
  [[nodiscard]] Result<Entries::iterator> find(std::string_view id);
  Entry& keep(const Hash32& id, const Thrown& thrown);
  std::vector<Hash32> over_bound(State state, const Hash32& newest) const;
  void erase(Entries::iterator at);
  void changed();
  [[nodiscard]] Sizes count() const;

  // REQUIRES: disk_mutex_ is held, mutex_ is not.
  void load();
  void enforce_bounds(const Hash32& newest);
  void write(const Record& record);
  Status remove_file(const Hash32& id);
  void forget(const Hash32& id, std::string_view why);
  void release(const Record& record, std::string_view why);
  void came(Replayed outcome);
  void tell(Notice::Kind kind, const Record& record, std::string text);

  const QuarantineOptions options_;
  std::mutex replay_mutex_;  // taken before disk_mutex_: one replay at a time
  std::mutex disk_mutex_;    // taken before mutex_: changes and their files are in one order
  mutable std::mutex mutex_;
  Entries entries_;            // guarded by mutex_
  std::uint64_t numbers_ = 0;  // guarded by mutex_
  std::condition_variable came_;
  std::optional<Replayed> outcome_;  // guarded by mutex_; of the replay that is waited for
};

}  // namespace witan::quarantine
