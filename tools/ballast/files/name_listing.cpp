#include "tools/ballast/files/name_listing.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "ballast/checkpoint/load.h"

namespace ballast::tool {
namespace {

constexpr std::size_t kLongestListing = std::size_t{1} << 30;
constexpr std::size_t kLongestBeginning = 64;
constexpr std::size_t kMostDimensions = 64;

struct Close {
  void operator()(std::FILE* f) const noexcept { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, Close>;

/// The first bytes of a file; empty where it cannot be read, which whoever reads on will say.
std::string beginning_of(const std::filesystem::path& path) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(path, unknown)) return {};
  const File file(std::fopen(path.c_str(), "rb"));
  std::string out(kLongestBeginning, '\0');
  out.resize(file ? std::fread(out.data(), 1, out.size(), file.get()) : 0);
  return out;
}

std::string text_of(const std::filesystem::path& path) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) throw IoError("open it", path.string(), errno);
  std::string out;
  constexpr std::size_t kPiece = std::size_t{1} << 16;
  for (std::size_t n = kPiece; n == kPiece;) {
    const std::size_t size = out.size();
    check<LimitError>(size <= kLongestListing, "{}: a listing of more than {} bytes", path.string(),
                      kLongestListing);
    out.resize(size + kPiece);
    n = std::fread(out.data() + size, 1, kPiece, file.get());
    out.resize(size + n);
  }
  if (std::ferror(file.get()) != 0) throw IoError("read it", path.string(), errno);
  return out;
}

/// Takes the tensors out of the events of a JSON document, and lets the rest go by. Nothing is kept of it, and nothing recurses.
class ListingReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit ListingReader(std::string file) : file_(std::move(file)) {}

  NamedShapes finish() {
    if (!has_tensors_) fail("a listing has an array \"tensors\", as ballast show --json prints it");
    return std::move(names_);
  }

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_float(double /*value*/, const std::string& digits) override {
    return number(std::nullopt, digits);
  }
  bool number_integer(std::int64_t value) override { return number(value, std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) override {
    const bool fits = value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return number(fits ? std::optional(static_cast<std::int64_t>(value)) : std::nullopt,
                  std::to_string(value));
  }
  bool string(std::string& text) override {
    if (!in_field()) return true;
    if (key_ == "name") {
      entry_.name = std::move(text);
      has_name_ = true;
    } else if (key_ == "dtype") {
      entry_.dtype = std::move(text);
    }
    return true;
  }
  bool binary(nlohmann::json::binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*size*/) override {
    if (in_tensors() && depth_ == 2) {
      entry_ = {};
      place_.clear();
      has_name_ = has_shape_ = has_storage_ = false;
    }
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    if (in_tensors() && depth_ == 2) add();
    return true;
  }
  bool start_array(std::size_t /*size*/) override {
    if (depth_ == 1 && key_ == "tensors") {
      has_tensors_ = tensors_ = true;
    } else if (in_field()) {
      has_shape_ = has_shape_ || key_ == "shape";
    }
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    if (depth_ == 1) tensors_ = false;
    return true;
  }
  bool key(std::string& text) override {
    if (depth_ == 1 || (in_tensors() && depth_ == 3)) key_ = std::move(text);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    throw FormatError("this is no JSON document from here on", file_, {}, position == 0 ? 0 : position - 1);
  }

 private:
  [[nodiscard]] bool in_tensors() const { return tensors_; }
  /// Behind a key of an entry.
  [[nodiscard]] bool in_field() const { return tensors_ && depth_ == 3; }

  [[noreturn]] void fail(const std::string& reason) const { throw FormatError(reason, file_); }

  bool number(std::optional<std::int64_t> value, const std::string& digits) {
    const bool in_list = tensors_ && depth_ == 4;
    if (in_list && key_ == "shape") {
      if (!value || *value < 0) fail(fmt::format("a size of {} in the listing", digits));
      if (entry_.shape.size() == kMostDimensions) fail("a shape of more than 64 dimensions in the listing");
      entry_.shape.push_back(*value);
    }
    if ((in_list && key_ == "stride") || (in_field() && (key_ == "storage" || key_ == "offset"))) {
      place_ += key_ + digits + ",";
      has_storage_ = has_storage_ || key_ == "storage";
    }
    return true;
  }

  void add() {
    if (!has_name_ || !has_shape_) fail("an entry of \"tensors\" lacks its \"name\" or its \"shape\"");
    if (has_storage_) {
      for (const std::int64_t n : entry_.shape) place_ += std::to_string(n) + ",";
      place_ += entry_.dtype;
      const auto [first, is_new] = places_.try_emplace(std::move(place_), names_.size());
      if (!is_new) names_[first->second].tie = entry_.tie = first->second;
    }
    names_.push_back(std::move(entry_));
  }

  std::string file_;
  NamedShapes names_;
  NamedShape entry_;
  std::string place_, key_;
  std::unordered_map<std::string, std::size_t> places_;
  std::size_t depth_ = 0;
  bool tensors_ = false, has_tensors_ = false;
  bool has_name_ = false, has_shape_ = false, has_storage_ = false;
};

NamedShapes all_tensors(const checkpoint::Checkpoint& file) {
  // Names may come twice (a dictionary with the keys 1 and "1"), so that a StateDict would not hold them.
  NamedShapes out;
  for (const checkpoint::NamedTensor& t : file.tensors()) {
    const checkpoint::TensorValue& value = t.value.tensor();
    out.push_back({.name = t.name, .shape = Dims(value.sizes()), .dtype = std::string(value.dtype())});
  }
  return out;
}

}  // namespace

bool begins_like_json(std::string_view beginning) noexcept {
  const auto skip_blanks = [&] {
    const std::size_t at = beginning.find_first_not_of(" \t\r\n");
    beginning.remove_prefix(at == std::string_view::npos ? beginning.size() : at);
  };
  skip_blanks();
  if (!beginning.starts_with('{')) return false;
  beginning.remove_prefix(1);
  skip_blanks();
  return beginning.empty() || beginning.starts_with('"') || beginning.starts_with('}');
}

NamedShapes names_in_listing(std::string_view json, const std::string& file) {
  ListingReader reader(file);
  nlohmann::json::sax_parse(json, &reader);
  return reader.finish();
}

NamedShapes read_names(const std::filesystem::path& file) {
  if (begins_like_json(beginning_of(file))) return names_in_listing(text_of(file), file.string());
  const checkpoint::Checkpoint checkpoint = load(file);
  try {
    return names_of(checkpoint.state_dict());
  } catch (const FormatError&) {
    if (checkpoint.tensors().empty()) throw;
    return all_tensors(checkpoint);
  }
}

}  // namespace ballast::tool
