// tests/data/modules/load_state_dict.json: texts, results, and which entries changed.
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tests/nn/models.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::bytes_of;
using testing::Json;
using Change = std::function<void(StateDict&)>;

Change drop(const std::vector<std::string>& names) {
  return [names](StateDict& s) {
    for (const std::string& name : names) s.erase(name);
  };
}
Change put(const std::string& name, const Tensor& value) {
  return [name, value](StateDict& s) { s.assign(name, value); };
}
Change chain(const std::vector<Change>& changes) {
  return [changes](StateDict& s) {
    for (const Change& change : changes) change(s);
  };
}
Change each(const std::function<Tensor(const Tensor&)>& f) {
  return [f](StateDict& s) {
    for (auto& item : s) item.value() = f(item.value());
  };
}
Change keep(const std::function<bool(const std::string&)>& wanted) {
  return [wanted](StateDict& s) {
    for (const std::string& name : s.keys()) {
      if (!wanted(name)) s.erase(name);
    }
  };
}
void nothing(StateDict& /*state*/) {}
void reverse(StateDict& s) {
  StateDict out;
  for (std::size_t i = s.size(); i > 0; --i) out.insert(s[i - 1].key(), s[i - 1].value());
  s = out;
}
void under_another_prefix(StateDict& s) {
  StateDict out;
  for (const auto& [name, value] : s) out.insert("module." + name, value);
  s = out;
}
void first_three(StateDict& s) {
  while (s.size() > 3) s.erase(std::string(s.back().key()));
}

/// What modulesfix.py does to the dictionary in each case.
const std::map<std::string, Change>& changes() {
  static const std::map<std::string, Change> table{
      {"exact", nothing},
      {"missing one", drop({"2.bias"})},
      {"missing two", drop({"0.weight", "2.bias"})},
      {"unexpected one", put("3.weight", zeros({1}))},
      {"unexpected under an existing leaf", put("0.weight.x", zeros({1}))},
      {"unexpected beside an existing leaf", put("0.scale", zeros({1}))},
      {"unexpected at the top", put("scale", zeros({1}))},
      {"missing and unexpected",
       chain({drop({"0.bias"}), put("9.bias", zeros({1})), put("8.bias", zeros({1}))})},
      {"size mismatch", put("0.weight", zeros({8, 5}))},
      {"size mismatch 1-d", put("2.bias", zeros({2}))},
      {"size mismatch two", chain({put("0.weight", zeros({4, 8})), put("2.weight", zeros({8}))})},
      {"0-d given for shape (1,)", put("2.bias", tensor(5.0))},
      {"shape (1,) given for 0-d buffer", put("scale", tensor({5.0}))},
      {"all three kinds", chain({drop({"0.bias"}), put("x", zeros({1})), put("2.weight", zeros({2, 8}))})},
      {"empty dictionary", [](StateDict& s) { s.clear(); }},
      {"wrong prefix", under_another_prefix},
      {"None value", put("2.bias", Tensor())},
      {"other dtype f64", each([](const Tensor& t) { return t.to(kFloat64); })},
      {"int values", each([](const Tensor& t) { return t.mul(10).to(kInt32); })},
      {"half values", each([](const Tensor& t) { return t.to(kFloat16); })},
      {"assign=True f64", each([](const Tensor& t) { return t.to(kFloat64); })},
      {"many missing", first_three},
      {"order does not matter", reverse},
      {"rnn sizes", put("rnn.weight_ih_l1", zeros({24, 5}))},
      {"tied, one name given", drop({"decoder.weight"})},
      {"tied, names disagree", put("decoder.weight", full({10, 6}, 2.0))},
      {"buffer missing", drop({"scale", "bn.num_batches_tracked"})},
      {"non-persistent buffer given", put("pe", zeros({4, 6}))},
      {"None buffer given", put("absent", zeros({1}))},
      {"None parameter given", put("nothing", zeros({1}))},
      {"num_batches_tracked missing, no metadata",
       keep([](const std::string& name) { return !name.ends_with("num_batches_tracked"); })},
      {"deep sharing exact", nothing},
      {"deep sharing partial", keep([](const std::string& name) { return name.starts_with("first"); })},
      {"containers missing", drop({"layers.1.bias", "scales.2", "table.beta"})},
      {"containers unexpected", chain({put("scales.3", zeros({2})), put("layers.2.weight", zeros({1})),
                                       put("branches.middle.weight", zeros({1}))})},
  };
  return table;
}

/// Cases whose dictionary holds what is no tensor, or is no dictionary.
bool is_cpp(const std::string& name) { return name != "not a tensor" && name != "list given"; }

std::map<std::string, std::string> bytes_by_name(const nn::Module& m) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : m.state_dict()) out[name] = bytes_of(value);
  return out;
}

bool same_values(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() && a.to(kFloat64).equal(b.to(kFloat64));
}

void expect_outcome(const Json& row, bool atomic) {
  const auto source = testing::make_model(row["model"], 0);
  const auto model = testing::make_model(row["model"], 1);
  StateDict state;  // by hand: without metadata
  for (const auto& [name, value] : source->state_dict()) state.insert(name, value);
  changes().at(row["name"])(state);
  const bool assign = row.contains("kwargs") && row["kwargs"].value("assign", false);

  const auto before = bytes_by_name(*model);
  try {
    const nn::IncompatibleKeys keys =
        model->load_state_dict(state, {.strict = row["strict"], .assign = assign, .atomic = atomic});
    EXPECT_TRUE(row["raises"].is_null()) << "no error";
    EXPECT_EQ(keys.repr(), row["result"].get<std::string>());
    EXPECT_EQ(Json(keys.missing_keys), row["missing_keys"]);
    EXPECT_EQ(Json(keys.unexpected_keys), row["unexpected_keys"]);
  } catch (const Error& e) {
    EXPECT_EQ(e.what(), row.value("message", "no error"));
  }
  const bool refused = atomic && !row["raises"].is_null();
  const auto after = bytes_by_name(*model);
  Json changed = Json::array();
  Json as_given = Json::array();
  for (const auto& [name, value] : model->state_dict()) {
    if (after.at(name) != before.at(name)) changed.push_back(name);
    const Tensor* given = state.find(name);
    if (given != nullptr && given->defined() && same_values(value, *given)) as_given.push_back(name);
  }
  if (refused) {
    EXPECT_EQ(changed, Json::array());
  } else {
    EXPECT_EQ(changed, row["changed"]);
    EXPECT_EQ(as_given, row["same_as_given"]);
  }
}

void run_all(bool atomic) {
  int cases = 0;
  int left_out = 0;
  for (const Json& row : testing::read_json("modules/load_state_dict.json")) {
    SCOPED_TRACE(row["name"].get<std::string>() + (row["strict"].get<bool>() ? ", strict" : ""));
    if (!is_cpp(row["name"])) {
      ++left_out;
      continue;
    }
    expect_outcome(row, atomic);
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " of modules/load_state_dict.json, " << left_out
            << " that C++ does not compile\n";
  EXPECT_GT(cases, 0);
}

TEST(LoadStateDictGolden, OutcomeIsThatOfPyTorch) { run_all(false); }
TEST(LoadStateDictGolden, NothingChangesWhereItIsRefused) { run_all(true); }

}  // namespace
}  // namespace ballast
