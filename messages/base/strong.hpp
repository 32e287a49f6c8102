// Strong typedefs: values of different meaning do not mix, at no run-time cost.
// `Height + 1` compiles, `Height + Round` does not.
#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <type_traits>

namespace witan {

template <class Tag, class Rep>
class Strong {
 public:
  using rep = Rep;
  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep get() const { return value_; }
  constexpr auto operator<=>(const Strong&) const = default;

  constexpr Strong& operator++() {
    ++value_;
    return *this;
  }
  friend constexpr Strong operator+(Strong a, std::type_identity_t<Rep> n) {
    return Strong(static_cast<Rep>(a.value_ + n));
  }
  friend constexpr Strong operator-(Strong a, std::type_identity_t<Rep> n) {
    return Strong(static_cast<Rep>(a.value_ - n));
  }

 private:
  Rep value_{};
};

}  // namespace witan

template <class Tag, class Rep>
struct std::hash<witan::Strong<Tag, Rep>> {
  std::size_t operator()(const witan::Strong<Tag, Rep>& s) const noexcept {
    return std::hash<Rep>{}(s.get());
  }
};
