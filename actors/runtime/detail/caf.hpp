// All of CAF that the runtime uses: precompiled, for the .cpp files of actors/runtime only.
#pragma once
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
