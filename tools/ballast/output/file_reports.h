// What a command has to say of several files: of each as it is done, or one JSON document {"files": [...]} at the end.
//
//   FileReports reports(options.common);
//   for (const std::string& file : options.files) {
//     reports.add([&](fmt::memory_buffer& out) { write_text(out, ...); }, [&](JsonWriter& json) { write_json(json, ...); });
//   }
//   reports.finish();
#pragma once

#include <string_view>

#include "tools/ballast/command_line/common_options.h"
#include <fmt/format.h>

#include "ballast/core/json_writer.h"

namespace ballast::tool {

class FileReports {
 public:
  explicit FileReports(const CommonOptions& options);

  /// Of one file, in the form that was asked for; with --quiet, in none.
  template <class Text, class Json>
  void add(const Text& text, const Json& json) {
    if (options_.quiet) return;
    if (options_.json) return json(json_);
    text(out_);
    flush();
  }
  /// A file that cannot be read: a line on standard error, where the document does not say it.
  void add_unreadable(std::string_view reason) const;
  void finish();

 private:
  void flush();

  const CommonOptions& options_;
  fmt::memory_buffer out_;
  JsonWriter json_;
};

}  // namespace ballast::tool
