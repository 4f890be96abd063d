// Names and shapes by hand.
#pragma once

#include <string>
#include <vector>

#include "ballast/core/match/match.h"

namespace ballast::testing {

inline NamedShape named(const std::string& name, const Dims& shape = {2, 3},
                        const std::string& dtype = "float32") {
  return {.name = name, .shape = shape, .dtype = dtype};
}

inline NamedShapes named(const std::vector<std::string>& names) {
  NamedShapes out;
  for (const std::string& n : names) out.push_back(named(n));
  return out;
}

/// A stack of layers as transformers have it; every kind of entry with a shape of its own.
inline NamedShapes stack(int layers, const std::string& prefix = "", const std::string& attention = "attn") {
  NamedShapes out{named(prefix + "embed.weight", {100, 16})};
  for (int i = 0; i < layers; ++i) {
    const std::string at = prefix + "layers." + std::to_string(i) + ".";
    out.push_back(named(at + attention + ".qkv.weight", {48, 16}));
    out.push_back(named(at + attention + ".qkv.bias", {48}));
    out.push_back(named(at + attention + ".out.weight", {16, 16}));
    out.push_back(named(at + attention + ".out.bias", {16}));
    out.push_back(named(at + "mlp.up.weight", {64, 16}));
    out.push_back(named(at + "mlp.up.bias", {64}));
    out.push_back(named(at + "mlp.down.weight", {16, 64}));
    out.push_back(named(at + "norm.weight", {16}));
    out.push_back(named(at + "norm.bias", {16}));
  }
  out.push_back(named(prefix + "head.weight", {10, 16}));
  out.push_back(named(prefix + "head.bias", {10}));
  return out;
}

inline std::vector<std::string> names(const std::vector<MatchedName>& list) {
  std::vector<std::string> out;
  for (const MatchedName& m : list) out.push_back(m.name);
  return out;
}

}  // namespace ballast::testing
