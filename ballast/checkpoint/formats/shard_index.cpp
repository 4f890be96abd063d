#include "ballast/checkpoint/formats/shard_index.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/formats/safetensors_ties.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/json_tree.h"
#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kLongestIndex = 100'000'000;

/// Names for a message: the first few, and how many more.
class NameList {
 public:
  void add(std::string_view name) {
    constexpr std::size_t kShown = 8;
    if (count_++ < kShown) shown_.push_back(fmt::format("'{}'", shown_name(name)));
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::string text() const {
    std::string out = fmt::format("{}", fmt::join(shown_, ", "));
    if (count_ > shown_.size()) out += fmt::format(" and {} more", count_ - shown_.size());
    return out;
  }

 private:
  std::vector<std::string> shown_;
  std::size_t count_ = 0;
};

/// Whether a file's name is one in the folder of the index.
bool stays_in_folder(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

bool is_weights(std::string_view format) { return format == "safetensors" || format.starts_with("torch-"); }

class ShardedSet {
 public:
  ShardedSet(const std::shared_ptr<InputFile>& file, const LoadOptions& options)
      : file_(file), path_(file->name()), options_(options) {}

  Checkpoint load() {
    read_index();
    find_files();
    load_parts();
    return merged();
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const { throw FormatError(reason, file_->name()); }

  void read_index() {
    if (file_->size() > kLongestIndex)
      fail(fmt::format("an index of {} bytes: at most {} are read", file_->size(), kLongestIndex));
    std::string text(file_->size(), '\0');
    file_->read(0, text.data(), text.size());
    index_ = read_json(std::move(text), {file_->name(), "", 0});
    const auto map = index_.find("weight_map");
    if (!map || !map->is_mapping()) fail("there is no object 'weight_map': this is no index of shards");
    NameList outside;
    for (std::size_t i = 0; i < map->size(); ++i) {
      const std::string_view name = map->key(i).as_text();
      const Value file = map->value(i);
      if (!file.is(Kind::kStr)) {
        fail(fmt::format("weight_map: '{}' should be in a file, and is in {}", shown_name(name),
                         kind_phrase(file.kind())));
      }
      if (!stays_in_folder(file.as_text())) outside.add(file.as_text());
      names_[file.as_text()].push_back(name);
      file_of_.emplace(name, file.as_text());
    }
    if (!outside.empty()) fail(fmt::format("shards outside the folder of the index: {}", outside.text()));
    read_metadata();
  }

  void read_metadata() {
    const auto metadata = index_.find("metadata");
    if (!metadata || metadata->is_none()) return;
    if (!metadata->is_mapping()) fail("'metadata' should be an object");
    metadata_ = *metadata;
    for (std::size_t i = 0; i < metadata_.size(); ++i) {
      const Value kept = metadata_.value(i);
      if (kept.is(Kind::kStr) && file_of_.contains(kept.as_text()))
        tied_[kept.as_text()].push_back(metadata_.key(i).as_text());
    }
  }

  [[nodiscard]] std::filesystem::path path_of(std::string_view file) const {
    return path_.parent_path() / file;
  }

  void find_files() {
    NameList missing;
    for (const auto& [file, names] : names_) {
      std::error_code unknown;
      if (!std::filesystem::exists(path_of(file), unknown)) {
        missing.add(file);
        continue;
      }
      if (!std::filesystem::is_regular_file(path_of(file), unknown))
        fail(fmt::format("the shard '{}' is no file", shown_name(file)));
      all_bytes_ += std::filesystem::file_size(path_of(file), unknown);
    }
    if (!missing.empty()) fail(fmt::format("shards that are not there: {}", missing.text()));
  }

  /// A shard is a file of weights. An index in its place could lead in circles.
  void refuse_index(std::string_view file) const {
    const auto shard = InputFile::open(path_of(file));
    std::string head(std::min<std::uint64_t>(9, shard->size()), '\0');
    shard->read(0, head.data(), head.size());
    const bool safetensors = file.ends_with(".safetensors") || (head.size() > 8 && head[8] == '{');
    if (!safetensors && (head.starts_with('{') || file.ends_with(".index.json")))
      fail(fmt::format("the shard '{}' is an index itself", shown_name(file)));
  }

  void load_parts() {
    LoadOptions options = options_;
    if (options_.filter) options.filter = [this](std::string_view name) { return wanted(name); };
    std::uint64_t before = 0;
    if (options_.progress) {
      options.progress = [&](std::uint64_t done, std::uint64_t total) {
        options_.progress(before + std::min(done, total), std::max(all_bytes_, before + done));
      };
    }
    for (const auto& [file, names] : names_) {
      refuse_index(file);
      parts_.push_back(checkpoint::load(path_of(file), options));
      const Checkpoint& part = parts_.back();
      if (!is_weights(part.format()))
        fail(fmt::format("the shard '{}' is a file of the format {}", file, part.format()));
      if (part.format() != parts_.front().format()) {
        fail(fmt::format("shards of two formats: '{}' is {}, those before it are {}", shown_name(file),
                         part.format(), parts_.front().format()));
      }
      check_names(file, names, part.root());
      std::error_code unknown;
      before += std::filesystem::file_size(path_of(file), unknown);
    }
    std::string reasons;
    const auto add = [&](const NameList& names, std::string_view what) {
      if (!names.empty()) reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", what, names.text());
    };
    add(lacking_, "names that are not in the shard that the index says");
    add(twice_, "names that are in a second shard too");
    add(unlisted_, "tensors that the index does not list");
    if (!reasons.empty()) fail(reasons);
  }

  bool wanted(std::string_view name) const {
    if (options_.filter(name)) return true;
    const auto it = tied_.find(name);
    return it != tied_.end() && std::any_of(it->second.begin(), it->second.end(), options_.filter);
  }

  void check_names(std::string_view file, const std::vector<std::string_view>& names, const Value& root) {
    if (!root.is_mapping())
      fail(fmt::format("the shard '{}' is no dictionary of names and tensors", shown_name(file)));
    for (const std::string_view name : names) {
      if (!root.find(name)) lacking_.add(name);
    }
    std::unordered_set<const void*> storages;  // of the tensors that the index lists
    const auto each = [&](const std::function<void(std::string_view, const Value&)>& use) {
      for (std::size_t i = 0; i < root.size(); ++i) {
        if (!root.key(i).is(Kind::kStr))
          fail(fmt::format("the shard '{}' has a key that is {}", shown_name(file),
                           kind_phrase(root.key(i).kind())));
        use(root.key(i).as_text(), root.value(i));
      }
    };
    const auto storage_of = [](const Value& v) -> const void* {
      const bool dense = v.is(Kind::kTensor) && v.tensor().tensor.defined();
      return dense ? v.tensor().tensor.storage().id() : nullptr;
    };
    each([&](std::string_view name, const Value& v) {
      const auto it = file_of_.find(name);
      if (it != file_of_.end() && it->second == file) storages.insert(storage_of(v));
    });
    each([&](std::string_view name, const Value& v) {
      const auto it = file_of_.find(name);
      if (it == file_of_.end()) {
        // Another name of a listed tensor, which only the shard itself knows of, is no surprise. What was not asked for has
        // lost its storage.
        const bool tied = v.is(Kind::kTensor) && storages.contains(storage_of(v));
        const bool dropped = options_.filter && !wanted(name);
        if (!tied && !dropped) unlisted_.add(name);
      } else if (it->second != file) {
        twice_.add(name);
      }
    });
  }

  Checkpoint merged() {
    const bool safetensors = parts_.empty() || parts_.front().format() == "safetensors";
    CheckpointBuilder builder(path_, safetensors ? "safetensors-sharded" : "torch-sharded", options_);
    const IntrusivePtr<Arena> arena = TreeArena::make();
    Node* root = TreeArena::of(arena).mapping(Kind::kOrderedDict, file_of_.size());
    Node* metadata = TreeArena::of(arena).mapping(Kind::kDict);
    const auto enter = [&](Node* mapping, const Value& from) {
      TreeArena::join(arena, from.arena());
      for (std::size_t i = 0; i < from.size(); ++i)
        static_cast<void>(TreeArena::of(arena).insert(mapping, from.key(i).node(), from.value(i).node()));
    };
    if (metadata_.is_mapping()) enter(metadata, metadata_);
    bool verified = !parts_.empty();
    std::size_t without = 0;
    for (Checkpoint& part : parts_) {
      enter(root, part.root());
      if (part.metadata().is_mapping()) enter(metadata, part.metadata());
      if (root->dict->attributes == nullptr && part.root().attributes().is_mapping())
        root->dict->attributes = part.root().attributes().node();
      verified = verified && part.fully_verified();
      without += part.members_without_checksum();
      builder.adopt(part);
    }
    TreeArena& tree = TreeArena::of(arena);
    metadata = restore_ties(tree, root, *metadata);
    if (metadata->size > 0) builder.set_metadata({arena, metadata});
    builder.set_root({arena, root});
    builder.read({.text_bytes = file_->size(), .tensors = root->size});
    builder.set_verified(verified, without);
    return builder.take();
  }

  std::shared_ptr<InputFile> file_;
  std::filesystem::path path_;
  const LoadOptions& options_;
  Value index_, metadata_;
  std::map<std::string_view, std::vector<std::string_view>> names_;  // by shard
  std::unordered_map<std::string_view, std::string_view> file_of_;   // by name
  std::unordered_map<std::string_view, std::vector<std::string_view>> tied_;
  std::uint64_t all_bytes_ = 0;
  std::vector<Checkpoint> parts_;
  NameList lacking_, twice_, unlisted_;
};

}  // namespace

Checkpoint load_shard_index(const std::shared_ptr<InputFile>& file, const LoadOptions& options) {
  return ShardedSet(file, options).load();
}

}  // namespace ballast::checkpoint
