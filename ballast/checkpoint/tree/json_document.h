// A JSON text, read forward once, with errors that say where. For the room's own sources only: simdjson shows in it.
//
//   JsonDocument json(std::move(text), {"model.safetensors", "", 8});
//   for (auto next : json.root()) {
//     simdjson::ondemand::field field;
//     json.expect(std::move(next).get(field), "an entry");
//     const std::string_view key = json.key_of(field);
//     ...                                             // and what field.value() is
//   }
//   json.finish();
//
// The parser looks at the whole text for UTF-8, quotes and control characters, and at each word when it is asked for. So nothing may
// be passed over: what is not asked for is not checked. Keys that stand twice are the caller's to refuse.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Without its members that throw errors of its own: each error must be asked for, and becomes one of ours.
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include "ballast/checkpoint/bytes/byte_reader.h"

namespace ballast::checkpoint {

class JsonDocument {
 public:
  JsonDocument(std::string text, Place place);

  /// The object that the text is, which begins with its first byte. FormatError for other texts.
  [[nodiscard]] simdjson::ondemand::object root();
  /// FormatError if more follows than has been read.
  void finish();

  /// Goes on if the parser did; `what` is what should stand there: "a list of integers".
  void expect(simdjson::error_code error, std::string_view what);
  [[nodiscard]] std::string_view key_of(simdjson::ondemand::field& field);
  /// Whether it is `key`, written without escapes; before `key_of`, and cheaper.
  [[nodiscard]] static bool is_key(const simdjson::ondemand::field& field, std::string_view key);
  /// Where a field's key begins; before `key_of`.
  [[nodiscard]] std::uint64_t offset_of(const simdjson::ondemand::field& field) const;
  [[nodiscard]] std::string_view text_of(simdjson::ondemand::value value, std::string_view what);

  /// At the word that the parser has come to.
  [[noreturn]] void fail(const std::string& reason);
  [[noreturn]] void fail_at(std::uint64_t offset, const std::string& reason) const;

 private:
  [[nodiscard]] std::uint64_t offset_of(const char* p) const;
  [[nodiscard]] std::uint64_t first_bad_byte() const;
  std::string_view checked(std::string_view text);

  std::size_t length_;
  std::string text_;  // with the padding that the parser wants
  Place place_;
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
};

}  // namespace ballast::checkpoint
