#include "ballast/autograd/grad_mode.h"

namespace ballast {
namespace {
thread_local constinit bool enabled = true;
}

bool GradMode::is_enabled() noexcept { return enabled; }
void GradMode::set_enabled(bool on) noexcept { enabled = on; }

}  // namespace ballast
