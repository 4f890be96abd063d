#include "ballast/checkpoint/checkpoint_builder.h"

#include <unordered_map>
#include <unordered_set>

#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {
namespace {

/// The strided and quantised tensors of a tree, each object once.
void each_tensor(const Value& root, const std::function<void(TensorValue&)>& use) {
  std::unordered_set<const void*> seen;
  walk(root, [&](const Visit& at) {
    if (at.phase == Visit::Phase::kEnter) return at.repeated ? Walk::kSkip : Walk::kInto;
    if (at.value.is(Kind::kTensor) && seen.insert(at.value.id()).second) {
      TensorValue& v = *at.value.node()->tensor;
      if (v.tensor.defined()) use(v);
    }
    return Walk::kInto;
  });
}

/// Another tensor in the place of one, with its flags.
void replace(TensorValue& v, Tensor with) {
  v.tensor = v.parameter ? Tensor(Parameter(with, v.requires_grad)) : std::move(with);
  if (!v.parameter && v.requires_grad && (v.tensor.is_floating_point() || v.tensor.is_complex()))
    v.tensor.requires_grad_();
}

std::uint64_t hash_of(const Storage& s) { return mix_hash(reinterpret_cast<std::uintptr_t>(s.id())); }

std::vector<const Tensor*> parts_of(const TensorValue& v) {
  if (v.quantized) return {&v.tensor, &v.quantized->scales, &v.quantized->zero_points};
  if (!v.sparse) return {&v.tensor};
  return {&v.sparse->indices, &v.sparse->compressed, &v.sparse->plain, &v.sparse->values};
}

}  // namespace

CheckpointBuilder::CheckpointBuilder(std::filesystem::path file, std::string_view format,
                                     const LoadOptions& options)
    : options_(options) {
  out_.file_ = std::move(file);
  out_.format_ = format;
}

Storage CheckpointBuilder::add_storage(std::string_view key, std::string_view location,
                                       StorageSource source) {
  Storage s = open_storage(source, options_);
  const bool waits = s.kind() == StorageImpl::Kind::kOwned && source.size > 0;
  found_.push_back(
      {{std::string(key), std::string(location), s, std::make_shared<const StorageSource>(std::move(source))},
       waits});
  enter_place(static_cast<std::uint32_t>(found_.size() - 1));
  return s;
}

std::uint32_t CheckpointBuilder::place_of(const Storage& s) const {
  return places_.find(hash_of(s), [&](std::uint32_t i) { return found_[i].entry.storage.is_same(s); });
}

void CheckpointBuilder::enter_place(std::uint32_t place) {
  places_.insert(place, hash_of(found_[place].entry.storage));
}

void CheckpointBuilder::enter_places_anew() {
  places_ = {};
  for (std::uint32_t i = 0; i < found_.size(); ++i) enter_place(i);
}

void CheckpointBuilder::adopt(const Checkpoint& inner) {
  for (const StorageEntry& s : inner.storages_) {
    found_.push_back({s, false});
    enter_place(static_cast<std::uint32_t>(found_.size() - 1));
  }
}

void CheckpointBuilder::fill(const Storage& s) {
  const std::uint32_t place = place_of(s);
  if (place == ProbeTable::kNone || !found_[place].waits) return;
  read_storage(*found_[place].entry.source, s.mutable_data());
  found_[place].waits = false;
}

Storage CheckpointBuilder::bytes_of(const Storage& s) {
  fill(s);
  if (s.kind() != StorageImpl::Kind::kWithoutMemory) return s;
  const std::uint32_t place = place_of(s);
  if (place == ProbeTable::kNone) return {};
  Storage read = Storage::allocate(s.nbytes());
  read_storage(*found_[place].entry.source, read.mutable_data());
  return read;
}

void CheckpointBuilder::set_verified(bool fully, std::size_t without_checksum) {
  out_.fully_verified_ = fully;
  out_.without_checksum_ = without_checksum;
}

void CheckpointBuilder::read(const Source& source) {
  name_tensors(source);
  if (options_.filter) drop_unwanted();
  read_storages();
  if (options_.dtype) convert();
  order_storages();
}

void CheckpointBuilder::drop_unwanted() {
  out_.filtered_ = true;
  std::erase_if(out_.tensors_, [&](const NamedTensor& t) { return !options_.filter(t.name); });
  std::unordered_set<const TensorValue*> kept;
  for (const NamedTensor& t : out_.tensors_) kept.insert(&t.value.tensor());
  std::unordered_set<const void*> storages;
  for (const NamedTensor& t : out_.tensors_) {
    for (const Tensor* part : parts_of(t.value.tensor())) {
      if (part->defined()) storages.insert(part->storage().id());
    }
  }
  each_tensor(out_.root_, [&](TensorValue& v) {
    if (kept.contains(&v) || v.tensor.is_meta()) return;
    replace(v, empty_strided(v.tensor.sizes(), v.tensor.strides(),
                             TensorOptions(v.tensor.dtype()).device(kMeta)));
  });
  std::erase_if(found_, [&](const Found& f) { return !storages.contains(f.entry.storage.id()); });
  enter_places_anew();
}

void CheckpointBuilder::read_storages() {
  std::vector<StorageToRead> wanted;
  for (Found& f : found_) {
    if (f.waits) wanted.push_back({f.entry.source.get(), f.entry.storage.mutable_data()});
    f.waits = false;
  }
  checkpoint::read_storages(wanted, options_.progress);
}

void CheckpointBuilder::convert() {
  const DType to = *options_.dtype;
  // What is tied stays so: a storage becomes one storage, whole, where all that see it are of one type.
  struct Use {
    DType dtype;
    bool single = true;
    Storage converted = {};
  };
  std::unordered_map<const void*, Use> uses;
  each_tensor(out_.root_, [&](TensorValue& v) {
    if (v.layout != Layout::kStrided) return;
    Use& u = uses.try_emplace(v.tensor.storage().id(), Use{v.tensor.dtype()}).first->second;
    u.single = u.single && u.dtype == v.tensor.dtype();
  });
  std::unordered_map<const void*, Storage> in_place_of;
  std::vector<Storage> old;  // alive, so that no identity comes back
  each_tensor(out_.root_, [&](TensorValue& v) {
    const Tensor from = v.tensor;
    if (v.layout != Layout::kStrided || !from.is_floating_point() || from.dtype() == to) return;
    const auto sizes = from.sizes();
    Use& u = uses.at(from.storage().id());
    if (!u.single) {
      const Tensor converted = empty(sizes, TensorOptions(to).device(from.device()));
      if (!from.is_meta()) copy_elements(converted, from);
      return replace(v, converted);
    }
    if (!u.converted.defined()) {
      const auto n = static_cast<std::int64_t>(from.storage().nbytes()) / from.itemsize();
      const Tensor converted = empty({n}, TensorOptions(to).device(from.device()));
      if (!from.is_meta()) copy_elements(converted, tensor_on(from.storage(), from.dtype(), {n}, {1}, 0));
      u.converted = converted.storage();
      old.push_back(from.storage());
      in_place_of[from.storage().id()] = u.converted;
    }
    replace(v, tensor_on(u.converted, to, sizes, from.strides(), from.storage_offset()));
  });
  for (Found& f : found_) {
    if (const auto it = in_place_of.find(f.entry.storage.id()); it != in_place_of.end()) {
      f.entry.storage = it->second;
      f.entry.source = nullptr;
    }
  }
  enter_places_anew();
}

void CheckpointBuilder::order_storages() {
  std::vector<std::size_t> position(found_.size(), NamedTensor::kNoStorage);
  out_.storages_.reserve(found_.size());
  const auto take = [&](std::size_t i) {
    if (position[i] == NamedTensor::kNoStorage) {
      position[i] = out_.storages_.size();
      out_.storages_.push_back(std::move(found_[i].entry));
    }
    return position[i];
  };
  std::vector<std::uint32_t> places(out_.tensors_.size(), ProbeTable::kNone);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const TensorValue& v = out_.tensors_[i].value.tensor();
    if (v.tensor.defined()) places[i] = place_of(v.tensor.storage());
  }
  for (const bool strided : {true, false}) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      NamedTensor& t = out_.tensors_[i];
      if ((t.value.tensor().layout == Layout::kStrided) != strided) continue;
      if (places[i] != ProbeTable::kNone) t.storage = take(places[i]);
    }
  }
  for (std::size_t i = 0; i < found_.size(); ++i) take(i);
}

}  // namespace ballast::checkpoint
