// Named choices: what an option or an argument takes where Python takes a string.
//
//   nn::init::kaiming_normal_(w, 0, kFanOut, kReLU);              // libtorch's spelling
//   nn::init::kaiming_normal_(w, 0, "fan_out", "relu");           // Python's
//   Conv2dOptions(1, 2, 3).padding_mode(kReflect);
//
// Every value is a type of its own (`enumtype::kReflect`) with a constant (`kReflect`), so an option says in
// its type which values it takes; `Choice` is such an option.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace ballast {

namespace enumtype {
// Name, and the string that stands for it in Python.
#define BALLAST_ENUM(NAME, PYTHON)                          \
  struct NAME {                                             \
    static constexpr std::string_view name = #NAME;         \
    static constexpr std::string_view python = PYTHON;      \
    friend constexpr bool operator==(NAME, NAME) = default; \
  }
BALLAST_ENUM(kLinear, "linear");
BALLAST_ENUM(kConv1D, "conv1d");
BALLAST_ENUM(kConv2D, "conv2d");
BALLAST_ENUM(kConv3D, "conv3d");
BALLAST_ENUM(kConvTranspose1D, "conv_transpose1d");
BALLAST_ENUM(kConvTranspose2D, "conv_transpose2d");
BALLAST_ENUM(kConvTranspose3D, "conv_transpose3d");
BALLAST_ENUM(kSigmoid, "sigmoid");
BALLAST_ENUM(kTanh, "tanh");
BALLAST_ENUM(kReLU, "relu");
BALLAST_ENUM(kGELU, "gelu");
BALLAST_ENUM(kSELU, "selu");
BALLAST_ENUM(kSiLU, "silu");
BALLAST_ENUM(kMish, "mish");
BALLAST_ENUM(kLeakyReLU, "leaky_relu");
BALLAST_ENUM(kFanIn, "fan_in");
BALLAST_ENUM(kFanOut, "fan_out");
BALLAST_ENUM(kConstant, "constant");
BALLAST_ENUM(kReflect, "reflect");
BALLAST_ENUM(kReplicate, "replicate");
BALLAST_ENUM(kCircular, "circular");
BALLAST_ENUM(kNearest, "nearest");
BALLAST_ENUM(kBilinear, "bilinear");
BALLAST_ENUM(kBicubic, "bicubic");
BALLAST_ENUM(kTrilinear, "trilinear");
BALLAST_ENUM(kArea, "area");
BALLAST_ENUM(kNearestExact, "nearest-exact");
BALLAST_ENUM(kSum, "sum");
BALLAST_ENUM(kMean, "mean");
BALLAST_ENUM(kMax, "max");
BALLAST_ENUM(kNone, "none");
BALLAST_ENUM(kBatchMean, "batchmean");
BALLAST_ENUM(kZeros, "zeros");
BALLAST_ENUM(kBorder, "border");
BALLAST_ENUM(kReflection, "reflection");
BALLAST_ENUM(kRNN_TANH, "RNN_TANH");
BALLAST_ENUM(kRNN_RELU, "RNN_RELU");
BALLAST_ENUM(kLSTM, "LSTM");
BALLAST_ENUM(kGRU, "GRU");
BALLAST_ENUM(kValid, "valid");
BALLAST_ENUM(kSame, "same");
#undef BALLAST_ENUM

/// "kReflect": the name of the value a variant (or a Choice) of these types holds.
template <class Variant>
[[nodiscard]] std::string get_enum_name(const Variant& choice) {
  return std::visit([](const auto& value) { return std::string(std::decay_t<decltype(value)>::name); },
                    choice);
}
}  // namespace enumtype

inline constexpr enumtype::kLinear kLinear;
inline constexpr enumtype::kConv1D kConv1D;
inline constexpr enumtype::kConv2D kConv2D;
inline constexpr enumtype::kConv3D kConv3D;
inline constexpr enumtype::kConvTranspose1D kConvTranspose1D;
inline constexpr enumtype::kConvTranspose2D kConvTranspose2D;
inline constexpr enumtype::kConvTranspose3D kConvTranspose3D;
inline constexpr enumtype::kSigmoid kSigmoid;
inline constexpr enumtype::kTanh kTanh;
inline constexpr enumtype::kReLU kReLU;
inline constexpr enumtype::kGELU kGELU;
inline constexpr enumtype::kSELU kSELU;
inline constexpr enumtype::kSiLU kSiLU;
inline constexpr enumtype::kMish kMish;
inline constexpr enumtype::kLeakyReLU kLeakyReLU;
inline constexpr enumtype::kFanIn kFanIn;
inline constexpr enumtype::kFanOut kFanOut;
inline constexpr enumtype::kConstant kConstant;
inline constexpr enumtype::kReflect kReflect;
inline constexpr enumtype::kReplicate kReplicate;
inline constexpr enumtype::kCircular kCircular;
inline constexpr enumtype::kNearest kNearest;
inline constexpr enumtype::kBilinear kBilinear;
inline constexpr enumtype::kBicubic kBicubic;
inline constexpr enumtype::kTrilinear kTrilinear;
inline constexpr enumtype::kArea kArea;
inline constexpr enumtype::kNearestExact kNearestExact;
inline constexpr enumtype::kSum kSum;
inline constexpr enumtype::kMean kMean;
inline constexpr enumtype::kMax kMax;
inline constexpr enumtype::kNone kNone;
inline constexpr enumtype::kBatchMean kBatchMean;
inline constexpr enumtype::kZeros kZeros;
inline constexpr enumtype::kBorder kBorder;
inline constexpr enumtype::kReflection kReflection;
inline constexpr enumtype::kRNN_TANH kRNN_TANH;
inline constexpr enumtype::kRNN_RELU kRNN_RELU;
inline constexpr enumtype::kLSTM kLSTM;
inline constexpr enumtype::kGRU kGRU;
inline constexpr enumtype::kValid kValid;
inline constexpr enumtype::kSame kSame;

/// One of `Ts`: a std::variant that also takes Python's string. A string that names none of them is kept, so
/// that the function it is for can say what is wrong and in which order; until then the value is the first of
/// `Ts`.
template <class... Ts>
class Choice : public std::variant<Ts...> {
 public:
  using Variant = std::variant<Ts...>;

  Choice() = default;
  template <class T>
  requires(std::same_as<T, Ts> || ...) Choice(T value) : Variant(value) {}  // NOLINT(*-explicit-*)
  template <std::convertible_to<std::string_view> S>
  Choice(const S& python) {  // NOLINT(*-explicit-*)
    const std::string_view text(python);
    const bool known = ((text == Ts::python && (static_cast<Variant&>(*this) = Ts{}, true)) || ...);
    if (!known) unknown_ = std::string(text);
  }

  /// Whether it is this one: `mode.is(kFanIn)`.
  template <class T>
  [[nodiscard]] bool is(T) const {
    return known() && std::holds_alternative<T>(*this);
  }
  [[nodiscard]] bool known() const noexcept { return !unknown_.has_value(); }
  /// The string as given if it names none of the choices, else Python's string for the value.
  [[nodiscard]] std::string python() const {
    if (unknown_) return *unknown_;
    return std::visit([](const auto& value) { return std::string(std::decay_t<decltype(value)>::python); },
                      static_cast<const Variant&>(*this));
  }

 private:
  std::optional<std::string> unknown_;
};

}  // namespace ballast
