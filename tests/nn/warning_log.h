// The warnings given while it lives, in order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ballast/core/warning.h"

namespace ballast::testing {

class WarningLog {
 public:
  WarningLog() {
    before_ = set_warning_handler([this](std::string_view text) { texts.emplace_back(text); });
  }
  ~WarningLog() { set_warning_handler(before_); }
  WarningLog(const WarningLog&) = delete;
  WarningLog& operator=(const WarningLog&) = delete;

  std::vector<std::string> texts;

 private:
  WarningHandler before_;
};

}  // namespace ballast::testing
