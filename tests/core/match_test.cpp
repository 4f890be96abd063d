// What becomes of each name.
#include <iostream>
#include <string>

#include "tests/core/match_names.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/core/match/match_shapes.h"

namespace ballast {
namespace {

using testing::named;
using testing::names;
using testing::stack;
using Names = std::vector<std::string>;

Tensor filled(const Dims& shape, float value) {
  Tensor out = empty(shape);
  for (std::int64_t i = 0; i < out.numel(); ++i) out.data_ptr<float>()[i] = value;
  return out;
}

TEST(MatchTest, SameNamesAndShapesFit) {
  const MatchReport report = match(stack(3), stack(3));
  EXPECT_TRUE(report.fits());
  EXPECT_TRUE(report.loads(true));
  EXPECT_EQ(report.loaded.size(), stack(3).size());
  EXPECT_TRUE(report.cures.empty() && report.ties.empty() && report.dtype_changes.empty());
  EXPECT_EQ(report.text(), "30 of the model's 30 names loaded; the file has 30: it fits\n");
  EXPECT_TRUE(match({}, {}).fits());
}

TEST(MatchTest, EveryNameIsInOneList) {
  const NamedShapes file{named("same"), named("turned", {3, 2}), named("more", {5, 3}), named("gone")};
  const NamedShapes model{named("turned", {2, 3}), named("same"), named("new"), named("more")};
  const MatchReport report = match(file, model);
  EXPECT_EQ(names(report.loaded), (Names{"same"}));
  EXPECT_EQ(names(report.shape_mismatches), (Names{"turned", "more"}));
  EXPECT_EQ(names(report.missing), (Names{"new"}));
  EXPECT_EQ(names(report.unexpected), (Names{"gone"}));
  EXPECT_EQ(report.shape_mismatches[0].cause, ShapeCause::kTransposed);
  EXPECT_EQ(report.shape_mismatches[0].reason, "[3, 2] in the file, [2, 3] in the model: transposed?");
  EXPECT_FALSE(report.fits());
  EXPECT_FALSE(report.loads(false)) << "another shape is always an error";
}

TEST(MatchTest, ShapesThatDifferAreSkippedOrSlicedAsTheRulesSay) {
  const NamedShapes file{named("a", {5, 3}), named("b", {6}), named("c")};
  const NamedShapes model{named("a", {2, 4}), named("b", {2, 3}), named("c")};
  const MatchReport skip = match(file, model, {.on_shape_mismatch = OnShapeMismatch::kSkip});
  EXPECT_EQ(names(skip.skipped), (Names{"a", "b"}));
  EXPECT_TRUE(skip.loads(true));
  EXPECT_FALSE(skip.fits());
  const MatchReport slice = match(file, model, {.on_shape_mismatch = OnShapeMismatch::kSlice});
  EXPECT_EQ(names(slice.sliced), (Names{"a"}));
  EXPECT_EQ(names(slice.shape_mismatches), (Names{"b"})) << "another number of dimensions";
  EXPECT_FALSE(slice.loads(false));
}

TEST(MatchTest, TypesThatDifferAreCountedOrRefused) {
  const NamedShapes file{named("a", {1}, "float16"), named("b", {1}, "float16"), named("c", {1}, "float64"),
                         named("d", {1}, "quint8")};
  const NamedShapes model{named("a", {1}), named("b", {1}), named("c", {1}), named("d", {1})};
  const MatchReport cast = match(file, model);
  EXPECT_TRUE(cast.fits());
  ASSERT_EQ(cast.dtype_changes.size(), 3u);
  EXPECT_EQ(cast.dtype_changes[0].names, 2u);
  EXPECT_EQ(cast.dtype_changes[0].first, "a");
  EXPECT_TRUE(cast.dtype_changes[0].is_exact);
  EXPECT_FALSE(cast.dtype_changes[1].is_exact || cast.dtype_changes[2].is_exact);
  const MatchReport refuse = match(file, model, {.on_dtype_mismatch = OnDTypeMismatch::kRefuse});
  EXPECT_EQ(names(refuse.refused), (Names{"a", "b", "c", "d"}));
  EXPECT_EQ(refuse.refused[2].reason, "float64 in the file, float32 in the model");
  EXPECT_FALSE(refuse.loads(false));
}

TEST(MatchTest, FilterLeavesOutWhatItDoesNotDescribe) {
  const MatchReport report =
      match(named(Names{"body.a", "head.a"}), named(Names{"body.a", "head.a"}), {.filter = "body.*"});
  EXPECT_EQ(names(report.loaded), (Names{"body.a"}));
  EXPECT_EQ(report.left_out, (Names{"head.a"}));
  EXPECT_EQ(names(report.missing), (Names{"head.a"}));
  EXPECT_TRUE(report.unexpected.empty());
}

TEST(MatchTest, NamesThatAreOneAreRefused) {
  EXPECT_EQ(testing::text_of<KeyError>([] {
              std::ignore = match(named(Names{"a", "a"}), {});
            }),
            "the file has the name 'a' twice");
  EXPECT_EQ(testing::text_of<KeyError>([] {
              std::ignore = match({}, named(Names{"a", "a"}));
            }),
            "the model has the name 'a' twice");
  EXPECT_EQ(testing::text_of<KeyError>([] {
              std::ignore = match(named(Names{"m.a", "a"}), named(Names{"a"}), {.strip_prefix = "m."});
            }),
            "the rules give 'm.a' and 'a' one name, 'a'");
}

TEST(MatchTest, CauseOfEachDifferenceOfShapes) {
  using Cause = ShapeCause;
  struct Case {
    Dims file, model;
    Cause cause;
  };
  const Case cases[] = {
      {{8, 4}, {8, 4}, Cause::kEqual},
      {{1}, {}, Cause::kEqual},
      {{}, {1}, Cause::kSizesOfOne},
      {{8, 4}, {4, 8}, Cause::kTransposed},
      {{3, 3, 16, 32}, {32, 16, 3, 3}, Cause::kOtherOrder},
      {{8, 4, 1, 1}, {8, 4}, Cause::kSizesOfOne},
      {{1, 8}, {8}, Cause::kSizesOfOne},
      {{2, 12}, {24}, Cause::kReshaped},
      {{2, 12}, {4, 6}, Cause::kReshaped},
      {{1000, 512}, {10, 512}, Cause::kFirstSize},
      {{10}, {3}, Cause::kFirstSize},
      {{8, 4}, {8, 5}, Cause::kOneSize},
      {{8, 4}, {9, 5}, Cause::kSeveralSizes},
      {{8, 4}, {9}, Cause::kDimensions},
      {{0, 4}, {0, 5}, Cause::kOneSize},
      {{0}, {4, 0, 2}, Cause::kDimensions},
      {{INT64_MAX, 2}, {INT64_MAX, 4, 2}, Cause::kDimensions},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(shape_cause(c.file, c.model), c.cause)
        << shape_cause_name(shape_cause(c.file, c.model)) << ": " << shape_reason(c.cause, c.file, c.model);
  }
  std::cout << "[ cases ] " << std::size(cases) << " pairs of shapes\n";
}

TEST(MatchTest, ExactConversionsAreThoseThatKeepEveryValue) {
  const std::pair<const char*, const char*> exact[] = {
      {"float16", "float32"},   {"bfloat16", "float32"}, {"float32", "float64"},      {"bool", "float16"},
      {"uint8", "int16"},       {"uint8", "float16"},    {"int16", "float32"},        {"int32", "float64"},
      {"float32", "complex64"}, {"int8", "bfloat16"},    {"float8_e4m3fn", "float16"}};
  const std::pair<const char*, const char*> lossy[] = {
      {"float32", "float16"}, {"float32", "bfloat16"},  {"float16", "bfloat16"}, {"bfloat16", "float16"},
      {"int64", "float64"},   {"int64", "float32"},     {"int8", "uint8"},       {"float32", "int64"},
      {"float16", "bool"},    {"complex64", "float32"}, {"uint8", "int8"},       {"quint8", "float32"},
      {"int32", "float16"}};
  for (const auto& [from, to] : exact) EXPECT_TRUE(holds_every_value(to, from)) << from << " " << to;
  for (const auto& [from, to] : lossy) EXPECT_FALSE(holds_every_value(to, from)) << from << " " << to;
}

TEST(MatchTest, TiesOfTheModelAreMetOrNot) {
  const Tensor shared = filled({2, 3}, 1), same = filled({2, 3}, 1), other = filled({2, 3}, 2);
  NamedShapes model{named("a"), named("b"), named("c")};
  model[0].tie = model[2].tie = 0;
  struct Case {
    const char* what;
    StateDict file;
    MatchTie::Kind kind;
    bool differs;
    std::string stays;
  };
  using Kind = MatchTie::Kind;
  const Case cases[] = {
      {"tied in both", {{"a", shared}, {"b", other}, {"c", shared}}, Kind::kInBoth, false, ""},
      {"equal", {{"a", shared}, {"b", other}, {"c", same}}, Kind::kInModel, false, "c"},
      {"different",
       {{"a", shared}, {"b", other}, {"c", other.alias({2, 3}, {3, 1}, 0)}},
       Kind::kInModel,
       true,
       "c"},
      {"once", {{"a", shared}, {"b", other}}, Kind::kGivenOnce, false, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const MatchReport report = match(names_of(c.file), model);
    ASSERT_GE(report.ties.size(), 1u);
    EXPECT_EQ(report.ties[0].kind, c.kind);
    EXPECT_EQ(report.ties[0].names, (Names{"a", "c"}));
    EXPECT_EQ(report.ties[0].differs, c.differs);
    EXPECT_EQ(report.ties[0].stays, c.stays);
  }
}

TEST(MatchTest, OneOfTheTiedNamesIsEnoughIfToldSo) {
  NamedShapes model{named("a"), named("b"), named("c")};
  model[0].tie = model[2].tie = 0;
  const NamedShapes file = named(Names{"b", "c"});
  const MatchReport each = match(file, model);
  EXPECT_EQ(names(each.missing), (Names{"a"}));
  EXPECT_EQ(each.missing[0].reason, "one tensor with c, which the file has");
  const MatchReport once = match(file, model, {.tied_names = TiedNames::kOnce});
  EXPECT_TRUE(once.fits());
  EXPECT_EQ(names(once.loaded), (Names{"a", "b", "c"}));
  EXPECT_EQ(once.loaded[0].file_name, "c");
}

TEST(MatchTest, TiesOfTheFileThatTheModelDoesNotHaveAreSaid) {
  const Tensor shared = filled({2, 3}, 1);
  const StateDict file{{"a", shared}, {"b", shared}, {"c", filled({2, 3}, 1)}};
  const MatchReport report = match(names_of(file), named(Names{"a", "b", "c"}));
  ASSERT_EQ(report.ties.size(), 1u);
  EXPECT_EQ(report.ties[0].kind, MatchTie::Kind::kInFile);
  EXPECT_EQ(report.ties[0].names, (Names{"a", "b"}));
  EXPECT_TRUE(report.fits()) << "it loads; only training would part them";
}

TEST(MatchTest, ViewsThatDifferAreNoTies) {
  const Tensor base = filled({2, 3}, 1);
  const StateDict dict{{"whole", base},
                       {"turned", base.alias({3, 2}, {1, 3}, 0)},
                       {"row", base.alias({3}, {1}, 0)},
                       {"second", base.alias({3}, {1}, 3)},
                       {"empty", base.alias({0}, {1}, 0)},
                       {"again", base.alias({0}, {1}, 0)},
                       {"none", Tensor()}};
  const NamedShapes listed = names_of(dict);
  EXPECT_EQ(listed.size(), 6u);
  for (const NamedShape& n : listed) EXPECT_EQ(n.tie, NamedShape::kAlone) << n.name;
}

TEST(MatchTest, ValuesOfViewsWithoutMeasureAreNotSpeltOut) {
  const Tensor one = filled({1}, 1), two = filled({1}, 2);
  const std::int64_t huge = std::int64_t{1} << 40;
  NamedShapes model{named("a", {huge}), named("b", {huge})};
  model[0].tie = model[1].tie = 0;
  const StateDict file{{"a", one.alias({huge}, {0}, 0)}, {"b", two.alias({huge}, {0}, 0)}};
  const MatchReport report = match(names_of(file), model);
  ASSERT_EQ(report.ties.size(), 1u);
  EXPECT_EQ(report.ties[0].kind, MatchTie::Kind::kInModel);
  EXPECT_FALSE(report.ties[0].differs) << "not seen";
}

TEST(MatchTest, SubtreesAreCounted) {
  const MatchReport report = match(named(Names{"body.a", "body.b", "neck.a"}),
                                   named(Names{"body.a", "body.b", "neck.a", "neck.b", "head.w", "scale"}));
  ASSERT_EQ(report.subtrees.size(), 4u);
  EXPECT_EQ(report.subtrees[0].path, "body.");
  EXPECT_EQ(report.subtrees[0].loaded, 2u);
  EXPECT_EQ(report.subtrees[1].loaded, 1u);
  EXPECT_EQ(report.subtrees[2].loaded, 0u);
  EXPECT_EQ(report.subtrees[3].path, "scale");
  EXPECT_NE(report.text().find("\n  all names fit under body. (2)\n"), std::string::npos) << report.text();
}

}  // namespace
}  // namespace ballast
