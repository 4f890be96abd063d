// tests/data/modules/access.json: reaching and registering by name and position, results and errors.
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <typeinfo>
#include <vector>

#include "tests/nn/models.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/core/print.h"
#include "ballast/ops/factories.h"

namespace ballast {
namespace {

using testing::Json;

/// `Parameter(8, 4)`, `Tensor()`, `NoneType`: how the golden file shows tensors.
std::string shown(const Tensor& t) {
  if (!t.defined()) return "NoneType";
  return (t.is_parameter() ? "Parameter" : "Tensor") + python_tuple(t.sizes());
}
std::string shown(const std::shared_ptr<nn::Module>& m) { return m->class_name(); }

/// What stands between `prefix` and `suffix` in a text of that form.
std::optional<std::string> between(const std::string& text, const std::string& prefix,
                                   const std::string& suffix) {
  if (!text.starts_with(prefix) || !text.ends_with(suffix) || text.size() < prefix.size() + suffix.size()) {
    return std::nullopt;
  }
  return text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
}

using Calls = std::map<std::string, std::function<std::string()>>;

/// Python's result of a call, as its repr.
std::string result_of(const std::string& model, const std::string& call) {
  static const Calls others = {
      {"len(model)",
       [] {
         return std::to_string(
             std::static_pointer_cast<nn::SequentialImpl>(testing::make_model("mlp"))->size());
       }},
      {"model.foo", [] { return python_repr(shown(testing::make_model("mlp")->child("foo"))); }},
      {"model[1].weight", [] { return python_repr(shown(nn::ReLU()->parameter("weight"))); }},
      {"model.bias = None; list(state_dict()), repr",
       [] {
         nn::Linear l(2, 2);
         l->bias = Tensor();
         return fmt::format("({}, {})", python_list(l->state_dict().keys()), python_repr(l->repr()));
       }},
      {"del model.bias; names",
       [] {
         nn::Linear l(2, 2);
         l->unregister_parameter("bias");
         return python_list(l->named_parameters().keys());
       }},
      {"model(1)",
       [] {
         const auto m = std::make_shared<nn::Module>();
         return shown((*m)(ones({1})));
       }},
      {"ModuleDict({'a.b': Linear})",
       [] {
         return nn::ModuleDict {
           { "a.b", nn::Linear(2, 2) }
           } -> repr();
       }},
  };
  if (const auto at = others.find(call); at != others.end()) return at->second();

  const auto m = model == "Linear(2, 2)" ? nn::Linear(2, 2).module_ptr() : testing::make_model(model);
  if (const auto path = between(call, "get_parameter('", "')"))
    return python_repr(shown(m->get_parameter(*path)));
  if (const auto path = between(call, "get_buffer('", "')")) return python_repr(shown(m->get_buffer(*path)));
  if (const auto path = between(call, "get_submodule('", "')"))
    return python_repr(shown(m->get_submodule(*path)));
  if (const auto index = between(call, "model[", "]")) {
    return python_repr(shown((*std::static_pointer_cast<nn::SequentialImpl>(m))[std::stoll(*index)]));
  }
  if (const auto name = between(call, "register_parameter('", "', Parameter)")) {
    m->register_parameter(*name, Parameter(zeros({1})));
    return "None";
  }
  if (const auto name = between(call, "register_buffer('", "', tensor)")) {
    m->register_buffer(*name, zeros({1}));
    return "None";
  }
  if (const auto name = between(call, "add_module('", "', Linear)")) {
    m->add_module(*name, nn::Linear(1, 1));
    return "None";
  }
  throw std::runtime_error("no such call: " + call);
}

/// Calls that are no C++ programs: the compiler refuses their types, or C++ has made the base class by then.
const std::map<std::string, std::string> kNoCpp = {
    {"register_parameter(3, Parameter)", "names are strings"},
    {"register_buffer(3, tensor)", "names are strings"},
    {"add_module(3, Linear)", "names are strings"},
    {"register_buffer('x', 3)", "values are tensors"},
    {"add_module('x', 3)", "children are modules"},
    {"ModuleList([Linear, 3])", "children are modules"},
    {"Sequential(Linear, 3)", "children are modules"},
    {"assign a module", "the base class is constructed first"},
    {"assign a parameter", "the base class is constructed first"},
};

/// Calls where Ballast does as libtorch does: registration_test.cpp and containers_test.cpp say what.
const std::map<std::string, std::string> kAsLibtorch = {
    {"register_parameter('x', tensor)", "a plain tensor becomes a parameter"},
    {"register_parameter('x', non-leaf)", "so does the result of a computation"},
    {"model.weight = tensor", "a member takes any tensor"},
    {"ModuleDict()['x']", "the text names the key"},
};

/// str() of Python's KeyError is the repr of its text.
std::string message(const Json& row, const std::string& text) {
  return row["raises"] == "KeyError" ? python_repr(text) : text;
}

template <class E>
bool is(const Error& e) {
  return dynamic_cast<const E*>(&e) != nullptr;
}

bool is_of_kind(const Error& e, const std::string& python) {
  if (python == "AttributeError" || python == "KeyError") return is<KeyError>(e);
  if (python == "IndexError") return is<IndexError>(e);
  if (python == "NotImplementedError") return is<NotImplementedError>(e);
  return false;
}

TEST(Access, ResultsAndErrorsAreThoseOfPyTorch) {
  int cases = 0;
  int left_out = 0;
  for (const Json& row : testing::read_json("modules/access.json")) {
    const std::string call = row["call"];
    SCOPED_TRACE(row["model"].get<std::string>() + ": " + call);
    if (kNoCpp.contains(call) || kAsLibtorch.contains(call)) {
      ++left_out;
      continue;
    }
    ++cases;
    try {
      const std::string result = result_of(row["model"], call);
      EXPECT_TRUE(row["raises"].is_null()) << "no error, but " << result;
      EXPECT_EQ(result, row.value("result", ""));
    } catch (const Error& e) {
      ASSERT_FALSE(row["raises"].is_null()) << e.what();
      EXPECT_EQ(message(row, e.what()), row["message"].get<std::string>());
      EXPECT_TRUE(is_of_kind(e, row["raises"])) << typeid(e).name();
    }
  }
  std::cout << "[ cases ] " << cases << " of modules/access.json, " << left_out
            << " that C++ does not compile or libtorch decides\n";
  EXPECT_GT(cases, 0);
  EXPECT_EQ(left_out, static_cast<int>(kNoCpp.size() + kAsLibtorch.size()));
}

}  // namespace
}  // namespace ballast
