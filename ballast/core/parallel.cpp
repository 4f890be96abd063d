#include "ballast/core/parallel.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <sched.h>

#include "ballast/core/error.h"

namespace ballast {
namespace {

constexpr int kMostThreads = 1024;

int available_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::clamp(CPU_COUNT(&set), 1, kMostThreads);
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMostThreads);
}

int threads_at_start() {
  if (const char* text = std::getenv("BALLAST_NUM_THREADS")) {
    int n = 0;
    const char* end = text + std::strlen(text);
    const auto [last, error] = std::from_chars(text, end, n);
    if (error == std::errc() && last == end && n >= 1) return std::min(n, kMostThreads);
  }
  return available_cpus();
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count{threads_at_start()};
  return count;
}

// True on a worker, and on a caller while its tasks run: a call from there is nested and stays on its thread.
thread_local bool inside_task = false;

// How long a thread looks for what it waits for before it sleeps: to be woken takes about as long, and a training step has a
// hundred jobs. Short enough to harm nobody who needs the processor.
constexpr std::chrono::microseconds kLook{60};

template <class F>
void look_for(const F& done) {
  const auto end = std::chrono::steady_clock::now() + kLook;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
  } while (std::chrono::steady_clock::now() < end);
}

/// One call of parallel_tasks: who runs it counts down; the last one out wakes the caller.
struct Job {
  const std::function<void(int)>* task;
  int count;
  int helpers;                  // workers that may still join; under the pool's mutex
  std::atomic<int> running{0};  // changed under the pool's mutex
  std::atomic<int> next{0};
  std::mutex error_mutex;
  std::exception_ptr error;

  void work() {
    for (int i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      try {
        (*task)(i);
      } catch (...) {
        const std::lock_guard lock(error_mutex);
        if (!error) error = std::current_exception();
        next.store(count);
      }
    }
  }
};

/// Workers that sleep until there is a job. Calls from several threads at once share them.
class Pool {
 public:
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& t : threads_) t.join();
  }

  void run(Job& job) {
    const int helpers = job.helpers;
    {
      const std::lock_guard lock(mutex_);
      grow(helpers);
      jobs_.push_back(&job);
      open_.fetch_add(helpers, std::memory_order_release);
    }
    for (int i = 0; i < helpers; ++i) wake_.notify_one();
    inside_task = true;
    job.work();
    inside_task = false;
    std::unique_lock lock(mutex_);
    std::erase(jobs_, &job);
    open_.fetch_sub(job.helpers, std::memory_order_relaxed);
    const auto is_done = [&] { return job.running.load(std::memory_order_acquire) == 0; };
    if (is_done()) return;
    lock.unlock();
    look_for(is_done);
    lock.lock();
    done_.wait(lock, is_done);
  }

 private:
  void grow(int wanted) {
    while (static_cast<int>(threads_.size()) < wanted) {
      try {
        threads_.emplace_back([this] { serve(); });
      } catch (const std::system_error&) {
        return;  // fewer hands; the caller does the rest itself
      }
    }
  }

  void serve() {
    inside_task = true;
    for (;;) {
      look_for([&] { return open_.load(std::memory_order_acquire) > 0; });
      std::unique_lock lock(mutex_);
      Job* job = nullptr;
      wake_.wait(lock, [&] {
        const auto open =
            std::find_if(jobs_.begin(), jobs_.end(), [](const Job* j) { return j->helpers > 0; });
        job = open == jobs_.end() ? nullptr : *open;
        return stop_ || job != nullptr;
      });
      if (job == nullptr) return;
      --job->helpers;
      open_.fetch_sub(1, std::memory_order_relaxed);
      job->running.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      job->work();
      lock.lock();
      if (job->running.fetch_sub(1, std::memory_order_release) == 1) done_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::vector<Job*> jobs_;
  std::atomic<int> open_{0};  // helpers that jobs still want; changed under the mutex
  std::vector<std::thread> threads_;
  bool stop_ = false;
};

Pool& pool() {
  static Pool pool;
  return pool;
}

}  // namespace

void set_num_threads(int n) {
  check<ValueError>(n >= 1, "set_num_threads expects a positive number of threads, but got {}", n);
  thread_count().store(std::min(n, kMostThreads), std::memory_order_relaxed);
}

int get_num_threads() noexcept { return thread_count().load(std::memory_order_relaxed); }

void parallel_tasks(int n, const std::function<void(int)>& task) {
  const int threads = inside_task ? 1 : std::min(n, get_num_threads());
  if (threads <= 1) {
    for (int i = 0; i < n; ++i) task(i);
    return;
  }
  Job job{.task = &task, .count = n, .helpers = threads - 1, .error_mutex = {}, .error = {}};
  pool().run(job);
  if (job.error) std::rethrow_exception(job.error);
}

void parallel_for(std::int64_t n, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t)>& part) {
  if (n <= 0) return;
  const std::int64_t most = std::max<std::int64_t>(n / std::max<std::int64_t>(grain, 1), 1);
  const std::int64_t parts = inside_task ? 1 : std::min<std::int64_t>(most, get_num_threads());
  if (parts == 1) {
    part(0, n);
    return;
  }
  const std::int64_t each = n / parts;
  const std::int64_t longer = n % parts;
  parallel_tasks(static_cast<int>(parts), [&](int i) {
    const std::int64_t begin = i * each + std::min<std::int64_t>(i, longer);
    part(begin, begin + each + (i < longer ? 1 : 0));
  });
}

}  // namespace ballast
