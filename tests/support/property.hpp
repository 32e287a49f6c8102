// Properties: rapidcheck inside a Boost.Test case. A failure prints the reproducing RC_PARAMS.
#pragma once
#include <rapidcheck.h>

#include "tests/support/boost_test.hpp"

// WITAN_PROPERTY(sum_is_commutative, [](int a, int b) { RC_ASSERT(a + b == b + a); });
#define WITAN_PROPERTY(name, ...) \
  BOOST_AUTO_TEST_CASE(name) { BOOST_CHECK(rc::check(#name, __VA_ARGS__)); }
