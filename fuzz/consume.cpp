#include "fuzz/consume.h"

#include <cstddef>

namespace ballast::fuzz {
namespace {

using checkpoint::Kind;
using checkpoint::Visit;
using checkpoint::Walk;

constexpr std::int64_t kMostElements = 1 << 16;  // of one tensor: views may repeat what they show
constexpr std::size_t kMostVisits = 1 << 16;

/// Makes the sanitizer look at each byte.
void touch(const std::byte* data, std::size_t size) {
  [[maybe_unused]] static volatile std::byte sink{};
  std::byte sum{};
  for (std::size_t i = 0; i < size; ++i) sum ^= data[i];
  sink = sum;
}

void touch(const Tensor& t) {
  if (!t.defined() || t.is_meta() || t.numel() > kMostElements) return;
  const Tensor copy = empty(t.sizes(), TensorOptions(t.dtype()));
  copy_elements(copy, t);
}

void touch(const checkpoint::TensorValue& v) {
  touch(v.tensor);
  if (v.numel() <= kMostElements && (v.conj || v.neg)) touch(v.resolved());
  if (v.sparse) {
    touch(v.sparse->indices), touch(v.sparse->compressed), touch(v.sparse->plain), touch(v.sparse->values);
  }
  if (v.quantized) touch(v.quantized->scales), touch(v.quantized->zero_points);
}

void walk_tree(const checkpoint::Value& root) {
  std::size_t visits = 0;
  checkpoint::walk(root, [&](const Visit& at) {
    if (++visits > kMostVisits) return Walk::kStop;
    if (at.phase == Visit::Phase::kEnter) return at.repeated ? Walk::kSkip : Walk::kInto;
    if (at.value.is(Kind::kStr))
      touch(reinterpret_cast<const std::byte*>(at.value.as_text().data()), at.value.as_text().size());
    if (at.value.is(Kind::kTensor) || at.value.is(Kind::kNdArray)) touch(at.value.tensor());
    return Walk::kInto;
  });
}

}  // namespace

void consume(const checkpoint::Checkpoint& file) {
  for (const checkpoint::StorageEntry& s : file.storages()) {
    if (s.storage.data() != nullptr) touch(s.storage.data(), s.storage.nbytes());
  }
  walk_tree(file.root());
  walk_tree(file.metadata());
  try {
    static_cast<void>(file.state_dict());
  } catch (const Error&) {
    // Most inputs hold none.
  }
}

}  // namespace ballast::fuzz
