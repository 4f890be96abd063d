#include "ballast/checkpoint/verify.h"

#include <algorithm>

#include "ballast/checkpoint/pickle/find_pickles.h"
#include "ballast/checkpoint/pickle/pickle_globals.h"
#include "ballast/checkpoint/pickle/pickle_names.h"
#include "ballast/checkpoint/pickle/pickle_scan.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kMostFindings = 1000;
constexpr const char* kNotFollowed = "the pickle cannot be followed further: ";
constexpr std::size_t kMostFiles = 10'000;  // of a folder

using Use = PickleName::Use;
using What = PickleUnknown::What;

std::string times_text(std::uint64_t times) {
  return times > 1 ? fmt::format(" (named {} times)", times) : std::string();
}

std::string what_of(const PickleUnknown& u) {
  switch (u.what) {
    case What::kExtension:
      return fmt::format("extension {}", u.number);
    case What::kLongName:
      return fmt::format("a name of {} bytes", u.number);
    case What::kComputedName:
      return "a name that is computed";
    default:
      return "a call of a computed value";
  }
}

std::string_view why_of(const PickleUnknown& u) {
  switch (u.what) {
    case What::kExtension:
      return "an unpickler would look it up in Python's registry of extensions, and import what stands there";
    case What::kLongName:
      return "longer than names are";
    case What::kComputedName:
      return "an unpickler would import a name that something else in the file makes";
    case What::kComputedCall:
      return "an unpickler would call what another call returned";
    default:
      return "an unpickler would try to call a value that is no function";
  }
}

class Verifier {
 public:
  explicit Verifier(const VerifyOptions& options) : options_(options) {}

  VerifyReport run(const std::filesystem::path& path) {
    std::error_code unknown;
    const bool folder = std::filesystem::is_directory(path, unknown);
    folder ? scan_folder(path) : scan_file(path, "");
    load_all(path, folder);
    if (!out_.unreadable.empty() && out_.has(Severity::kDamage)) {
      // Something was found all the same: a pickle by itself, say.
      add(Severity::kDamage, "", std::nullopt, "", not_a_checkpoint_);
      out_.unreadable.clear();
    }
    std::stable_sort(out_.findings.begin(), out_.findings.end(),
                     [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    return std::move(out_);
  }

 private:
  void add(Severity severity, const std::string& member, std::optional<std::uint64_t> byte, std::string what,
           std::string why) {
    // What is grave is never left out for what is not.
    if (out_.findings.size() >= kMostFindings &&
        !(severity == Severity::kDanger && dangers_ < kMostFindings)) {
      ++out_.left_out;
      return;
    }
    if (severity == Severity::kDanger) ++dangers_;
    out_.findings.push_back({severity, member, byte, std::move(what), std::move(why)});
  }

  void scan_folder(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code unknown;
      if (entry->is_regular_file(unknown) && files.size() < kMostFiles) files.push_back(entry->path());
    }
    if (error) throw IoError("list it", folder.string(), error.value());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) scan_file(file, shown_name(file.filename().string()));
  }

  void scan_file(const std::filesystem::path& path, const std::string& prefix) {
    const auto file = InputFile::open(path);
    content_ = content_of(*file);
    const FoundPickles found = find_pickles(*file, options_.limits, [&](const FoundPickle& p) {
      const std::string member =
          prefix.empty() || p.member.empty() ? prefix + p.member : prefix + ": " + p.member;
      return scan(p, member);
    });
    out_.pickles += found.count;
    if (!found.all) {
      add(Severity::kDamage, prefix, std::nullopt, "members",
          "there are more of them, or larger ones, than an honest file of this size has: not all were looked "
          "into");
    }
  }

  /// Answers where the next pickle of a stack begins.
  std::uint64_t scan(const FoundPickle& p, const std::string& member) {
    const PickleScan scan = scan_pickle(p.bytes, options_.limits);
    out_.names += scan.names.size();
    for (const PickleName& n : scan.names) judge_name(n, member, p.byte);
    for (const PickleUnknown& u : scan.unknown) {
      add(Severity::kDanger, member, p.byte + u.byte, what_of(u),
          std::string(why_of(u)) + times_text(u.times));
      places_.push_back(p.byte + u.byte);
    }
    if (!scan.problem.empty()) {
      // The place is the instruction's. Names may follow that no reader gets to.
      add(Severity::kDamage, member, p.byte + scan.end, "the pickle",
          "it cannot be followed further: " + scan.problem);
      return 0;
    }
    return scan.end;
  }

  void judge_name(const PickleName& n, const std::string& member, std::uint64_t begin) {
    if (find_global(n.module, n.name) != nullptr) return;
    const bool called = n.use == Use::kCalled;
    std::string why;
    Severity severity = Severity::kDanger;
    switch (judge(n.module, n.name)) {
      case NameKind::kForbidden:
        why = called                 ? "an unpickler would import and call it"
              : n.use == Use::kState ? "an unpickler would import it and set its attributes"
                                     : "an unpickler would import it, for something else to call";
        break;
      case NameKind::kType:
        if (!called) return;
        [[fallthrough]];
      case NameKind::kFunction:
        if (called) {
          why = "an unpickler would import and call it, and it is no class of data";
        } else {
          severity = Severity::kNote;
          why = "an unpickler would import it; it is not called";
        }
        break;
      case NameKind::kClass:
        severity = Severity::kNote;
        why = called ? "an unpickler would import the class and make an object of it"
                     : "an unpickler would import the class";
        break;
    }
    add(severity, member, begin + n.byte, fmt::format("{}.{}", n.module, n.name), why + times_text(n.times));
    if (severity == Severity::kDanger) places_.insert(places_.end(), {begin + n.byte, begin + n.used_at});
  }

  void load_all(const std::filesystem::path& path, bool folder) {
    try {
      // Every byte with a checksum is read, and no tensor kept.
      std::size_t tensors = 0;
      const LoadOptions options{.verify = Verify::kAll,
                                .filter = [&tensors](std::string_view) { return ++tensors, false; },
                                .progress = options_.progress,
                                .limits = options_.limits};
      const Checkpoint file = load(path, options);
      out_.format = file.format();
      out_.tensors = tensors;
      if (file.members_without_checksum() > 0) {
        add(Severity::kNote, "", std::nullopt, "checksums",
            fmt::format("{} members have none: damage to them would go unnoticed",
                        file.members_without_checksum()));
      }
    } catch (const IoError&) {
      throw;
    } catch (const FormatError& e) {
      const bool no_place = e.record().empty() && e.offset() == FormatError::kNoOffset;
      if (no_place && !folder && (content_ == FileContent::kOther || content_ == FileContent::kPickles)) {
        out_.unreadable = e.what();
        not_a_checkpoint_ = e.reason();
        return;
      }
      const auto byte = e.offset() == FormatError::kNoOffset ? std::nullopt : std::optional(e.offset());
      refused(e.record(), byte, e.reason());
    } catch (const Error& e) {
      std::string reason = e.what();
      if (const std::string prefix = path.string() + ": "; reason.starts_with(prefix))
        reason.erase(0, prefix.size());
      refused("", std::nullopt, reason);
    }
  }

  /// Why `load` refuses the file, unless that is a name that was found already, or where a pickle cannot be followed.
  void refused(const std::string& member, std::optional<std::uint64_t> byte, const std::string& reason) {
    if (byte && std::find(places_.begin(), places_.end(), *byte) != places_.end()) return;
    std::erase_if(out_.findings,
                  [&](const Finding& f) { return f.member == member && f.why.starts_with(kNotFollowed); });
    add(Severity::kDamage, member, byte, "", reason);
  }

  const VerifyOptions& options_;
  VerifyReport out_;
  FileContent content_ = FileContent::kOther;
  std::string not_a_checkpoint_;       // why `load` does not know the file
  std::vector<std::uint64_t> places_;  // of instructions that `load` may refuse for what was said of them
  std::size_t dangers_ = 0;
};

}  // namespace

std::string_view severity_name(Severity s) noexcept {
  switch (s) {
    case Severity::kNote:
      return "note";
    case Severity::kDamage:
      return "damage";
    default:
      return "danger";
  }
}

bool VerifyReport::has(Severity at_least) const noexcept {
  return std::any_of(findings.begin(), findings.end(),
                     [&](const Finding& f) { return f.severity >= at_least; });
}

VerifyReport verify(const std::filesystem::path& path, const VerifyOptions& options) {
  return Verifier(options).run(path);
}

}  // namespace ballast::checkpoint
