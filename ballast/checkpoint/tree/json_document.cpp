#include "ballast/checkpoint/tree/json_document.h"

#include <cstring>

#include "ballast/checkpoint/pickle/pickle_machine.h"
#include "ballast/core/utf8.h"

namespace ballast::checkpoint {

namespace json = simdjson::ondemand;

JsonDocument::JsonDocument(std::string text, Place place)
    : length_(text.size()), text_(std::move(text)), place_(std::move(place)) {
  text_.append(simdjson::SIMDJSON_PADDING, ' ');
}

json::object JsonDocument::root() {
  if (length_ == 0 || text_.front() != '{') fail_at(place_.offset, "a JSON object should begin here, with {");
  const auto error = parser_.iterate(text_.data(), length_, text_.size()).get(document_);
  if (error == simdjson::UTF8_ERROR) fail_at(first_bad_byte(), "what should be JSON is not UTF-8");
  if (error != simdjson::SUCCESS)
    fail_at(place_.offset, fmt::format("no JSON: {}", simdjson::error_message(error)));
  json::object out;
  expect(document_.get_object().get(out), "an object");
  return out;
}

void JsonDocument::finish() {
  const char* at = nullptr;
  if (document_.current_location().get(at) == simdjson::SUCCESS)
    fail_at(offset_of(at), "more follows after the JSON object");
}

void JsonDocument::expect(simdjson::error_code error, std::string_view what) {
  if (error == simdjson::SUCCESS) return;
  if (error == simdjson::INCORRECT_TYPE || error == simdjson::NUMBER_ERROR)
    fail(fmt::format("{} is expected", what));
  fail(fmt::format("no JSON where {} is expected: {}", what, simdjson::error_message(error)));
}

std::string_view JsonDocument::key_of(json::field& field) {
  std::string_view key;
  expect(field.unescaped_key().get(key), "a string of valid characters");
  return checked(key);
}

std::string_view JsonDocument::text_of(json::value value, std::string_view what) {
  std::string_view text;
  expect(value.get_string().get(text), what);
  return checked(text);
}

std::string_view JsonDocument::checked(std::string_view text) {
  // Half a surrogate pair, written as an escape, stands for no character.
  if (!is_utf8(text)) fail("an escape that stands for no character");
  return text;
}

bool JsonDocument::is_key(const json::field& field, std::string_view key) {
  const char* raw = field.key().raw();  // behind its first quote; the padding bounds what is looked at
  return std::memcmp(raw, key.data(), key.size()) == 0 && raw[key.size()] == '"';
}

std::uint64_t JsonDocument::offset_of(const json::field& field) const {
  return offset_of(field.key().raw()) - 1;
}

std::uint64_t JsonDocument::offset_of(const char* p) const {
  return place_.offset + static_cast<std::uint64_t>(p - text_.data());
}

void JsonDocument::fail(const std::string& reason) {
  const char* at = nullptr;
  if (document_.current_location().get(at) != simdjson::SUCCESS) at = text_.data() + length_;
  fail_at(offset_of(at), reason);
}

void JsonDocument::fail_at(std::uint64_t offset, const std::string& reason) const {
  throw FormatError(reason, place_.file, place_.record, offset);
}

std::uint64_t JsonDocument::first_bad_byte() const {
  std::size_t good = 0;
  std::size_t bad = length_;  // the text up to `good` is UTF-8, up to `bad` it is not
  while (bad - good > 1) {
    const std::size_t middle = good + (bad - good) / 2;
    std::size_t end = middle;  // not inside a character
    while (end > good && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) --end;
    if (end == good) end = middle;
    (is_utf8(std::string_view(text_).substr(good, end - good)) ? good : bad) = end;
  }
  return place_.offset + good;
}

}  // namespace ballast::checkpoint
