// Padding of the last one, two or three dimensions.
//
//   nn::ZeroPad2d pad(1);                                            // one on every side
//   nn::ConstantPad1d cpad(nn::ConstantPad1dOptions({2, 1}, 3.5));   // two before, one after
//
// 2 D amounts, the last dimension first, its beginning before its end; or one for all.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

template <std::size_t D>
struct PadOptions {
  PadOptions(ExpandingArray<D * 2> padding) : padding_(std::move(padding)) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(ExpandingArray<D * 2>, padding);
};
template <std::size_t D>
class PadImpl : public Module {
 public:
  explicit PadImpl(const PadOptions<D>& options_) : options(options_) {}
  explicit PadImpl(ExpandingArray<D * 2> padding) : options(std::move(padding)) {}
  std::string extra_repr() const override;
  PadOptions<D> options;

 protected:
  Tensor padded(const Tensor& input, const char* mode) const;
};
extern template class PadImpl<1>;
extern template class PadImpl<2>;
extern template class PadImpl<3>;

template <std::size_t D>
struct ConstantPadOptions {
  ConstantPadOptions(ExpandingArray<D * 2> padding, Number value)
      : padding_(std::move(padding)), value_(value) {}
  BALLAST_ARG(ExpandingArray<D * 2>, padding);
  BALLAST_ARG(Number, value);
};
template <std::size_t D>
class ConstantPadImpl : public Module {
 public:
  explicit ConstantPadImpl(const ConstantPadOptions<D>& options_) : options(options_) {}
  ConstantPadImpl(ExpandingArray<D * 2> padding, Number value) : options(std::move(padding), value) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  ConstantPadOptions<D> options;
};
extern template class ConstantPadImpl<1>;
extern template class ConstantPadImpl<2>;
extern template class ConstantPadImpl<3>;

// ReflectionPad: mirrored at the border.
using ReflectionPad1dOptions = PadOptions<1>;
using ReflectionPad2dOptions = PadOptions<2>;
using ReflectionPad3dOptions = PadOptions<3>;
class ReflectionPad1dImpl : public Cloneable<ReflectionPad1dImpl, PadImpl<1>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "reflect"); }
};
class ReflectionPad2dImpl : public Cloneable<ReflectionPad2dImpl, PadImpl<2>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "reflect"); }
};
class ReflectionPad3dImpl : public Cloneable<ReflectionPad3dImpl, PadImpl<3>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "reflect"); }
};
BALLAST_MODULE(ReflectionPad1d);
BALLAST_MODULE(ReflectionPad2d);
BALLAST_MODULE(ReflectionPad3d);

// ReplicationPad: the border repeated.
using ReplicationPad1dOptions = PadOptions<1>;
using ReplicationPad2dOptions = PadOptions<2>;
using ReplicationPad3dOptions = PadOptions<3>;
class ReplicationPad1dImpl : public Cloneable<ReplicationPad1dImpl, PadImpl<1>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "replicate"); }
};
class ReplicationPad2dImpl : public Cloneable<ReplicationPad2dImpl, PadImpl<2>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "replicate"); }
};
class ReplicationPad3dImpl : public Cloneable<ReplicationPad3dImpl, PadImpl<3>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "replicate"); }
};
BALLAST_MODULE(ReplicationPad1d);
BALLAST_MODULE(ReplicationPad2d);
BALLAST_MODULE(ReplicationPad3d);

// CircularPad: the other end.
using CircularPad1dOptions = PadOptions<1>;
using CircularPad2dOptions = PadOptions<2>;
using CircularPad3dOptions = PadOptions<3>;
class CircularPad1dImpl : public Cloneable<CircularPad1dImpl, PadImpl<1>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "circular"); }
};
class CircularPad2dImpl : public Cloneable<CircularPad2dImpl, PadImpl<2>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "circular"); }
};
class CircularPad3dImpl : public Cloneable<CircularPad3dImpl, PadImpl<3>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "circular"); }
};
BALLAST_MODULE(CircularPad1d);
BALLAST_MODULE(CircularPad2d);
BALLAST_MODULE(CircularPad3d);

// ZeroPad: zeros.
using ZeroPad1dOptions = PadOptions<1>;
using ZeroPad2dOptions = PadOptions<2>;
using ZeroPad3dOptions = PadOptions<3>;
class ZeroPad1dImpl : public Cloneable<ZeroPad1dImpl, PadImpl<1>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "constant"); }
};
class ZeroPad2dImpl : public Cloneable<ZeroPad2dImpl, PadImpl<2>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "constant"); }
};
class ZeroPad3dImpl : public Cloneable<ZeroPad3dImpl, PadImpl<3>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input) { return padded(input, "constant"); }
};
BALLAST_MODULE(ZeroPad1d);
BALLAST_MODULE(ZeroPad2d);
BALLAST_MODULE(ZeroPad3d);

// ConstantPad: one value.
using ConstantPad1dOptions = ConstantPadOptions<1>;
using ConstantPad2dOptions = ConstantPadOptions<2>;
using ConstantPad3dOptions = ConstantPadOptions<3>;
class ConstantPad1dImpl : public Cloneable<ConstantPad1dImpl, ConstantPadImpl<1>> {
 public:
  using Cloneable::Cloneable;
};
class ConstantPad2dImpl : public Cloneable<ConstantPad2dImpl, ConstantPadImpl<2>> {
 public:
  using Cloneable::Cloneable;
};
class ConstantPad3dImpl : public Cloneable<ConstantPad3dImpl, ConstantPadImpl<3>> {
 public:
  using Cloneable::Cloneable;
};
BALLAST_MODULE(ConstantPad1d);
BALLAST_MODULE(ConstantPad2d);
BALLAST_MODULE(ConstantPad3d);

}  // namespace ballast::nn
