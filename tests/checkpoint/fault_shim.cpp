#include "tests/checkpoint/fault_shim.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <mutex>
#include <optional>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ballast::testing::faults {
namespace {

std::atomic<bool> armed{false};
std::mutex mutex;
Plan plan;
Outcome outcome;
int counted = 0;

/// What the plan says of this call; nothing: it passes.
std::optional<Action> meet(const char* name) {
  if (!armed.load()) return {};
  const std::lock_guard lock(mutex);
  outcome.calls.emplace_back(name);
  if (!plan.only.empty() && plan.only != name) return {};
  if (++counted != plan.at) return {};
  outcome.hit = name;
  return plan.action;
}

void end_process() { ::kill(::getpid(), SIGKILL); }

/// The function of this name that would have been called.
template <class F>
F* next(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

/// For calls that do a thing or not.
template <class Call>
auto pass(const char* name, const Call& call) -> decltype(call()) {
  const auto action = meet(name);
  if (action == Action::kKill) end_process();
  if (action == Action::kFail || action == Action::kRepeat) {
    errno = action == Action::kFail ? plan.error : EINTR;
    return -1;
  }
  return call();
}

template <class Call>
ssize_t pass_write(const char* name, size_t n, const Call& call) {
  const auto action = meet(name);
  const size_t half = n > 1 ? n / 2 : n;
  if (action == Action::kKill) {
    static_cast<void>(call(half));
    end_process();
  }
  if (action == Action::kShort) return call(half);
  if (action == Action::kFail || action == Action::kRepeat) {
    errno = action == Action::kFail ? plan.error : EINTR;
    return -1;
  }
  return call(n);
}

int pass_open(const char* name, int folder, const char* path, int flags, mode_t mode) {
  using Openat = int(int, const char*, int, ...);
  static Openat* const real = next<Openat>("openat");
  return pass(name, [&] { return real(folder, path, flags, mode); });
}

}  // namespace

void arm(const Plan& p) {
  const std::lock_guard lock(mutex);
  plan = p;
  outcome = {};
  counted = 0;
  armed.store(true);
}

Outcome disarm() {
  armed.store(false);
  const std::lock_guard lock(mutex);
  return outcome;
}

}  // namespace ballast::testing::faults

namespace faults = ballast::testing::faults;

namespace {

mode_t mode_of(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

// These stand in the place of libc's.
extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return faults::pass_open("open", AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return faults::pass_open("open", AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return faults::pass_open("openat", folder, path, flags, mode);
}

int openat64(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return faults::pass_open("openat", folder, path, flags | O_LARGEFILE, mode);
}

ssize_t write(int file, const void* bytes, size_t n) {
  static auto* const real = faults::next<ssize_t(int, const void*, size_t)>("write");
  return faults::pass_write("write", n, [&](size_t part) { return real(file, bytes, part); });
}

ssize_t pwrite(int file, const void* bytes, size_t n, off_t at) {
  static auto* const real = faults::next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return faults::pass_write("pwrite", n, [&](size_t part) { return real(file, bytes, part, at); });
}

ssize_t pwrite64(int file, const void* bytes, size_t n, off64_t at) {
  static auto* const real = faults::next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return faults::pass_write("pwrite", n, [&](size_t part) { return real(file, bytes, part, at); });
}

int fsync(int file) {
  static auto* const real = faults::next<int(int)>("fsync");
  return faults::pass("fsync", [&] { return real(file); });
}

int fdatasync(int file) {
  static auto* const real = faults::next<int(int)>("fdatasync");
  return faults::pass("fdatasync", [&] { return real(file); });
}

int rename(const char* from, const char* to) noexcept {
  static auto* const real = faults::next<int(const char*, const char*)>("rename");
  return faults::pass("rename", [&] { return real(from, to); });
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  static auto* const real = faults::next<int(int, const char*, int, const char*)>("renameat");
  return faults::pass("renameat", [&] { return real(from_folder, from, to_folder, to); });
}

int fallocate(int file, int mode, off_t at, off_t n) {
  static auto* const real = faults::next<int(int, int, off_t, off_t)>("fallocate");
  return faults::pass("fallocate", [&] { return real(file, mode, at, n); });
}

int fallocate64(int file, int mode, off64_t at, off64_t n) {
  static auto* const real = faults::next<int(int, int, off64_t, off64_t)>("fallocate64");
  return faults::pass("fallocate", [&] { return real(file, mode, at, n); });
}

int ftruncate(int file, off_t n) noexcept {
  static auto* const real = faults::next<int(int, off_t)>("ftruncate");
  return faults::pass("ftruncate", [&] { return real(file, n); });
}

int ftruncate64(int file, off64_t n) noexcept {
  static auto* const real = faults::next<int(int, off64_t)>("ftruncate64");
  return faults::pass("ftruncate", [&] { return real(file, n); });
}

int fchmod(int file, mode_t mode) noexcept {
  static auto* const real = faults::next<int(int, mode_t)>("fchmod");
  return faults::pass("fchmod", [&] { return real(file, mode); });
}

int fchown(int file, uid_t user, gid_t group) noexcept {
  static auto* const real = faults::next<int(int, uid_t, gid_t)>("fchown");
  return faults::pass("fchown", [&] { return real(file, user, group); });
}

int flock(int file, int operation) noexcept {
  static auto* const real = faults::next<int(int, int)>("flock");
  return faults::pass("flock", [&] { return real(file, operation); });
}

int stat(const char* path, struct stat* info) noexcept {
  static auto* const real = faults::next<int(const char*, struct stat*)>("stat");
  return faults::pass("stat", [&] { return real(path, info); });
}

int fstat(int file, struct stat* info) noexcept {
  static auto* const real = faults::next<int(int, struct stat*)>("fstat");
  return faults::pass("fstat", [&] { return real(file, info); });
}

int close(int file) {
  static auto* const real = faults::next<int(int)>("close");
  const auto action = faults::meet("close");
  if (action == faults::Action::kKill) faults::end_process();
  const int result = real(file);
  if (action == faults::Action::kFail || action == faults::Action::kRepeat) {
    errno = action == faults::Action::kFail ? faults::plan.error : EINTR;
    return -1;
  }
  return result;
}

}  // extern "C"
