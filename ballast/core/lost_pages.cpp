#include "ballast/core/lost_pages.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include "ballast/core/error.h"

namespace ballast {

/// One mapping. A handler of signals may look at it at any time: ranges are used again, and never freed.
struct detail::WatchedRange {
  std::atomic<std::uintptr_t> begin{0};  // 0: free
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> lost{false};
  std::string name;  // under the mutex
  WatchedRange* next = nullptr;
};

namespace {

using detail::WatchedRange;

std::atomic<WatchedRange*> ranges{nullptr};
std::atomic<std::uint64_t> lost_count{0};
std::mutex mutex;  // of whoever adds or removes, or reads names
struct sigaction previous = {};
std::uintptr_t page_size = 0;

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);

/// Of the last file that lost pages and is no longer mapped. Never destroyed: mappings may outlive it.
std::string& last_lost() {
  static auto* name = new std::string;
  return *name;
}

WatchedRange* range_of(std::uintptr_t address) noexcept {
  for (WatchedRange* r = ranges.load(); r != nullptr; r = r->next) {
    const std::uintptr_t begin = r->begin.load();
    const std::uintptr_t end = r->end.load();
    // One that is given to another mapping meanwhile has another beginning.
    if (begin != 0 && address >= begin && address < end && r->begin.load() == begin) return r;
  }
  return nullptr;
}

/// In a handler: nothing that allocates or locks.
bool replace_page(const siginfo_t& info) noexcept {
  if (info.si_code != BUS_ADRERR) return false;
  const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
  WatchedRange* const range = range_of(address);
  if (range == nullptr) return false;
  void* const page = reinterpret_cast<void*>(address & ~(page_size - 1));
  const int error = errno;
  const bool replaced = ::mmap(page, page_size, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != MAP_FAILED;
  errno = error;
  if (!replaced) return false;
  range->lost = true;
  ++lost_count;
  return true;
}

void on_bus_error(int signal, siginfo_t* info, void* context) {
  if (replace_page(*info)) return;
  if ((previous.sa_flags & SA_SIGINFO) != 0) return previous.sa_sigaction(signal, info, context);
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) return previous.sa_handler(signal);
  // What touched the address touches it again, and ends as if there had been no handler.
  ::sigaction(SIGBUS, &previous, nullptr);
}

}  // namespace

void catch_lost_pages() {
  const std::lock_guard lock(mutex);
  if (page_size != 0) return;
  page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  ::sigaction(SIGBUS, nullptr, &previous);
  struct sigaction action = {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
}

std::uint64_t lost_pages() noexcept { return lost_count.load(); }

void LostPageCheck::check() const {
  if (lost_pages() == before_) return;
  const std::lock_guard lock(mutex);
  std::string name = last_lost();
  for (const WatchedRange* r = ranges.load(); r != nullptr; r = r->next) {
    if (r->begin.load() != 0 && r->lost.load()) name = r->name;
  }
  throw FormatError(
      "the file was cut short while it was in use: what was read of it is not what it held; "
      "replace files by rename, as save does, or load with mmap = false",
      std::move(name));
}

WatchedMapping::WatchedMapping(const std::byte* data, std::size_t size, std::string name) {
  const std::lock_guard lock(mutex);
  range_ = ranges.load();
  while (range_ != nullptr && range_->begin.load() != 0) range_ = range_->next;
  if (range_ == nullptr) {
    range_ = new WatchedRange;
    range_->next = ranges.load();
    ranges = range_;
  }
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  range_->name = std::move(name);
  range_->lost = false;
  range_->end = begin + size;
  range_->begin = begin;
}

WatchedMapping::~WatchedMapping() {
  const std::lock_guard lock(mutex);
  range_->begin = 0;
  if (range_->lost.load()) last_lost() = std::move(range_->name);
}

}  // namespace ballast
