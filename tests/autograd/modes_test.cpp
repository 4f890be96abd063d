// Modes: off, inference, anomalies.
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/core/warning.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

TEST(Modes, NothingIsRecordedWithoutGrad) {
  const Tensor x = ones({2}).requires_grad_();
  {
    const NoGradGuard no_grad;
    const Tensor y = x * 2;
    EXPECT_FALSE(y.requires_grad());
    EXPECT_TRUE(y.is_leaf());
    {
      const AutoGradMode on(true);
      EXPECT_TRUE((x * 2).requires_grad());
    }
    EXPECT_TRUE(x[0].requires_grad());  // a view of what requires grad
  }
  EXPECT_TRUE((x * 2).requires_grad());
}

TEST(Modes, InferenceRecordsNothingEither) {
  const Tensor x = ones({2}).requires_grad_();
  EXPECT_FALSE(InferenceMode::is_enabled());
  {
    const InferenceMode inference;
    EXPECT_TRUE(InferenceMode::is_enabled());
    EXPECT_FALSE((x * 2).requires_grad());
    const InferenceMode off(false);
    EXPECT_TRUE((x * 2).requires_grad());
  }
  EXPECT_FALSE(InferenceMode::is_enabled());
}

TEST(Modes, AnAnomalyIsTracedToItsOperation) {
  const Tensor x = tensor({-1.0}, kFloat64).requires_grad_();
  std::string warning;
  const WarningHandler before = set_warning_handler([&](std::string_view text) { warning = text; });
  const Tensor y = x.sqrt() * 0;
  {
    const autograd::DetectAnomalyGuard guard;
    EXPECT_TRUE(autograd::AnomalyMode::is_enabled());
    EXPECT_THROWN(y.sum().backward(), Error,
                  "Function 'SqrtBackward0' returned nan values in its 0th output.");
    EXPECT_NE(warning.find("Traceback of forward call that caused the error"), std::string::npos);
    EXPECT_NE(warning.find("SqrtBackward0"), std::string::npos);
  }
  set_warning_handler(before);
  EXPECT_FALSE(autograd::AnomalyMode::is_enabled());
}

}  // namespace
}  // namespace ballast
