// Values by paths of keys, made into nested containers: what a writer that flattens names does, turned back.
//
//   NestedKeys keys(arena, Kind::kDict, 2);
//   keys.set({"optim", "groups", 0, "lr"}, 0.1);
//   keys.set({"optim", "groups", 1, "lr"}, 0.2);
//   keys.take();                                   // {"optim": {"groups": [{"lr": 0.1}, {"lr": 0.2}]}}
//
// A key that is an int is a position in a list; positions without a value hold None.
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {

class NestedKeys {
 public:
  /// `arena`: keeps the containers and copies of the keys. `root`: kDict or kOrderedDict. `count`: how many values there will be; lists together have at most that many positions
  /// without one.
  NestedKeys(IntrusivePtr<Arena> arena, Kind root, std::size_t count);

  /// FormatError where the path, or its beginning or what begins with it, has a value already, where one container would be a
  /// list and a dictionary, and where a position lies far beyond the count. `path` is not empty, begins with a string,
  /// and is not so long that one call of `take` inside another for each of its keys would be too deep.
  void set(const std::vector<Value>& path, const Value& v);
  [[nodiscard]] Value take();

 private:
  struct Branch {
    Kind kind;  // a container; kNone: `leaf`
    Value leaf = {};
    std::vector<std::pair<Value, std::size_t>> children =
        {};                               // of a dictionary: keys, and positions in branches_
    std::vector<std::size_t> items = {};  // of a list
    std::unordered_map<std::string_view, std::size_t> index = {};
  };
  [[nodiscard]] std::size_t child(std::size_t branch, const Value& key);
  [[nodiscard]] Value value(std::size_t branch) const;

  IntrusivePtr<Arena> arena_;
  std::vector<Branch> branches_;  // the first is the root
  std::size_t empty_positions_left_;
};

}  // namespace ballast::checkpoint
