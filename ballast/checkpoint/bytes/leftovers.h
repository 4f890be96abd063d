// Temporary files beside a target: what they are called, and which of them a dead process left behind.
//
//   const TemporaryName name("model.pth");
//   name.text(0);                       // ".model.pth.4711-0.tmp": process 4711's first attempt
//   remove_leftovers(folder, name);     // those that processes left which were killed while they saved model.pth
//
// A temporary is removed only when it is surely nobody's: the process whose number it bears is this one or is gone, and
// nobody holds the lock (flock) that every writer keeps on its temporary as long as it has it. So one of another machine, or of
// another container with numbers of its own, stays as long as it is in use; one that cannot be locked, or whose process cannot
// be asked after, stays.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace ballast::checkpoint {

class TemporaryName {
 public:
  explicit TemporaryName(std::string_view target);

  /// The name that this process gives its `attempt`-th temporary.
  [[nodiscard]] std::string text(int attempt) const;
  /// The process in the name of a temporary of this target, or nothing if it is another file.
  [[nodiscard]] std::optional<pid_t> process_of(std::string_view file) const;

 private:
  std::string begin_;
};

/// In the folder that `folder` is open on. What cannot be read or removed stays, without an error.
void remove_leftovers(int folder, const TemporaryName& name);

}  // namespace ballast::checkpoint
