// A move-only function object with room for small captures: one pending request costs no allocation
// as long as its callback captures at most 64 bytes.
#pragma once
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace witan::rt {

template <class Signature>
class Callback;

template <class... Args>
class Callback<void(Args...)> {
  static constexpr std::size_t room = 64;

 public:
  Callback() = default;
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, Callback> && std::is_invocable_v<F&, Args...>)
      Callback(F&& f) {  // NOLINT(google-explicit-constructor): stands in for a function
    using Held = std::decay_t<F>;
    if constexpr (sizeof(Held) <= room && alignof(Held) <= alignof(std::max_align_t) &&
                  std::is_nothrow_move_constructible_v<Held>) {
      new (&store_) Held(std::forward<F>(f));
      ops_ = &inline_ops<Held>;
    } else {
      new (&store_) Held*(new Held(std::forward<F>(f)));
      ops_ = &heap_ops<Held>;
    }
  }
  Callback(Callback&& other) noexcept { take(other); }
  Callback& operator=(Callback&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  ~Callback() { reset(); }

  explicit operator bool() const { return ops_ != nullptr; }
  // REQUIRES: holds a function.
  void operator()(Args... args) { ops_->call(&store_, std::forward<Args>(args)...); }
  void reset() {
    if (ops_ != nullptr) ops_->destroy(&store_);
    ops_ = nullptr;
  }

 private:
  struct Ops {
    void (*call)(void*, Args&&...);
    void (*move)(void* from, void* to);
    void (*destroy)(void*);
  };
  template <class Held>
  static constexpr Ops inline_ops{
      [](void* p, Args&&... args) { (*static_cast<Held*>(p))(std::forward<Args>(args)...); },
      [](void* from, void* to) {
        new (to) Held(std::move(*static_cast<Held*>(from)));
        static_cast<Held*>(from)->~Held();
      },
      [](void* p) { static_cast<Held*>(p)->~Held(); }};
  template <class Held>
  static constexpr Ops heap_ops{
      [](void* p, Args&&... args) { (**static_cast<Held**>(p))(std::forward<Args>(args)...); },
      [](void* from, void* to) { new (to) Held*(*static_cast<Held**>(from)); },
      [](void* p) { delete *static_cast<Held**>(p); }};

  void take(Callback& other) {
    ops_ = other.ops_;
    if (ops_ != nullptr) ops_->move(&other.store_, &store_);
    other.ops_ = nullptr;
  }

  const Ops* ops_ = nullptr;
  alignas(std::max_align_t) std::byte store_[room];
};

}  // namespace witan::rt
