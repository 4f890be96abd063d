// Every listing of tests/data/modules/MODEL.json: names, order, shapes, types, flags, and which objects are one.
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/nn/models.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

namespace ballast {
namespace {

using testing::Json;

/// Numbers objects in the order in which they are first seen, as the golden files do.
class Ids {
 public:
  std::size_t of(const void* object) { return table_.emplace(object, table_.size()).first->second; }
  std::size_t of(const Tensor& t) { return of(static_cast<const void*>(t.unsafeGetTensorImpl())); }
  std::size_t of(const nn::Module& m) { return of(static_cast<const void*>(&m)); }

 private:
  std::map<const void*, std::size_t> table_;
};

/// What a golden file's key says: `named_parameters(prefix='p', recurse=True, remove_duplicate=False)`.
struct Call {
  std::string name;
  std::map<std::string, std::string> arguments;

  explicit Call(const std::string& text) {
    const std::size_t open = text.find('(');
    name = text.substr(0, open);
    for (std::size_t at = open + 1; text[at] != ')';) {
      const std::size_t equals = text.find('=', at);
      const std::size_t end = text.find_first_of(",)", equals);
      arguments[text.substr(at, equals - at)] = text.substr(equals + 1, end - equals - 1);
      at = text[end] == ',' ? end + 2 : end;
    }
  }
  [[nodiscard]] std::string prefix() const {
    const std::string& quoted = arguments.at("prefix");
    return quoted.substr(1, quoted.size() - 2);
  }
  [[nodiscard]] bool flag(const std::string& argument) const { return arguments.at(argument) == "True"; }
};

Json tensor_rows(const OrderedDict<std::string, Tensor>& listed, Ids& ids) {
  Json rows = Json::array();
  for (const auto& [name, t] : listed) {
    rows.push_back({name, t.sizes().vec(), dtype_name(t.dtype()), t.requires_grad(), ids.of(t)});
  }
  return rows;
}

Json module_rows(const OrderedDict<std::string, std::shared_ptr<nn::Module>>& listed, Ids& ids) {
  Json rows = Json::array();
  for (const auto& [name, m] : listed) rows.push_back({name, m->class_name(), ids.of(*m)});
  return rows;
}

Json module_rows(const std::vector<std::shared_ptr<nn::Module>>& listed, Ids& ids) {
  Json rows = Json::array();
  for (const auto& m : listed) rows.push_back({m->class_name(), ids.of(*m)});
  return rows;
}

Json id_rows(const std::vector<Tensor>& listed, Ids& ids) {
  Json rows = Json::array();
  for (const Tensor& t : listed) rows.push_back(ids.of(t));
  return rows;
}

std::int64_t numel(const std::vector<Tensor>& tensors, bool only_trained = false) {
  std::int64_t sum = 0;
  for (const Tensor& t : tensors) {
    if (t.requires_grad() || !only_trained) sum += t.numel();
  }
  return sum;
}

Json apply_order(nn::Module& m, Ids& ids) {
  Json rows = Json::array();
  m.apply([&](nn::Module& x) { rows.push_back({x.class_name(), ids.of(x)}); });
  return rows;
}

Json state_rows(const StateDict& state) {
  Json rows = Json::array();
  for (const auto& [name, t] : state) rows.push_back({name, t.sizes().vec(), dtype_name(t.dtype())});
  return rows;
}

Json metadata_rows(const StateDict& state) {
  Json rows = Json::array();
  for (const auto& m : state.metadata) rows.push_back({m.path, {{"version", m.version}}});
  return rows;
}

Json shared_rows(const StateDict& state) {
  std::vector<std::pair<std::pair<void*, std::vector<std::int64_t>>, std::vector<std::string>>> groups;
  for (const auto& [name, t] : state) {
    if (t.numel() == 0) continue;
    const auto place = std::pair(t.data_ptr(), t.sizes().vec());
    auto at = std::ranges::find(groups, place, [](const auto& g) { return g.first; });
    if (at == groups.end()) at = groups.insert(at, {place, {}});
    at->second.push_back(name);
  }
  Json rows = Json::array();
  for (const auto& [place, names] : groups) {
    if (names.size() > 1) rows.push_back(names);
  }
  return rows;
}

Json result_of(nn::Module& m, const std::string& key, Ids& ids) {
  if (key == "repr") return m.repr();
  if (key == "children()") return module_rows(m.children(), ids);
  if (key == "named_children()") return module_rows(m.named_children(), ids);
  if (key == "modules()") return module_rows(m.modules(), ids);
  if (key == "parameters()") return id_rows(m.parameters(), ids);
  if (key == "buffers()") return id_rows(m.buffers(), ids);
  if (key == "apply order") return apply_order(m, ids);
  if (key == "state_dict()") return state_rows(m.state_dict());
  if (key == "state_dict()._metadata") return metadata_rows(m.state_dict());
  if (key == "shared in state_dict() (by memory)") return shared_rows(m.state_dict());
  if (key == "numel of parameters()") return numel(m.parameters());
  if (key == "numel with requires_grad") return numel(m.parameters(), true);
  if (key == "numel of named_parameters(remove_duplicate=False)") {
    return numel(m.named_parameters({.remove_duplicate = false}).values());
  }
  const Call call(key);
  if (call.name == "state_dict") return m.state_dict({.prefix = call.prefix()}).keys();
  if (call.name == "named_modules") {
    return module_rows(
        m.named_modules({.prefix = call.prefix(), .remove_duplicate = call.flag("remove_duplicate")}), ids);
  }
  const nn::NamedOptions options{.prefix = call.prefix(),
                                 .recurse = call.flag("recurse"),
                                 .remove_duplicate = call.flag("remove_duplicate")};
  if (call.name == "named_parameters") return tensor_rows(m.named_parameters(options), ids);
  if (call.name == "named_buffers") return tensor_rows(m.named_buffers(options), ids);
  throw std::runtime_error("no such listing: " + key);
}

TEST(ModuleListings, AreThoseOfPyTorch) {
  int cases = 0;
  for (const auto& [name, make] : testing::model_table()) {
    const Json golden = testing::read_json("modules/" + name + ".json");
    const auto model = testing::make_model(name);
    Ids ids;
    for (const auto& [key, expected] : golden.items()) {
      if (key == "model") continue;
      SCOPED_TRACE(name + ": " + key);
      EXPECT_EQ(result_of(*model, key, ids), expected);
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " listings of " << testing::model_table().size() << " models\n";
  EXPECT_GT(cases, 0);
}

TEST(ModuleListings, KeptVariablesAreTheParametersThemselves) {
  for (const auto& [name, make] : testing::model_table()) {
    SCOPED_TRACE(name);
    const auto model = testing::make_model(name);
    const auto listed = model->named_parameters({.remove_duplicate = false});
    const StateDict kept = model->state_dict({.keep_vars = true});
    const StateDict detached = model->state_dict();
    EXPECT_EQ(kept.keys(), detached.keys());
    for (const auto& [path, p] : listed) {
      EXPECT_TRUE(kept[path].is_same(p));
      EXPECT_FALSE(detached[path].is_same(p));
      EXPECT_FALSE(detached[path].requires_grad());
      EXPECT_FALSE(detached[path].is_parameter());
      EXPECT_EQ(detached[path].data_ptr(), p.data_ptr());
    }
  }
}

TEST(ModuleListings, SharedFormsAgreeWithNamedOnes) {
  for (const auto& [name, make] : testing::model_table()) {
    SCOPED_TRACE(name);
    const auto model = testing::make_model(name);
    for (const bool recurse : {true, false}) {
      const auto same = [](const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
        return std::ranges::equal(a, b, [](const Tensor& x, const Tensor& y) { return x.is_same(y); });
      };
      EXPECT_TRUE(same(model->parameters(recurse), model->named_parameters(recurse).values()));
      EXPECT_TRUE(same(model->buffers(recurse), model->named_buffers(recurse).values()));
    }
    auto below = model->modules(false);
    EXPECT_EQ(below.size() + 1, model->modules().size());
    EXPECT_EQ(model->named_modules({.include_self = false}).values(), below);
    EXPECT_EQ(model->named_modules("", false).values(), below);
    EXPECT_EQ(model->named_children().values(), model->children());
  }
}

TEST(ModuleListings, EveryListedPathLeadsBackToWhatItNames) {
  int paths = 0;
  for (const auto& [name, make] : testing::model_table()) {
    SCOPED_TRACE(name);
    const auto model = testing::make_model(name);
    for (const auto& [path, p] : model->named_parameters({.remove_duplicate = false})) {
      EXPECT_TRUE(model->get_parameter(path).is_same(p)) << path;
      ++paths;
    }
    for (const auto& [path, b] : model->named_buffers({.remove_duplicate = false})) {
      EXPECT_TRUE(model->get_buffer(path).is_same(b)) << path;
      ++paths;
    }
    for (const auto& [path, m] : model->named_modules({.remove_duplicate = false})) {
      EXPECT_EQ(model->get_submodule(path), m) << path;
      ++paths;
    }
  }
  std::cout << "[ cases ] " << paths << " paths\n";
}

}  // namespace
}  // namespace ballast
