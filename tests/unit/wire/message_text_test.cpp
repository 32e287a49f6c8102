// Fields of messages as text, of any words.
#include "messages/wire/message_text.hpp"

#include "messages/base/codec_bytes.hpp"
#include "messages/schema/consensus.capnp.h"
#include "messages/wire/type_table.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/support/property.hpp"

namespace witan {
namespace {

std::string text_of(const Envelope& envelope, const MessageTextLimits& limits = {}) {
  return message_text(envelope.type, *envelope.words, limits);
}

bool has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(message_text_test)

BOOST_AUTO_TEST_CASE(fields_are_named_and_nested_ones_indented) {
  Draft<schema::VerifiedVote> draft;
  draft->setPeer(7);
  auto vote = draft->initVote();
  vote.setHeight(12);
  vote.setSignature(as_data(Bytes(64, 0xab)));
  const std::string text = text_of(std::move(draft).seal());
  BOOST_CHECK_MESSAGE(has(text, "vote:") && has(text, "  height: 12") && has(text, "peer: 7"),
                      text);
  BOOST_CHECK_MESSAGE(text.find("abab... (64 bytes)") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(text_of_others_cannot_command_a_terminal_and_is_cut) {
  Draft<schema::Failure> draft;
  draft->setCode("a\x1b[2Jb");
  draft->setText(std::string(300, 'x'));
  const std::string text = text_of(std::move(draft).seal());
  BOOST_CHECK_MESSAGE(has(text, "code: \"a?[2Jb\""), text);
  BOOST_CHECK_MESSAGE(has(text, "text: \"" + std::string(200, 'x') + "...\""), text);
}

BOOST_AUTO_TEST_CASE(lines_are_bounded_and_an_unknown_type_has_none) {
  Draft<schema::Failure> draft;
  draft->setCode("a");
  draft->setText("b");
  const Envelope envelope = std::move(draft).seal();
  BOOST_CHECK_EQUAL(text_of(envelope, {.lines = 1}), "code: \"a\"\n[more lines]\n");
  BOOST_CHECK_EQUAL(message_text(1, *envelope.words), "");
}

WITAN_PROPERTY(any_words_of_any_type_have_a_text, [](const std::vector<std::uint64_t>& noise) {
  ByteWriter flat;
  flat.u32(0).u32(static_cast<std::uint32_t>(noise.size()));
  for (const std::uint64_t word : noise) flat.u64(word & 0x000f000f0000003f);
  const auto words = Words::from_flat(flat.view());
  RC_ASSERT(words.has_value());
  for (const MessageType& type : message_types())
    RC_ASSERT(message_text(type.id, **words).size() < 200'000);
})

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan
