// Roles: what an actor accepts, said once, in actors/<x>/interface.hpp, and checked at compile
// time.
//
//   struct ConsensusRole {
//     static constexpr std::string_view name = "consensus";
//     using accepts = rt::Accepts<rt::Control<schema::TimeoutFired>,
//                                 rt::Consensus<schema::VerifiedVote, schema::Proposal>,
//                                 rt::Bulk<schema::TxBatch>>;
//   };
//
// The group a type stands in is its mailbox class:
//   control    handled before everything else, never shed (timeouts, own votes, supervision);
//   consensus  bounded; shed when its own bound is reached (votes, proposals);
//   bulk       bounded; sheds first (transactions, sync, gossip).
// Replies and timers need no entry: they belong to whoever asked for them.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace witan::rt {

enum class MailboxClass : std::uint8_t { control = 0, consensus = 1, bulk = 2 };
inline constexpr std::size_t mailbox_classes = 3;

[[nodiscard]] constexpr std::string_view name_of(MailboxClass c) {
  return c == MailboxClass::control     ? "control"
         : c == MailboxClass::consensus ? "consensus"
                                        : "bulk";
}

template <class... Ts>
struct Control {};
template <class... Ts>
struct Consensus {};
template <class... Ts>
struct Bulk {};
// A list of the groups above, each at most once, in any order.
template <class... Groups>
struct Accepts {};

namespace detail {
template <class T, class Group>
struct InGroup;
template <class T, class... Ts>
struct InGroup<T, Control<Ts...>> {
  static constexpr bool value = (std::is_same_v<T, Ts> || ...);
  static constexpr MailboxClass mailbox = MailboxClass::control;
};
template <class T, class... Ts>
struct InGroup<T, Consensus<Ts...>> {
  static constexpr bool value = (std::is_same_v<T, Ts> || ...);
  static constexpr MailboxClass mailbox = MailboxClass::consensus;
};
template <class T, class... Ts>
struct InGroup<T, Bulk<Ts...>> {
  static constexpr bool value = (std::is_same_v<T, Ts> || ...);
  static constexpr MailboxClass mailbox = MailboxClass::bulk;
};

template <class T, class List>
struct Lookup;
template <class T, class... Groups>
struct Lookup<T, Accepts<Groups...>> {
  static constexpr int count = (int{InGroup<T, Groups>::value} + ... + 0);
  static constexpr MailboxClass mailbox = [] {
    MailboxClass found = MailboxClass::bulk;
    ((InGroup<T, Groups>::value ? void(found = InGroup<T, Groups>::mailbox) : void()), ...);
    return found;
  }();
};
}  // namespace detail

template <class Role>
concept ActorRole = requires {
  { Role::name } -> std::convertible_to<std::string_view>;
  typename Role::accepts;
};

// True if the role lists T, in exactly one group.
template <ActorRole Role, class T>
inline constexpr bool accepts_v = detail::Lookup<T, typename Role::accepts>::count == 1;

// The mailbox class of T at this role. REQUIRES: accepts_v<Role, T>.
template <ActorRole Role, class T>
requires accepts_v<Role, T>
inline constexpr MailboxClass class_of = detail::Lookup<T, typename Role::accepts>::mailbox;

}  // namespace witan::rt
