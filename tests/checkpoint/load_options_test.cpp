// What may be asked of a load besides everything: shapes only, other types, some tensors, progress.
#include <iostream>
#include <vector>

#include "tests/checkpoint/craft.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"
#include "ballast/core/sanitizer.h"

namespace ballast::testing {
namespace {

const std::vector<std::string> kFiles = {
    "zip/shared_storage.pth", "legacy/shared_storage.pth", "zip/views.pth",
    "legacy/views.pth",       "zip/training.pth",          "zip/mixed_types.pth",
    "zip/big_endian.pth",     "zip/deflated.pth",          "zip/whole_sequential.pth"};

std::string path_of(const std::string& file) { return data_path("checkpoints/" + file); }

TEST(LoadOptions, OnMetaThereAreShapesAndNoBytes) {
  for (const std::string& file : kFiles) {
    SCOPED_TRACE(file);
    const auto all = load(path_of(file));
    const auto meta = load(path_of(file), {.map_location = kMeta});
    ASSERT_EQ(meta.tensors().size(), all.tensors().size());
    for (std::size_t i = 0; i < all.tensors().size(); ++i) {
      const auto& a = all.tensors()[i].value.tensor();
      const auto& m = meta.tensors()[i].value.tensor();
      EXPECT_EQ(meta.tensors()[i].name, all.tensors()[i].name);
      EXPECT_EQ(m.dtype(), a.dtype());
      EXPECT_EQ(IntArrayRef(m.sizes()).vec(), IntArrayRef(a.sizes()).vec());
      EXPECT_EQ(meta.tensors()[i].storage, all.tensors()[i].storage);
      if (m.tensor.defined()) {
        EXPECT_TRUE(m.tensor.is_meta());
      }
    }
  }
}

TEST(LoadOptions, OfAFilterOnlyWhatMatchesIsReadAndListed) {
  for (const std::string& file : kFiles) {
    for (const bool mmap : {true, false}) {
      SCOPED_TRACE(file);
      const auto all = load(path_of(file), {.mmap = mmap});
      std::uint64_t bytes = 0;
      const auto some =
          load(path_of(file), {.mmap = mmap,
                               .filter = [](std::string_view name) { return name.ends_with("weight"); },
                               .progress =
                                   [&](std::uint64_t done, std::uint64_t total) {
                                     bytes = done;
                                     EXPECT_LE(done, total);
                                   }});
      std::size_t next = 0;
      std::uint64_t reachable = 0;
      for (const auto& t : all.tensors()) {
        if (!t.name.ends_with("weight")) continue;
        ASSERT_LT(next, some.tensors().size());
        const auto& kept = some.tensors()[next++];
        EXPECT_EQ(kept.name, t.name);
        EXPECT_EQ(bytes_of(kept.value.tensor().resolved()), bytes_of(t.value.tensor().resolved()));
      }
      EXPECT_EQ(next, some.tensors().size());
      for (const auto& s : some.storages()) reachable += s.storage.nbytes();
      EXPECT_LE(bytes, reachable);
    }
  }
}

TEST(LoadOptions, TheStateDictOfAFilteredCheckpointIsWhatWasAskedFor) {
  const auto weights = [](std::string_view name) { return name == "0.weight"; };
  EXPECT_EQ(load(path_of("zip/mlp.pth"), {.filter = weights}).state_dict().keys(),
            std::vector<std::string>{"0.weight"});
  EXPECT_EQ(load(path_of("zip/whole_sequential.pth"), {.filter = weights}).state_dict().keys(),
            std::vector<std::string>{"0.weight"});
}

TEST(LoadOptions, FloatingTensorsBecomeAnotherTypeAndStayTied) {
  int converted = 0;
  for (const std::string& file : kFiles) {
    for (const DType to : {kFloat16, kBFloat16, kFloat64}) {
      for (const bool mmap : {true, false}) {
        SCOPED_TRACE(file);
        const auto all = load(path_of(file));
        const auto other = load(path_of(file), {.mmap = mmap, .dtype = to});
        ASSERT_EQ(other.tensors().size(), all.tensors().size());
        for (std::size_t i = 0; i < all.tensors().size(); ++i) {
          const Tensor& a = all.tensors()[i].value.tensor().tensor;
          const Tensor& b = other.tensors()[i].value.tensor().tensor;
          EXPECT_EQ(b.dtype(), a.is_floating_point() ? to : a.dtype());
          const Tensor twin = empty(a.sizes(), TensorOptions(b.dtype()));
          copy_elements(twin, a);
          EXPECT_EQ(bytes_of(b), bytes_of(twin));
          ++converted;
          for (std::size_t j = 0; j < i; ++j) {
            const bool tied = all.tensors()[j].value.tensor().tensor.storage().is_same(a.storage()) &&
                              all.tensors()[j].value.tensor().tensor.dtype() == a.dtype();
            if (tied) {
              EXPECT_TRUE(other.tensors()[j].value.tensor().tensor.storage().is_same(b.storage()));
            }
          }
        }
      }
    }
  }
  std::cout << "[ cases ] " << converted << " tensors\n";
}

TEST(LoadOptions, OnMetaTiesStayUnderAnotherType) {
  for (const std::string& file : kFiles) {
    SCOPED_TRACE(file);
    const auto read = load(path_of(file), {.dtype = kFloat64});
    const auto meta = load(path_of(file), {.map_location = kMeta, .dtype = kFloat64});
    ASSERT_EQ(meta.tensors().size(), read.tensors().size());
    for (std::size_t i = 0; i < read.tensors().size(); ++i) {
      EXPECT_EQ(meta.tensors()[i].storage, read.tensors()[i].storage);
      EXPECT_EQ(meta.tensors()[i].value.tensor().dtype(), read.tensors()[i].value.tensor().dtype());
    }
  }
}

TEST(LoadOptions, NumPyArraysAreNoTensorsToBeFilteredOrConverted) {
  const auto whole = load(path_of("zip/numpy_inside.pth")).root().at("array");
  const auto kept = load(path_of("zip/numpy_inside.pth"),
                         {.dtype = kFloat16, .filter = [](std::string_view) { return false; }})
                        .root()
                        .at("array");
  EXPECT_EQ(bytes_of(kept.tensor().tensor), bytes_of(whole.tensor().tensor));
  const auto floats =
      load(data_path("checkpoints/objects/np_f32_2.pth"), {.dtype = kFloat16}).root().at("value");
  EXPECT_EQ(floats.tensor().dtype(), "float32");
}

TEST(LoadOptions, WhatProgressThrowsEndsLoading) {
  struct Cancelled {};
  EXPECT_THROW(static_cast<void>(load(path_of("zip/mlp.pth"),
                                      {.mmap = false, .progress = [](auto, auto) { throw Cancelled{}; }})),
               Cancelled);
}

TEST(LoadOptions, ClassesThatAreNotDataCanBeRefused) {
  EXPECT_EQ(load(path_of("zip/namespace_args.pth")).root().at("args").as_text(), "argparse.Namespace");
  EXPECT_THROW(static_cast<void>(load(path_of("zip/namespace_args.pth"), {.refuse_objects = true})),
               FormatError);
  EXPECT_NO_THROW(static_cast<void>(load(path_of("zip/training.pth"), {.refuse_objects = true})));
}

}  // namespace
}  // namespace ballast::testing
