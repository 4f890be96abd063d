// The text of tensors, against what PyTorch printed for the same bytes.
#include "ballast/core/print.h"

#include <iomanip>
#include <iostream>
#include <sstream>
#include <thread>

#include "tests/support/golden.h"
#include <gtest/gtest.h>
#include <sys/mman.h>

namespace ballast {
namespace {

using testing::Json;

/// Puts PyTorch's defaults back when a test ends.
class PrintTest : public ::testing::Test {
 protected:
  void TearDown() override { set_printoptions({}); }
};

PrintOptions options_of(const Json& j) {
  PrintOptions o;
  const std::string profile = j.value("profile", "default");
  if (profile == "short") o = PrintOptions::short_profile();
  if (profile == "full") o = PrintOptions::full_profile();
  o.precision = j.value("precision", o.precision);
  o.threshold = j.value("threshold", o.threshold);
  o.edgeitems = j.value("edgeitems", o.edgeitems);
  o.linewidth = j.value("linewidth", o.linewidth);
  if (j.contains("sci_mode") && !j["sci_mode"].is_null()) o.sci_mode = j["sci_mode"].get<bool>();
  return o;
}

Tensor tensor_of(const Json& j) {
  const DType dtype = dtype_from_name(j["dtype"].get<std::string>()).value();
  const auto shape = j["shape"].get<std::vector<std::int64_t>>();
  const auto bytes = [&] { return testing::from_hex(j["data"]); };
  Tensor t;
  if (j.value("device", "cpu") == "meta") {
    t = empty(shape, TensorOptions(dtype).device(kMeta));
  } else if (j.contains("stride")) {
    const Tensor whole = testing::tensor_of_bytes(bytes(), dtype, {j["storage"].get<std::int64_t>()});
    t = whole.alias(shape, j["stride"].get<std::vector<std::int64_t>>(), 0);
  } else {
    t = testing::tensor_of_bytes(bytes(), dtype, shape);
  }
  const bool requires_grad = j["requires_grad"];
  if (j["kind"] == "parameter") return Parameter(t, requires_grad);
  t.requires_grad_(requires_grad);
  return t;
}

std::string text_of(const Json& row) {
  if (row["kind"] != "ordered_dict") return repr(tensor_of(row));
  OrderedDict<std::string, Tensor> dict;
  for (const auto& e : row["entries"]) dict.insert(e[0], tensor_of(e[1]));
  return repr(dict);
}

void expect_golden(const std::string& file) {
  std::size_t n = 0;
  for (const Json& row : testing::read_json_lines(file)) {
    set_printoptions(options_of(row.value("printoptions", Json::object())));
    if (row.contains("default_dtype"))
      set_default_dtype(dtype_from_name(row["default_dtype"].get<std::string>()).value());
    EXPECT_EQ(text_of(row), row["expected"].get<std::string>()) << row["name"];
    set_default_dtype(kFloat32);
    ++n;
  }
  std::cout << "[ cases ] " << n << " of " << file << "\n";
  EXPECT_GT(n, 0u);
}

TEST_F(PrintTest, GivesTheTextOfPyTorch) { expect_golden("print/cases.jsonl"); }

TEST_F(PrintTest, GivesTheTextOfPyTorchForRandomTensors) { expect_golden("print/more_cases.jsonl"); }

TEST_F(PrintTest, ShowsAnUndefinedTensorAsNone) { EXPECT_EQ(repr(Tensor()), "None"); }

TEST_F(PrintTest, ShowsShapesTypesAndDevices) {
  std::ostringstream os;
  os << empty({8, 4}).shape() << ' ' << empty({}).shape() << ' ' << IntArrayRef({2, 3}) << ' ' << kBFloat16
     << ' ' << Device(kMeta);
  EXPECT_EQ(os.str(), "torch.Size([8, 4]) torch.Size([]) [2, 3] torch.bfloat16 meta");
  EXPECT_EQ(fmt::format("{}, {}, {}", empty({8}).shape(), kInt64, Device(kCPU)),
            "torch.Size([8]), torch.int64, cpu");
}

TEST_F(PrintTest, PadsToTheWidthOfAFormat) {
  EXPECT_EQ(fmt::format("[{:20}]", empty({8, 4}).shape()), "[torch.Size([8, 4])  ]");
  EXPECT_EQ(fmt::format("[{:>20s}]", empty({8, 4}).shape()), "[  torch.Size([8, 4])]");
  EXPECT_EQ(fmt::format("{:_<12}", Tensor()), "None________");
  EXPECT_EQ(fmt::format("{:14}|", kFloat32), "torch.float32 |");
  std::ostringstream os;
  os << std::left << std::setw(20) << empty({8, 4}).shape() << '|';
  EXPECT_EQ(os.str(), "torch.Size([8, 4])  |");
}

TEST_F(PrintTest, EveryWayOfPrintingGivesOneText) {
  const Tensor t = Parameter(testing::tensor_of_bytes(std::string(24, '\x3f'), kFloat32, {2, 3}));
  OrderedDict<std::string, Tensor> dict{{"it's", t}};
  std::ostringstream os;
  os << t << '\n' << dict;
  EXPECT_EQ(os.str(), fmt::format("{}\n{}", t, dict));
  EXPECT_EQ(t.repr(), repr(t));
  EXPECT_EQ(repr(dict), "OrderedDict([(\"it's\", " + repr(t) + ")])");
  StateDict state;
  EXPECT_EQ(fmt::format("{}", state), "OrderedDict()");
}

TEST_F(PrintTest, OptionsAreThoseLastSet) {
  set_printoptions(PrintOptions::short_profile());
  EXPECT_EQ(get_printoptions().precision, 2);
  EXPECT_EQ(get_printoptions().edgeitems, 2);
  set_printoptions(PrintOptions::default_profile());
  EXPECT_EQ(get_printoptions().precision, 4);
  EXPECT_THROW(set_printoptions({.precision = -1}), ValueError);
  EXPECT_THROW(set_printoptions({.threshold = -1}), ValueError);
  EXPECT_THROW(set_printoptions({.edgeitems = -1}), ValueError);
  EXPECT_THROW(set_printoptions({.linewidth = -1}), ValueError);
  EXPECT_EQ(get_printoptions().precision, 4) << "a refused option changes nothing";
}

TEST_F(PrintTest, ThreadsMaySetAndUseOptionsAtOnce) {
  const Tensor t = testing::tensor_of_bytes(std::string(8, '\x3f'), kFloat32, {2});
  const std::string four = repr(t, {.precision = 4});
  const std::string two = repr(t, {.precision = 2});
  std::thread setter([] {
    for (int i = 0; i < 500; ++i) set_printoptions({.precision = i % 2 == 0 ? 2 : 4});
  });
  for (int i = 0; i < 500; ++i) {
    const std::string text = repr(t);
    EXPECT_TRUE(text == four || text == two) << text;
  }
  setter.join();
}

// A terabyte of address space without memory behind it: reading more than what is shown would run for hours.
TEST_F(PrintTest, ASummaryReadsOnlyWhatItShows) {
  constexpr std::size_t kBytes = std::size_t{1} << 40;
  void* p = mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) GTEST_SKIP() << "no terabyte of address space";
  const std::int64_t side = std::int64_t{1} << 19;
  const Tensor t = from_blob(p, {side, side});
  EXPECT_EQ(repr(t),
            "tensor([[0., 0., 0.,  ..., 0., 0., 0.],\n"
            "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "        ...,\n"
            "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "        [0., 0., 0.,  ..., 0., 0., 0.]])");
  EXPECT_EQ(repr(from_blob(p, {side * side}), {.edgeitems = 0}), "tensor([...], size=(274877906944,))");
  munmap(p, kBytes);
}

TEST_F(PrintTest, ReadsElementsAtAnyAddressAndAnyByteAsATruth) {
  std::string bytes("\0\x3f\x80\0\0\x40\0\0\0", 9);
  EXPECT_EQ(repr(from_blob(bytes.data() + 1, {1}, kFloat64)).substr(0, 7), "tensor(");
  bytes = std::string("\0\x02\xff", 3);
  EXPECT_EQ(repr(from_blob(bytes.data(), {3}, kBool)), "tensor([False,  True,  True])");
}

TEST_F(PrintTest, ManyDimensionsAreNoDifficulty) {
  const std::vector<std::int64_t> ones(500, 1);
  const std::string text = repr(testing::tensor_of_bytes(std::string(4, '\0'), kFloat32, ones));
  EXPECT_EQ(text, "tensor(" + std::string(500, '[') + "0." + std::string(500, ']') + ")");
}

}  // namespace
}  // namespace ballast
