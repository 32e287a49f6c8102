// An actor that stands in a role and hands every message it accepts to a function: the other side
// in tests of one actor, and the seam where simulated networks take messages out of a runtime.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "actors/runtime/actor.hpp"
#include "actors/runtime/supervisor.hpp"

namespace witan::test {

using TapHook = std::function<void(rt::ActorContext&, const Envelope&)>;

template <rt::ActorRole Role>
class TapActor final : public rt::ActorFor<Role> {
 public:
  TapActor(rt::ActorContext& context, TapHook hook)
      : rt::ActorFor<Role>(context), hook_(std::move(hook)) {
    add(static_cast<typename Role::accepts*>(nullptr));
  }

 private:
  template <class... Groups>
  void add(rt::Accepts<Groups...>*) {
    (add_group(static_cast<Groups*>(nullptr)), ...);
  }
  template <template <class...> class Group, class... Ts>
  void add_group(Group<Ts...>*) {
    (this->template handle<Ts>(&TapActor::template on<Ts>), ...);
  }
  template <class T>
  void on(typename T::Reader, const Envelope& envelope) {
    hook_(this->context(), envelope);
  }
  TapHook hook_;
};

template <rt::ActorRole Role>
rt::ChildSpec tap(std::string name, TapHook hook) {
  rt::ChildSpec spec;
  spec.name = std::move(name);
  spec.factory = [hook = std::move(hook)](rt::ActorContext& context) {
    return std::make_unique<TapActor<Role>>(context, hook);
  };
  return spec;
}

}  // namespace witan::test
