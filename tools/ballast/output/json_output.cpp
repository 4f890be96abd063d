#include "tools/ballast/output/json_output.h"

#include <algorithm>
#include <vector>

#include "tools/ballast/files/sha256.h"
#include "tools/ballast/output/json_data.h"

namespace ballast::tool {
namespace {

using checkpoint::Layout;
using checkpoint::NamedTensor;
using checkpoint::TensorValue;

void write_integers(JsonWriter& json, IntArrayRef values) {
  json.begin_array();
  for (const std::int64_t v : values) json.number(v);
  json.end_array();
}

void write_row(JsonWriter& json, const inspect::TensorRow& row, bool hash) {
  const TensorValue& value = row.value();
  const bool strided = !value.sparse;
  json.begin_object();
  json.key("name"), json.string(row.tensor->name);
  json.key("dtype"), json.string(value.dtype());
  json.key("shape"), write_integers(json, value.sizes());
  json.key("stride"), strided ? write_integers(json, value.tensor.strides()) : json.null();
  json.key("storage"),
      row.tensor->storage == NamedTensor::kNoStorage ? json.null() : json.number(row.tensor->storage);
  json.key("offset"), strided ? json.number(value.tensor.storage_offset()) : json.null();
  json.key("numel"), json.number(row.parameters);
  json.key("bytes"), json.number(row.bytes);
  json.key("requires_grad"), json.boolean(value.requires_grad);
  if (value.layout != Layout::kStrided)
    json.key("layout"), json.string(checkpoint::layout_name(value.layout));
  if (value.conj) json.key("conj"), json.boolean(true);
  if (value.neg) json.key("neg"), json.boolean(true);
  if (row.is_on_meta()) json.key("device"), json.string("meta");
  if (hash) {
    json.key("sha256");
    const std::optional<std::string> digest = tensor_sha256(value);
    digest ? json.string(*digest) : json.null();
  }
  json.end_object();
}

void write_totals(JsonWriter& json, const inspect::TensorTotals& totals) {
  json.begin_object();
  json.key("tensors"), json.number(totals.tensors);
  json.key("parameters"), json.number(totals.parameters);
  json.key("parameters_unique"), json.number(totals.parameters_unique);
  json.key("bytes"), json.number(totals.bytes);
  json.key("bytes_unique"), json.number(totals.bytes_unique);
  json.end_object();
}

/// Whether each storage of the file is shown: all of them, or with a filter those under the tensors that it let pass.
std::vector<bool> storages_shown(const checkpoint::Checkpoint& file, const inspect::TensorListing& listing,
                                 bool filtered) {
  std::vector<bool> shown(file.storages().size(), !filtered);
  for (const inspect::TensorRow& row : listing.rows) {
    if (row.tensor->storage != NamedTensor::kNoStorage) shown[row.tensor->storage] = true;
  }
  return shown;
}

}  // namespace

void write_json(JsonWriter& json, const checkpoint::Checkpoint& file, const inspect::TensorListing& listing,
                const JsonOptions& options) {
  constexpr auto kLines = JsonWriter::Layout::kLines;
  json.begin_object(kLines);
  json.key("file"), json.string(file.file().native());
  json.key("format"), json.string(file.format());
  if (options.filter) json.key("filter"), json.string(*options.filter);

  json.key("tensors"), json.begin_array(kLines);
  for (const inspect::TensorRow& row : listing.rows) write_row(json, row, options.hash);
  json.end_array();

  json.key("storages"), json.begin_array(kLines);
  const std::vector<bool> shown = storages_shown(file, listing, options.filter.has_value());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (!shown[i]) continue;
    json.begin_object();
    json.key("id"), json.number(i);
    json.key("bytes"), json.number(file.storages()[i].storage.nbytes());
    json.end_object();
  }
  json.end_array();

  json.key("shared"), json.begin_array(kLines);
  for (const std::vector<std::size_t>& group : listing.shared) {
    json.begin_array();
    for (const std::size_t row : group) json.string(listing.rows[row].tensor->name);
    json.end_array();
  }
  json.end_array();

  json.key("data"), write_json_data(json, file);
  json.key("totals"), write_totals(json, listing.totals);
  if (!file.all_tensors_listed()) json.key("all_tensors_listed"), json.boolean(false);
  json.end_object();
}

}  // namespace ballast::tool
