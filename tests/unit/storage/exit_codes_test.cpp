#include "messages/base/exit_codes.hpp"

#include "tests/support/boost_test.hpp"

using namespace witan;

BOOST_AUTO_TEST_SUITE(exit_codes_test)

BOOST_AUTO_TEST_CASE(errors_end_the_process_with_the_documented_code) {
  BOOST_CHECK_EQUAL(static_cast<int>(exit_code_for(ErrorCode::wal_damaged)), 73);
  BOOST_CHECK_EQUAL(static_cast<int>(exit_code_for(ErrorCode::io)), 71);
  BOOST_CHECK_EQUAL(static_cast<int>(exit_code_for(ErrorCode::no_space)), 71);
  BOOST_CHECK_EQUAL(static_cast<int>(exit_code_for(ErrorCode::wrong_version)), 71);
  BOOST_CHECK_EQUAL(static_cast<int>(exit_code_for(ErrorCode::state_root_mismatch)), 74);
  BOOST_CHECK_EQUAL(static_cast<int>(exit_code_for(ErrorCode::sign_conflict)), 72);
  BOOST_CHECK_EQUAL(static_cast<int>(exit_code_for(ErrorCode::locked)), 77);
  BOOST_CHECK_EQUAL(static_cast<int>(exit_code_for(ErrorCode::internal)), 70);
  BOOST_CHECK_EQUAL(static_cast<int>(exit_code_for(ErrorCode::ok)), 0);
  BOOST_CHECK_EQUAL(name_of(ExitCode::wal_damaged), "wal_damaged");
}

BOOST_AUTO_TEST_SUITE_END()
