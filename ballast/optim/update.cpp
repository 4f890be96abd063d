#include "ballast/optim/update.h"

#include "ballast/core/error.h"
#include "ballast/core/shape.h"

namespace ballast::optim {

Tensor computed_copy(const Tensor& t) {
  const Tensor real = t.is_complex() ? t.detach().view_as_real() : t.detach();
  const DType dtype = real.dtype() == kFloat64 ? kFloat64 : kFloat32;
  Tensor copy = empty(real.sizes(), TensorOptions(dtype));
  copy_elements(copy, real);
  return copy;
}

void write_back(const Tensor& to, const Tensor& copy) {
  const Tensor real = to.is_complex() ? to.detach().view_as_real() : to.detach();
  copy_elements(real, copy);
  autograd::bump_version(to);
}

void check_fits(const Tensor& p, const Tensor& other, const char* what) {
  check<ShapeError>(p.sizes() == other.sizes(), "the {} of a parameter of shape {} has shape {}", what,
                    shape_text(p.sizes()), shape_text(other.sizes()));
  check<DTypeError>(p.dtype() == other.dtype(), "the {} of a parameter of type {} has type {}", what,
                    dtype_name(p.dtype()), dtype_name(other.dtype()));
  check<DTypeError>(p.is_floating_point() || p.is_complex(), "a parameter of type {} cannot be optimized",
                    dtype_name(p.dtype()));
  check<DeviceError>(p.device() == other.device(), "the {} of a parameter is on another device than it",
                     what);
}

}  // namespace ballast::optim
