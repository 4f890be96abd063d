#include "tools/ballast/output/file_reports.h"

#include <cstdio>

#include "tools/ballast/terminal/standard_output.h"
#include "tools/ballast/terminal/terminal_text.h"

namespace ballast::tool {

FileReports::FileReports(const CommonOptions& options) : options_(options), json_(out_) {
  if (!options_.json) return;
  json_.begin_object(JsonWriter::Layout::kLines);
  json_.key("files"), json_.begin_array(JsonWriter::Layout::kLines);
}

void FileReports::add_unreadable(std::string_view reason) const {
  if (!options_.json) std::fputs(fmt::format("ballast: {}\n", terminal_text(reason)).c_str(), stderr);
}

void FileReports::finish() {
  if (!options_.json || options_.quiet) return;
  json_.end_array();
  json_.end_object();
  out_.push_back('\n');
  flush();
}

void FileReports::flush() {
  write_to_standard_output({out_.data(), out_.size()});
  out_.clear();
}

}  // namespace ballast::tool
