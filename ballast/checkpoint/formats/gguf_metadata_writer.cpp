#include <cmath>
#include <limits>
#include <optional>

#include "ballast/checkpoint/formats/gguf_metadata.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

std::vector<Value> items_of(const Value& v) {
  if (!v.is_sequence()) return {v};
  std::vector<Value> out;
  out.reserve(v.size());
  for (std::size_t i = 0; i < v.size(); ++i) out.push_back(v.item(i));
  return out;
}

/// Whether a float32 holds a number; of NaN, that it is one.
bool fits_float32(double v) {
  return std::isnan(v) ||
         (std::abs(v) <= static_cast<double>(std::numeric_limits<float>::max()) &&
          static_cast<double>(static_cast<float>(v)) == v) ||
         std::isinf(v);
}

/// An integer of 65 bits: what int64 and uint64 hold together.
struct Wide {
  bool negative;
  std::uint64_t bits;  // two's complement
};

std::optional<Wide> wide_of(const Value& v) {
  if (v.fits_int64()) {
    const std::int64_t i = v.as_int();
    return Wide{i < 0, static_cast<std::uint64_t>(i)};
  }
  const std::string digits = v.int_text();
  if (digits.starts_with('-')) return std::nullopt;
  std::uint64_t bits = 0;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (bits > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    bits = bits * 10 + digit;
  }
  return Wide{false, bits};
}

bool fits(const Wide& v, GgufKind kind) {
  const bool is_signed = kind == GgufKind::kInt8 || kind == GgufKind::kInt16 || kind == GgufKind::kInt32 ||
                         kind == GgufKind::kInt64;
  const auto width = static_cast<int>(8 * gguf_kind_size(kind));
  if (!is_signed) return !v.negative && (width == 64 || v.bits >> width == 0);
  const std::uint64_t beyond = (v.negative ? ~v.bits : v.bits) >> (width - 1);
  return beyond == 0;
}

class MetadataWriter {
 public:
  explicit MetadataWriter(const Value& metadata) : metadata_(metadata) {
    const Value attributes = metadata.is(Kind::kOrderedDict) ? metadata.attributes() : Value();
    if (!attributes.is_mapping()) return;
    if (const auto types = attributes.find(kGgufTypes); types && types->is_mapping()) types_ = *types;
  }

  GgufMetadataBytes write() {
    check<ValueError>(metadata_.is_none() || metadata_.is_mapping(),
                      "the metadata of a GGUF file should be a mapping, and is {}",
                      kind_phrase(metadata_.kind()));
    const bool given = metadata_.is_mapping();
    if (!given || !metadata_.find(kGgufArchitecture)) entry(kGgufArchitecture, Value("ballast"));
    for (std::size_t i = 0; given && i < metadata_.size(); ++i) {
      const Value key = metadata_.key(i);
      check<ValueError>(key.is(Kind::kStr) && !key.as_text().empty(),
                        "a key of the metadata is {}: GGUF has keys of one letter or more",
                        kind_phrase(key.kind()));
      entry(key.as_text(), metadata_.value(i));
    }
    return std::move(out_);
  }

 private:
  void entry(std::string_view key, const Value& v) {
    key_ = key;
    if (key == kGgufAlignment) check_alignment(v);
    if (key == kGgufArchitecture)
      need(v.is(Kind::kStr), fmt::format("should be a str, and is {}", kind_phrase(v.kind())));
    const std::vector<Value> items = items_of(v);
    const GgufKind kind = kind_of(v, items);
    ++out_.count;
    text(key);
    if (v.is_sequence()) {
      number(static_cast<std::uint32_t>(GgufKind::kArray));
      number(static_cast<std::uint32_t>(kind));
      number(static_cast<std::uint64_t>(items.size()));
    } else {
      number(static_cast<std::uint32_t>(kind));
    }
    for (const Value& item : items) put(kind, item);
  }

  void check_alignment(const Value& v) {
    constexpr std::int64_t kLargest = std::int64_t{1} << 20;
    const bool good = v.is(Kind::kInt) && v.fits_int64() && v.as_int() > 0 && v.as_int() <= kLargest &&
                      std::has_single_bit(static_cast<std::uint64_t>(v.as_int()));
    need(good, fmt::format("should be a power of two of at most {}", kLargest));
    out_.alignment = static_cast<std::uint64_t>(v.as_int());
  }

  /// What the note beside the metadata says, where it fits the values; else the usual type that holds them.
  GgufKind kind_of(const Value& v, const std::vector<Value>& items) const {
    if (const auto noted = noted_kind(v.is_sequence()); noted && all_fit(items, *noted)) return *noted;
    if (items.empty()) return GgufKind::kInt32;
    static constexpr GgufKind kOrder[] = {GgufKind::kBool,    GgufKind::kUInt32, GgufKind::kInt32,
                                          GgufKind::kInt64,   GgufKind::kUInt64, GgufKind::kFloat32,
                                          GgufKind::kFloat64, GgufKind::kString};
    // Programs want single numbers unsigned (counts, sizes), and signed in arrays.
    if (v.is_sequence() && all_fit(items, GgufKind::kInt32)) return GgufKind::kInt32;
    for (const GgufKind kind : kOrder) {
      if (all_fit(items, kind)) return kind;
    }
    const std::string_view rule =
        "GGUF has texts, bools, integers of 64 bits, floats, and lists of one of these kinds";
    if (v.is_sequence()) refuse(fmt::format("is a list of values that no one type holds: {}", rule));
    refuse(fmt::format("is {} that no type holds: {}", kind_phrase(v.kind()), rule));
  }

  [[nodiscard]] std::optional<GgufKind> noted_kind(bool array) const {
    if (!types_) return std::nullopt;
    const auto note = types_->find(key_);
    if (!note || !note->is(Kind::kStr)) return std::nullopt;
    for (std::uint32_t i = 0; i < kGgufKinds; ++i) {
      const auto kind = static_cast<GgufKind>(i);
      const std::string name =
          array ? fmt::format("[{}]", gguf_kind_name(kind)) : std::string(gguf_kind_name(kind));
      if (kind != GgufKind::kArray && note->as_text() == name) return kind;
    }
    return std::nullopt;
  }

  static bool all_fit(const std::vector<Value>& items, GgufKind kind) {
    return std::all_of(items.begin(), items.end(), [&](const Value& v) { return fits_kind(v, kind); });
  }
  static bool fits_kind(const Value& v, GgufKind kind) {
    switch (kind) {
      case GgufKind::kBool:
        return v.is(Kind::kBool);
      case GgufKind::kString:
        return v.is(Kind::kStr) || v.is(Kind::kBytes);
      case GgufKind::kFloat32:
        return v.is(Kind::kFloat) && fits_float32(v.as_float());
      case GgufKind::kFloat64:
        return v.is(Kind::kFloat);
      case GgufKind::kArray:
        return false;
      default:
        break;
    }
    if (!v.is(Kind::kInt)) return false;
    const auto wide = wide_of(v);
    return wide && fits(*wide, kind);
  }

  void put(GgufKind kind, const Value& v) {
    switch (kind) {
      case GgufKind::kBool:
        return number(static_cast<std::uint8_t>(v.as_bool()));
      case GgufKind::kString:
        return text(v.is(Kind::kStr) ? v.as_text() : v.as_bytes());
      case GgufKind::kFloat32:
        return number(std::bit_cast<std::uint32_t>(static_cast<float>(v.as_float())));
      case GgufKind::kFloat64:
        return number(std::bit_cast<std::uint64_t>(v.as_float()));
      default:
        break;
    }
    const std::uint64_t bits = wide_of(v)->bits;
    out_.bytes.append(reinterpret_cast<const char*>(&bits), gguf_kind_size(kind));
  }

  template <class T>
  void number(T v) {
    out_.bytes.append(reinterpret_cast<const char*>(&v), sizeof(v));
  }
  void text(std::string_view v) {
    number(static_cast<std::uint64_t>(v.size()));
    out_.bytes += v;
  }
  void need(bool good, const std::string& reason) const {
    if (!good) refuse(reason);
  }
  [[noreturn]] void refuse(const std::string& reason) const {
    throw ValueError(fmt::format("the metadata's '{}' {}", shown_name(key_), reason));
  }

  const Value& metadata_;
  std::optional<Value> types_;
  std::string_view key_;
  GgufMetadataBytes out_;
};

}  // namespace

GgufMetadataBytes gguf_metadata_bytes(const Value& metadata) { return MetadataWriter(metadata).write(); }

}  // namespace ballast::checkpoint
