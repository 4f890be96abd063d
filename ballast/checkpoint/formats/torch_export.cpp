#include "ballast/checkpoint/formats/torch_export.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "ballast/checkpoint/archives/archive_members.h"
#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/formats/torch_export_config.h"
#include "ballast/checkpoint/formats/torch_inside.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kSmallRecord = 64;
constexpr std::string_view kConfigEnd = "_weights_config.json";
constexpr std::string_view kPickledEnd = ".pt";
// PyTorch 2.1 named archives of torch.save .json.
constexpr std::array<std::string_view, 2> kOldEnds = {".pt", ".json"};

class TorchExport {
 public:
  TorchExport(std::shared_ptr<ZipReader> zip, std::string root, const LoadOptions& options)
      : options_(options),
        file_(zip->file()),
        members_(std::move(zip), options),
        root_(std::move(root)),
        builder_(file_->name(), "pt2", options),
        inside_(builder_, options) {}

  Checkpoint load() {
    builder_.set_root(root_.empty() ? old_model() : models());
    builder_.read({.text_bytes = text_bytes_ + inside_.made().text_bytes,
                   .tensors = TreeArena::of(arena_).tensor_count() + inside_.made().tensors});
    members_.verify();
    members_.report(builder_, inside_.without_checksum());
    return builder_.take();
  }

 private:
  /// A record that is one word.
  std::string word(std::string_view name) {
    const ZipEntry* e = members_.find(root_ + std::string(name));
    if (e == nullptr || e->size > kSmallRecord) return {};
    return members_.read(*e);
  }

  Value models() {
    if (const ZipEntry* e = members_.find(root_ + "archive_format");
        e != nullptr && word("archive_format") != "pt2")
      members_.zip().fail(*e, "the format of the archive should be 'pt2'");
    if (const ZipEntry* e = members_.find(root_ + "byteorder")) {
      const std::string order = word("byteorder");
      if (order != "little" && order != "big")
        members_.zip().fail(*e, "the byte order should be 'little' or 'big'");
      big_endian_ = order == "big";
    }
    const std::vector<std::string> names = model_names();
    if (names.empty()) {
      throw FormatError(
          "a torch.export archive without weights: there is no data/weights/*_weights_config.json in it",
          file_->name());
    }
    if (names.size() == 1) return model(names.front(), "");
    Value all(arena_, TreeArena::of(arena_).mapping(Kind::kDict));
    for (const std::string& name : names) all.set(name, model(name, name + "."));
    return all;
  }

  [[nodiscard]] std::vector<std::string> model_names() const {
    std::vector<std::string> names;
    std::unordered_set<std::string_view> seen;
    const std::string folder = root_ + "data/weights/";
    for (const ZipEntry& e : members_.zip().entries()) {
      if (!e.name.starts_with(folder)) continue;
      std::string_view name = e.name.substr(folder.size());
      const std::string_view end = name.ends_with(kConfigEnd) ? kConfigEnd : kPickledEnd;
      if (!name.ends_with(end)) continue;
      name.remove_suffix(end.size());
      if (seen.insert(name).second) names.emplace_back(name);
    }
    return names;
  }

  /// The state dict of a model; with constants, a dict of both. `prefix` is what the names of its tensors begin with.
  Value model(const std::string& name, const std::string& prefix) {
    const bool has_constants = has_any("data/constants/", name, "_constants_config.json");
    Value constants;
    if (has_constants)
      constants = part("data/constants/", name, "_constants_config.json", prefix + "constants");
    const bool both = !constants.is_none() && constants.size() > 0;
    const std::string own =
        both ? prefix + "state_dict" : prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1);
    const Value weights = part("data/weights/", name, kConfigEnd, own);
    return both ? with_constants(weights, constants) : weights;
  }

  Value with_constants(const Value& weights, const Value& constants) {
    Value both(arena_, TreeArena::of(arena_).mapping(Kind::kDict));
    both.set("state_dict", weights);
    both.set("constants", constants);
    return both;
  }

  [[nodiscard]] bool has_any(std::string_view folder, std::string_view name, std::string_view end) const {
    const std::string begin = root_ + std::string(folder) + std::string(name);
    return members_.find(begin + std::string(end)) != nullptr ||
           members_.find(begin + std::string(kPickledEnd)) != nullptr;
  }

  /// The tensors that a config lists, or what was pickled in its place.
  Value part(std::string_view folder, const std::string& name, std::string_view end,
             const std::string& prefix) {
    const std::string place = root_ + std::string(folder);
    if (const ZipEntry* pickled = members_.find(place + name + std::string(kPickledEnd)))
      return archive_in(*pickled, prefix);
    const ZipEntry& entry = *members_.find(place + name + std::string(end));
    check<LimitError>(entry.size <= options_.limits.pickle_bytes,
                      "{}: {}: {} bytes, the limit (pickle_bytes) is {}", file_->name(),
                      shown_name(entry.name), entry.size, options_.limits.pickle_bytes);
    const Place where{file_->name(), shown_name(entry.name)};
    const std::string text = members_.read(entry);
    text_bytes_ += text.size();
    Value out(arena_, TreeArena::of(arena_).mapping(Kind::kOrderedDict));
    for (const ExportedWeight& w : read_export_config(text, where, options_.limits)) {
      const ZipEntry* member = members_.find(place + w.member);
      if (member == nullptr) {
        throw FormatError(fmt::format("the weight '{}' is not in the file: no member {}", shown_name(w.name),
                                      shown_name(place + w.member)),
                          where.file, where.record);
      }
      try {
        const std::string full = prefix.empty() ? w.name : prefix + "." + w.name;
        out.set(w.name, w.view ? tensor(w, *member) : object(w, *member, full));
      } catch (const LimitError&) {
        throw;
      } catch (const IoError&) {
        throw;
      } catch (const FormatError& e) {
        if (!e.file().empty()) throw;
        refuse(w, where, e.reason());
      } catch (const Error& e) {
        refuse(w, where, e.what());
      }
    }
    return out;
  }

  [[noreturn]] static void refuse(const ExportedWeight& w, const Place& where, std::string_view reason) {
    throw FormatError(fmt::format("the weight '{}': {}", shown_name(w.name), reason), where.file,
                      where.record);
  }

  struct FoundStorage {
    Storage storage;
    DType dtype;
  };

  Value tensor(const ExportedWeight& w, const ZipEntry& member) {
    const ExportedWeight::View& view = *w.view;
    TensorValue v;
    v.parameter = w.parameter;
    v.requires_grad = view.requires_grad;
    if (member.size == 0 && numel_of(view.sizes) > 0) {
      // So are weights written that never had values.
      v.tensor = empty_strided(view.sizes, view.strides, TensorOptions(view.dtype).device(kMeta));
    } else {
      v.tensor = tensor_on(storage_of(member, view.dtype), view.dtype, view.sizes, view.strides, view.offset);
    }
    if (w.parameter) {
      v.tensor = Parameter(v.tensor, v.requires_grad);
    } else if (v.requires_grad) {
      v.tensor.requires_grad_();
    }
    return {arena_, TreeArena::of(arena_).tensor(std::move(v))};
  }

  Storage storage_of(const ZipEntry& member, DType dtype) {
    const auto found = storages_.find(members_.position(member));
    if (found != storages_.end()) {
      if (found->second.dtype != dtype) {
        throw FormatError(fmt::format("{} has the type {} here, and had {} before", shown_name(member.name),
                                      dtype_name(dtype), dtype_name(found->second.dtype)));
      }
      return found->second.storage;
    }
    const auto width = static_cast<std::uint64_t>(itemsize(dtype));
    if (member.size % width != 0) {
      throw FormatError(fmt::format("{} has {} bytes, which is no whole number of elements of type {}",
                                    shown_name(member.name), member.size, dtype_name(dtype)));
    }
    const std::uint64_t swap = width / (is_complex(dtype) ? 2 : 1);
    const std::string_view key = member.name.substr(root_.size());
    Storage s = builder_.add_storage(
        key, "cpu",
        members_.source(member, big_endian_ && swap > 1 ? static_cast<std::uint8_t>(swap) : std::uint8_t{0}));
    storages_.emplace(members_.position(member), FoundStorage{s, dtype});
    return s;
  }

  /// A pickled weight, or an object that is no tensor, which is kept as the bytes it is.
  Value object(const ExportedWeight& w, const ZipEntry& member, const std::string& full_name) {
    // Nobody writes so, and what a few names cost would be read again for each.
    if (!objects_.insert(members_.position(member)).second)
      throw FormatError(
          fmt::format("{} is pickled, and stands for another weight too", shown_name(member.name)));
    const std::string_view name = w.member;
    if (name.starts_with("weight_") || name.starts_with("tensor_")) return archive_in(member, full_name);
    check<LimitError>(member.size <= options_.limits.string_bytes,
                      "{}: {}: {} bytes, the limit (string_bytes) is {}", file_->name(),
                      shown_name(member.name), member.size, options_.limits.string_bytes);
    return Value::bytes(members_.read(member));
  }

  Value archive_in(const ZipEntry& member, std::string_view name) {
    if (!member.is_stored()) {
      members_.zip().fail(member,
                          "an archive inside the archive that is compressed: only stored ones are read");
    }
    return inside_.load(InputFile::part_of(file_, member.data, member.size, shown_name(member.name)), name);
  }

  /// PyTorch 2.1 to 2.7.
  Value old_model() {
    const ZipEntry* state = old_member("serialized_state_dict");
    const ZipEntry* constants = old_member("serialized_constants");
    Value c;
    if (constants != nullptr && constants->size > 0) c = archive_in(*constants, "constants");
    const bool both = c.is_mapping() && c.size() > 0;
    const Value weights = archive_in(*state, both ? "state_dict" : "");
    return both ? with_constants(weights, c) : weights;
  }
  [[nodiscard]] const ZipEntry* old_member(std::string_view name) const {
    for (const std::string_view end : kOldEnds) {
      if (const ZipEntry* e = members_.find(fmt::format("{}{}", name, end))) return e;
    }
    return nullptr;
  }

  const LoadOptions& options_;
  std::shared_ptr<InputFile> file_;
  ArchiveMembers members_;
  std::string root_;
  CheckpointBuilder builder_;
  TorchInside inside_;
  IntrusivePtr<Arena> arena_ = TreeArena::make();
  bool big_endian_ = false;
  std::uint64_t text_bytes_ = 0;
  std::unordered_map<std::size_t, FoundStorage> storages_;  // by the member's place in the directory
  std::unordered_set<std::size_t> objects_;
};

}  // namespace

bool is_old_torch_export(const ZipReader& zip) {
  return std::any_of(kOldEnds.begin(), kOldEnds.end(), [&](std::string_view end) {
    return zip.find(fmt::format("serialized_state_dict{}", end)) != nullptr;
  });
}

Checkpoint load_torch_export(std::shared_ptr<ZipReader> zip, const std::string& root,
                             const LoadOptions& options) {
  return TorchExport(std::move(zip), root, options).load();
}

}  // namespace ballast::checkpoint
