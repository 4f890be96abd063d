// Values that a format has no place for.
#pragma once

#include <string>
#include <string_view>

#include "tests/checkpoint/craft.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/save.h"

namespace ballast::testing {

/// A dict of one entry.
inline checkpoint::Value one(const std::string& name, const checkpoint::Value& v) {
  checkpoint::Value d = checkpoint::Value::dict();
  d.set(name, v);
  return d;
}

/// Saving throws an E that says `word`, and leaves nothing behind.
template <class E>
void expect_refused(const checkpoint::Value& v, const std::string& file, std::string_view word,
                    const checkpoint::SaveOptions& options = {.fsync = false}) {
  const TemporaryFolder folder;
  try {
    save(v, folder.path() / file, options);
    ADD_FAILURE() << word << ": was written";
  } catch (const E& e) {
    EXPECT_NE(std::string_view(e.what()).find(word), std::string_view::npos) << e.what();
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace ballast::testing
