// Open requests of the API: who is told what when a transaction is admitted, refused, committed or
// dropped. A batch costs one record and, when it waits, 56 bytes per transaction. Up to
// waiters_per_tx_max requests may wait for one transaction: whoever repeats a request because its
// answer was lost gets the answer of the first.
//
// Life of one: open(); accept() or reject() for each transaction; close_admission(). What was
// accepted before its signature was known may still be refused(): that counts it as rejected. It is
// finished when admission is closed and, if it waits, every accepted one is committed or dropped,
// or the deadline has passed. Deadlines must not decrease from one open() to the next. Pure; one
// thread.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/mempool/core/id_table.hpp"
#include "messages/base/result.hpp"
#include "messages/base/time.hpp"

namespace witan::mempool {

inline constexpr std::size_t failures_kept_max = 64;
inline constexpr std::uint32_t no_submission = UINT32_MAX;
// Requests that wait for one transaction; a further one is told busy.
inline constexpr std::size_t waiters_per_tx_max = 8;

struct Submission {
  struct Failure {
    std::uint32_t position = 0;
    ErrorCode code = ErrorCode::ok;
    std::string text;
  };
  bool single = false;  // SubmitTx, else a batch
  bool wait = false;
  bool admitting = true;
  bool overdue = false;
  std::uint32_t accepted = 0;
  std::uint32_t rejected = 0;
  std::uint32_t committed = 0;
  std::uint32_t awaited = 0;  // accepted, neither committed nor dropped yet
  std::uint64_t height = 0;   // highest block with one of them
  std::vector<Failure> failures;
  // Of the last transaction; what a single one answers.
  TxId id;
  std::uint32_t index = 0;
  std::uint64_t fee = 0;
};

class Submissions {
 public:
  // `ids_max`: more awaited ids than transactions can be pending.
  Submissions(std::size_t open_max, std::size_t ids_max, std::uint64_t salt)
      : open_max_(open_max), ids_(ids_max, salt) {}

  // Its number, below open_max; none when too many are open.
  [[nodiscard]] std::optional<std::uint32_t> open(bool single, bool wait, Instant deadline);
  // Pending, by this request or before it. Errors, if it waits: duplicate (its own second copy),
  // busy (waiters_per_tx_max); nothing is counted then.
  [[nodiscard]] Status accept(std::uint32_t number, const TxId& id, std::uint32_t position);
  void reject(std::uint32_t number, const TxId& id, std::uint32_t position, const Error& error);
  void close_admission(std::uint32_t number);

  struct Inclusion {
    std::uint64_t height = 0;
    std::uint32_t index = 0;
    ErrorCode code = ErrorCode::ok;  // of the receipt
    std::uint64_t fee = 0;
  };
  void committed(const TxId& id, const Inclusion& where);
  void dropped(const TxId& id, ErrorCode reason);
  // Not admitted after all.
  void refused(const TxId& id, const Error& error);
  // Finishes what waits longer than its deadline.
  void expire(Instant now);

  // Numbers that are finished since the last call; answer them and release() each.
  [[nodiscard]] std::vector<std::uint32_t> take_finished() { return std::exchange(finished_, {}); }
  [[nodiscard]] const Submission& at(std::uint32_t number) const { return slots_[number].what; }
  void release(std::uint32_t number);

  [[nodiscard]] std::size_t count() const { return slots_.size() - free_.size(); }
  [[nodiscard]] std::size_t awaited() const { return ids_.size(); }

 private:
  struct Slot {
    Submission what;
    std::uint32_t generation = 0;  // counts releases: awaited ids of an answered one are void
    bool finished = false;
  };
  struct Awaited {
    std::uint32_t number = 0;
    std::uint32_t generation = 0;
    std::uint32_t position = 0;
    std::uint32_t next = no_submission;  // in joined_: who waits for the same one
  };
  struct Deadline {
    Instant at;
    std::uint32_t number = 0;
    std::uint32_t generation = 0;
  };
  [[nodiscard]] bool is_void(const Awaited& waiter) const {
    return slots_[waiter.number].generation != waiter.generation;
  }
  [[nodiscard]] Status watch(const TxId& id, Awaited waiter);
  void join(Awaited& first, Awaited waiter);
  // Calls tell(submission, position) for everyone who waits for it, and forgets it.
  template <class Tell>
  void settle(const TxId& id, const Tell& tell);
  void finish_if_done(std::uint32_t number);
  static void note(Submission& what, std::uint32_t position, const Error& error);
  static void note(Submission& what, std::uint32_t position, ErrorCode code, std::string text);

  std::size_t open_max_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  IdTable ids_;
  std::vector<Awaited> awaited_;  // by number in ids_
  std::vector<Awaited>
      joined_;  // those after the first; at most waiters_per_tx_max - 1 for each id
  std::vector<std::uint32_t> joined_free_;
  std::deque<Deadline> deadlines_;
  std::vector<std::uint32_t> finished_;
};

}  // namespace witan::mempool
