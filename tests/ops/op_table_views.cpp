#include "tests/ops/op_table.h"

#include "ballast/ops/copy.h"
#include "ballast/ops/join.h"
#include "ballast/ops/view.h"

namespace ballast::testing {

void add_views_and_copies(std::map<std::string, Run>& table) {
  const auto add = [&](const char* name, const std::function<Tensor(const Tensor&, const Call&)>& f) {
    table[name] = [f](const Call& c) -> Results { return {f(c.tensor(0), c)}; };
  };
  add("slice", [](const Tensor& t, const Call& c) {
    return t.slice(c.integer(1), c.optional_integer(2), c.optional_integer(3), c.integer(4));
  });
  add("select", [](const Tensor& t, const Call& c) { return t.select(c.integer(1), c.integer(2)); });
  add("narrow",
      [](const Tensor& t, const Call& c) { return t.narrow(c.integer(1), c.integer(2), c.integer(3)); });
  add("t", [](const Tensor& t, const Call&) { return t.t(); });
  add("transpose", [](const Tensor& t, const Call& c) { return t.transpose(c.integer(1), c.integer(2)); });
  add("permute", [](const Tensor& t, const Call& c) { return t.permute(c.list(1)); });
  add("view", [](const Tensor& t, const Call& c) { return t.view(c.list(1)); });
  add("reshape", [](const Tensor& t, const Call& c) { return t.reshape(c.list(1)); });
  add("expand", [](const Tensor& t, const Call& c) { return t.expand(c.list(1)); });
  add("flatten", [](const Tensor& t, const Call& c) { return t.flatten(c.integer(1), c.integer(2)); });
  add("squeeze", [](const Tensor& t, const Call& c) { return t.squeeze(c.integer(1)); });
  add("unsqueeze", [](const Tensor& t, const Call& c) { return t.unsqueeze(c.integer(1)); });
  add("diagonal",
      [](const Tensor& t, const Call& c) { return t.diagonal(c.integer(1), c.integer(2), c.integer(3)); });
  add("as_strided", [](const Tensor& t, const Call& c) {
    return t.as_strided(c.list(1), c.list(2), c.optional_integer(3));
  });
  add("view_as_real", [](const Tensor& t, const Call&) { return t.view_as_real(); });
  add("to", [](const Tensor& t, const Call& c) { return t.to(*c.dtype()); });
  add("clone", [](const Tensor& t, const Call&) { return t.clone(); });
  add("contiguous", [](const Tensor& t, const Call&) { return t.contiguous(); });
  add("repeat", [](const Tensor& t, const Call& c) { return t.repeat(c.list(1)); });
  table["cat"] = [](const Call& c) -> Results { return {cat(c.tensors(0), c.integer(1))}; };
  table["stack"] = [](const Call& c) -> Results { return {stack(c.tensors(0), c.integer(1))}; };
  table["copy_"] = inplace_case([](const Tensor& t, const Call& c) { t.copy_(c.tensor(1)); });
}

}  // namespace ballast::testing
