#include "ballast/checkpoint/pickle/storage_ids.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint32_t kZipParts = 5, kLegacyParts = 6, kViewParts = 3, kModuleParts = 4;

[[noreturn]] void refuse(const std::string& reason) { throw FormatError("a persistent id: " + reason); }

std::uint64_t count_of(const Node& n, std::string_view what) {
  if (n.kind != Kind::kInt || n.flag || n.integer < 0)
    refuse(fmt::format("the {} should be an integer of at most 63 bits", what));
  return static_cast<std::uint64_t>(n.integer);
}

std::uint64_t bytes_of(std::uint64_t elements, const GlobalName& type) {
  const auto bytes = checked_mul(static_cast<std::int64_t>(elements), type.itemsize);
  if (!bytes) refuse(fmt::format("{} elements of {} bytes", elements, type.itemsize));
  return static_cast<std::uint64_t>(*bytes);
}

StorageId::Part part_of(const Node& n, const GlobalName& type, std::uint64_t whole) {
  if (n.kind != Kind::kTuple || n.size != kViewParts)
    refuse("the part of a storage should be a tuple of three");
  const std::uint64_t begin = bytes_of(count_of(*n.items[1], "first element"), type);
  const std::uint64_t bytes = bytes_of(count_of(*n.items[2], "number of elements"), type);
  if (begin > whole || bytes > whole - begin)
    refuse(fmt::format("bytes {} to {} of a storage of {}", begin, begin + bytes, whole));
  return {begin, bytes};
}

}  // namespace

StorageId storage_id(const Node* id, StorageIdForm form) {
  const std::uint32_t parts = form == StorageIdForm::kZip ? kZipParts : kLegacyParts;
  if (id->kind != Kind::kTuple || id->size != parts)
    refuse(fmt::format("should be a tuple of {}", parts == kZipParts ? "five" : "six"));
  const Node* const* part = id->items;
  if (part[0]->kind != Kind::kStr || text_of(*part[0]) != "storage") refuse("only storages have one");
  const GlobalName* type = global_of(part[1]);
  if (type == nullptr || !type->is_storage) refuse("the type should be a storage type");
  if (part[2]->kind != Kind::kStr || part[3]->kind != Kind::kStr)
    refuse("the key and the location should be strings");
  StorageId out{type, text_of(*part[2]), text_of(*part[3]),
                bytes_of(count_of(*part[4], "number of elements"), *type)};
  if (form == StorageIdForm::kLegacy && part[5]->kind != Kind::kNone)
    out.view = part_of(*part[5], *type, out.bytes);
  return out;
}

Node* source_of_module(const Node* id) {
  if (id->kind != Kind::kTuple || id->size != kModuleParts || id->items[0]->kind != Kind::kStr ||
      text_of(*id->items[0]) != "module") {
    return nullptr;
  }
  if (!is_other_name(*id->items[1]) && global_of(id->items[1]) == nullptr)
    refuse("the class of a module should be a name");
  return id->items[1];
}

Storage part_of_storage(const Storage& whole, std::uint64_t begin, std::uint64_t bytes) {
  if (whole.kind() == StorageImpl::Kind::kWithoutMemory) return Storage::meta(bytes);
  return Storage::borrowed(whole.mutable_data() + begin, bytes, [keep = whole](void*) {});
}

}  // namespace ballast::checkpoint
