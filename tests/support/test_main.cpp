#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>

// One main for every test program; Boost.Test arguments apply (--run_test=suite/case,
// --list_content).
int main(int argc, char** argv) {
  return boost::unit_test::unit_test_main([] { return true; }, argc, argv);
}
