// Modes: off, inference, anomalies.
#include <functional>
#include <string>
#include <utility>
#include <vector>

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

constexpr const char* kSaved =
    "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
    "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and "
    "use it in "
    "autograd, or use a NoGradGuard in place of the InferenceMode.";
constexpr const char* kWritten =
    "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a "
    "normal tensor "
    "before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details.";
constexpr const char* kRequired =
    "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.";
constexpr const char* kUncounted = "Inference tensors do not track version counter.";

Tensor made_in_inference(const std::function<Tensor()>& f) {
  const InferenceMode inference;
  return f();
}

TEST(Inference, TensorsMadeInTheModeAreInferenceTensors) {
  const Tensor normal = ones({2});
  const Tensor needing = ones({2}).requires_grad_();
  {
    const InferenceMode inference;
    const Tensor t = ones({2});
    EXPECT_TRUE(t.is_inference());
    for (const Tensor& made : {t.view({1, 2}), t.detach(), t.data(), t.clone(), normal.clone(), normal * 2,
                               needing * 2, t.to(kFloat64), Tensor(Parameter(t)), empty_strided({2}, {1})}) {
      EXPECT_TRUE(made.is_inference());
    }
    // What stands on a normal tensor's values is normal.
    for (const Tensor& made :
         {normal, normal.view({1, 2}), normal[0], normal.narrow(0, 0, 1), normal.detach(), normal.data(),
          normal.contiguous(), needing.view({2, 1}), Tensor(Parameter(normal))}) {
      EXPECT_FALSE(made.is_inference());
    }
    EXPECT_TRUE(ones({1}, TensorOptions().requires_grad(true)).requires_grad());
    {
      const InferenceMode off(false);
      EXPECT_FALSE(ones({2}).is_inference());
      EXPECT_TRUE(t.view({2, 1}).is_inference());
      EXPECT_THROWN(t.add_(1), Error, kWritten);
    }
    EXPECT_TRUE(ones({2}).is_inference());
  }
  EXPECT_FALSE(ones({2}).is_inference());
  const Tensor t = made_in_inference([] { return ones({2}); });
  for (const Tensor& same : {t.view({1, 2}), t[0], t.detach(), t.data(), t.contiguous(), t.to(kFloat32)}) {
    EXPECT_TRUE(same.is_inference());
  }
  for (const Tensor& fresh : {t.clone(), t + t, t * 2, t.to(kFloat64), t.sum()})
    EXPECT_FALSE(fresh.is_inference());
}

TEST(Inference, TheyCannotBeSavedForBackward) {
  const Tensor x = ones({2}).requires_grad_();
  const Tensor t = made_in_inference([] { return full({2}, 3.0); });
  EXPECT_THROWN((void)(x * t), Error, kSaved);
  EXPECT_THROWN((void)(t * x), Error, kSaved);
  EXPECT_THROWN((void)(x.matmul(t)), Error, kSaved);
  EXPECT_THROWN((void)x.masked_fill(made_in_inference([] {
                                      return tensor({true, false});
                                    }),
                                    0),
                Error, kSaved);
  EXPECT_THROWN((void)(t.view({2}) * x), Error, kSaved);
  EXPECT_THROWN((void)index_select(x, 0, made_in_inference([] { return tensor({0}); })), Error, kSaved);
  // A node that was refused is not left behind.
  const Tensor y = x * 2;
  EXPECT_THROWN(y.mul_(t), Error, kSaved);
  EXPECT_STREQ(y.grad_fn()->name(), "MulBackward0");
  // What saves nothing of it, or is not recorded, may use it.
  (x + t).sum().backward();
  EXPECT_TRUE(x.grad().equal(ones({2})));
  EXPECT_TRUE((x * t.clone()).requires_grad());
  {
    const NoGradGuard no_grad;
    EXPECT_TRUE((x * t).equal(full({2}, 3)));
  }
  {
    const InferenceMode inference;
    EXPECT_TRUE((x * t).equal(full({2}, 3)));
    const InferenceMode off(false);
    EXPECT_THROWN((void)(x * t), Error, kSaved);
  }
}

TEST(Inference, TheyAreWrittenInTheModeOnly) {
  const Tensor t = made_in_inference([] { return zeros({2}); });
  const Tensor x = ones({2});
  const std::vector<std::pair<const char*, std::function<void()>>> writes{
      {"add_", [&] { t.add_(1); }},        {"mul_", [&] { t.mul_(x); }},
      {"copy_", [&] { t.copy_(x); }},      {"fill_", [&] { t.fill_(1); }},
      {"zero_", [&] { t.zero_(); }},       {"normal_", [&] { t.normal_(); }},
      {"uniform_", [&] { t.uniform_(); }}, {"element", [&] { t[0].fill_(1); }},
      {"clamp_", [&] { t.clamp_(0, 1); }}};
  for (const auto& [name, write] : writes) {
    EXPECT_THROWN(write(), Error, kWritten) << name;
    const NoGradGuard no_grad;
    EXPECT_THROWN(write(), Error, kWritten) << name;
  }
  EXPECT_TRUE(t.equal(zeros({2})));
  EXPECT_THROWN((void)t._version(), Error, kUncounted);
  {
    const InferenceMode inference;
    t.add_(1);
    EXPECT_THROWN((void)t._version(), Error, kUncounted);
  }
  EXPECT_TRUE(t.equal(ones({2})));
  x.copy_(t);  // a normal tensor takes its values
  x.mul_(t);
  // Gradients that were made in the mode do not grow outside of it.
  const Tensor w = ones({2}).requires_grad_();
  w.mutable_grad() = t;
  EXPECT_THROWN((w * 2).sum().backward(), Error, kWritten);
}

TEST(Inference, TheyRequireGradInTheModeOnly) {
  const Tensor t = made_in_inference([] { return ones({2}); });
  EXPECT_THROWN(t.requires_grad_(), Error, kRequired);
  EXPECT_THROWN(t.set_requires_grad(true), Error, kRequired);
  EXPECT_THROWN(Parameter{t}, Error, kRequired);
  EXPECT_FALSE(t.requires_grad_(false).requires_grad());
  EXPECT_TRUE(Parameter(t, false).is_inference());
  const Tensor needing = made_in_inference([] { return ones({2}).requires_grad_(); });
  EXPECT_TRUE(needing.requires_grad());
  EXPECT_FALSE(needing.view({1, 2}).requires_grad());
  // Recorded beside a normal tensor only.
  EXPECT_FALSE((needing + needing).requires_grad());
  (needing + ones({2})).sum().backward();
  EXPECT_TRUE(needing.grad().equal(ones({2})));
  EXPECT_THROWN(needing.add_(1), Error, "a leaf Variable that requires grad is being used in an in-place");
  const NoGradGuard no_grad;
  EXPECT_THROWN(needing.add_(1), Error, kWritten);
}

TEST(Inference, NormalTensorsCountTheirChangesInTheModeToo) {
  const Tensor x = ones({2}).requires_grad_();
  const Tensor y = x * 2;
  const Tensor z = y * y;
  const InferenceMode inference;
  x.add_(1);  // a leaf, as under NoGradGuard
  EXPECT_EQ(x._version(), 1U);
  const Tensor view = y.view({1, 2});
  view.add_(1);
  EXPECT_EQ(y._version(), 1U);
  EXPECT_EQ(view._version(), 1U);
  {
    const AutoGradMode on(true);  // nothing is recorded in the mode, whatever the other says
    EXPECT_FALSE((x * 2).requires_grad());
    EXPECT_TRUE((x * 2).is_inference());
    x.add_(1);
  }
  const InferenceMode off(false);
  EXPECT_THROWN(z.sum().backward(), Error, "is at version 1; expected version 0 instead");
}

TEST(Inference, DataTakesOverWhatItsValueIs) {
  const Tensor x = ones({2});
  x.set_data(made_in_inference([] { return zeros({2}); }));
  EXPECT_TRUE(x.is_inference());
  x.set_data(ones({2}));
  EXPECT_FALSE(x.is_inference());
  EXPECT_EQ(x.add_(1)._version(), 1U);
}

/// Views that were made in a mode that records nothing: as leaves, and refused once that could matter.
void check_unrecorded_views(const std::function<Tensor(const std::function<Tensor()>&)>& in_mode,
                            const std::string& mode, const std::string& when, const std::string& block) {
  const std::string rest =
      " modified inplace " + when +
      ". Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
      "your code by moving both the view and the inplace either both inside the " +
      block +
      " block (if you don't want the inplace to be tracked) or both outside (if you want the "
      "inplace to be tracked).";
  const std::string made = "A view was created in " + mode + " mode and ";
  const std::string written = made + "is being" + rest;
  const std::string changed = made + "its base or another view of its base has been" + rest;
  const Tensor x = ones({2}).requires_grad_();
  const Tensor p = x * 2;
  const Tensor of_leaf = in_mode([&] { return x.view({2}); });
  const Tensor of_result = in_mode([&] { return p.view({2}); });
  const Tensor above = of_result.view({2});
  for (const Tensor& view : {of_leaf, of_result}) {
    EXPECT_TRUE(view.requires_grad());
    EXPECT_TRUE(view.is_view());
    EXPECT_TRUE(view.is_leaf());
    EXPECT_FALSE(view.grad_fn());
    const Tensor y = view * 2;
    EXPECT_TRUE(y.requires_grad());
    y.sum().backward();  // and there the gradient ends
    EXPECT_FALSE(view.grad().defined());
    EXPECT_THROWN(view.add_(1), Error, written.c_str());
    EXPECT_THROWN(view.copy_(x), Error, written.c_str());
  }
  EXPECT_FALSE(x.grad().defined());
  EXPECT_STREQ(above.grad_fn()->name(), "ViewBackward0");
  EXPECT_THROWN(
      above.add_(1), Error,
      ("Output 0 of View is a view of a view which was created in " + mode + " mode and is being" + rest)
          .c_str());
  in_mode([&] { return x.add_(1); });
  EXPECT_THROWN((void)of_leaf.grad_fn(), Error, changed.c_str());
  EXPECT_THROWN((void)(of_leaf * 2), Error, changed.c_str());
  p.add_(1);
  EXPECT_THROWN((void)of_result.grad_fn(), Error, changed.c_str());
  EXPECT_THROWN((void)(above * 2), Error,
                ("Output 0 of View is a view of a view which was created in " + mode +
                 " mode and its base or another view of its base has been" + rest)
                    .c_str());
  // Without a record they are as good as any.
  const NoGradGuard no_grad;
  EXPECT_TRUE((of_result * 1).equal(full({2}, 3)));
  of_result.add_(1);
}

TEST(Modes, ViewsMadeInThemCannotBeWrittenOutside) {
  check_unrecorded_views(
      [](const std::function<Tensor()>& f) {
        const NoGradGuard no_grad;
        return f();
      },
      "no_grad", "with grad mode enabled", "no_grad");
  check_unrecorded_views(made_in_inference, "inference", "in normal mode", "inference_mode");
  // In inference also where the base requires nothing yet.
  const Tensor n = ones({2});
  const Tensor view = made_in_inference([&] { return n.view({2}); });
  view.add_(1);
  EXPECT_TRUE(n.equal(full({2}, 2)));
  EXPECT_THROWN(view.add_(ones({2}).requires_grad_()), Error,
                "A view was created in inference mode and is being modified inplace in normal mode.");
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
