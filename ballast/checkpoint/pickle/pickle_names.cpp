#include "ballast/checkpoint/pickle/pickle_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ballast::checkpoint {
namespace {

// The top-level modules of Python 2.7 and of 3.0 to 3.14, and of the installers beside them, sorted.
// clang-format off
constexpr std::array kPythonModules = std::to_array<std::string_view>({
    "BaseHTTPServer", "Bastion", "CGIHTTPServer", "ConfigParser", "Cookie", "DocXMLRPCServer", "HTMLParser",
    "Queue", "ScrolledText", "SimpleHTTPServer", "SimpleXMLRPCServer", "SocketServer", "StringIO",
    "Tkinter", "UserDict", "UserList", "UserString", "__builtin__", "__builtins__", "__future__", "_abc",
    "_aix_support", "_android_support", "_apple_support", "_ast", "_asyncio", "_bisect", "_blake2",
    "_bootlocale", "_bootsubprocess", "_bz2", "_codecs", "_codecs_cn", "_codecs_hk", "_codecs_iso2022",
    "_codecs_jp", "_codecs_kr", "_codecs_tw", "_collections", "_collections_abc", "_compat_pickle",
    "_compression", "_contextvars", "_crypt", "_csv", "_ctypes", "_curses", "_curses_panel", "_datetime",
    "_dbm", "_decimal", "_distutils_hack", "_elementtree", "_frozen_importlib",
    "_frozen_importlib_external", "_functools", "_gdbm", "_hashlib", "_heapq", "_imp", "_io",
    "_ios_support", "_json", "_locale", "_lsprof", "_lzma", "_markupbase", "_md5", "_msi",
    "_multibytecodec", "_multiprocessing", "_opcode", "_operator", "_osx_support", "_overlapped", "_pickle",
    "_posixshmem", "_posixsubprocess", "_py_abc", "_pydecimal", "_pyio", "_pyrepl", "_queue", "_random",
    "_scproxy", "_sha1", "_sha256", "_sha3", "_sha512", "_signal", "_sitebuiltins", "_socket", "_sqlite3",
    "_sre", "_ssl", "_stat", "_statistics", "_string", "_strptime", "_struct", "_symtable", "_thread",
    "_threading_local", "_tkinter", "_tokenize", "_tracemalloc", "_typing", "_uuid", "_warnings",
    "_weakref", "_weakrefset", "_winapi", "_zoneinfo", "abc", "aifc", "annotationlib", "antigravity",
    "anydbm", "argparse", "array", "ast", "asynchat", "asyncio", "asyncore", "atexit", "audioop", "base64",
    "bdb", "binascii", "binhex", "bisect", "builtins", "bz2", "cPickle", "cProfile", "cStringIO",
    "calendar", "cgi", "cgitb", "chunk", "cmath", "cmd", "code", "codecs", "codeop", "collections",
    "colorsys", "commands", "compileall", "compiler", "compression", "concurrent", "configparser",
    "contextlib", "contextvars", "cookielib", "copy", "copy_reg", "copyreg", "crypt", "csv", "ctypes",
    "curses", "dataclasses", "datetime", "dbhash", "dbm", "decimal", "difflib", "dircache", "dis",
    "distutils", "dl", "doctest", "dumbdbm", "dummy_thread", "dummy_threading", "email", "encodings",
    "ensurepip", "enum", "errno", "exceptions", "faulthandler", "fcntl", "filecmp", "fileinput", "fnmatch",
    "formatter", "fpformat", "fractions", "ftplib", "functools", "future_builtins", "gc", "gdbm",
    "genericpath", "getopt", "getpass", "gettext", "glob", "graphlib", "grp", "gzip", "hashlib", "heapq",
    "hmac", "hotshot", "html", "htmlentitydefs", "htmllib", "http", "httplib", "idlelib", "ihooks",
    "imaplib", "imghdr", "imp", "importlib", "imputil", "inspect", "io", "ipaddress", "itertools", "json",
    "keyword", "lib2to3", "linecache", "locale", "logging", "lzma", "macpath", "mailbox", "mailcap",
    "markupbase", "marshal", "math", "md5", "mhlib", "mimetools", "mimetypes", "mimify", "mmap",
    "modulefinder", "msilib", "msvcrt", "multifile", "multiprocessing", "mutex", "netrc", "new", "nis",
    "nntplib", "nt", "ntpath", "nturl2path", "numbers", "opcode", "operator", "optparse", "os",
    "os2emxpath", "ossaudiodev", "parser", "pathlib", "pdb", "pickle", "pickletools", "pip", "pipes",
    "pkg_resources", "pkgutil", "platform", "plistlib", "popen2", "poplib", "posix", "posixfile",
    "posixpath", "pprint", "profile", "pstats", "pty", "pwd", "py_compile", "pyclbr", "pydoc", "pydoc_data",
    "pyexpat", "queue", "quopri", "random", "re", "readline", "repr", "reprlib", "resource", "rexec",
    "rfc822", "rlcompleter", "robotparser", "runpy", "sched", "secrets", "select", "selectors", "sets",
    "setuptools", "sgmllib", "sha", "shelve", "shlex", "shutil", "signal", "site", "smtpd", "smtplib",
    "sndhdr", "socket", "socketserver", "spwd", "sqlite3", "sre", "sre_compile", "sre_constants",
    "sre_parse", "ssl", "stat", "statistics", "statvfs", "string", "stringold", "stringprep", "struct",
    "subprocess", "sunau", "symbol", "symtable", "sys", "sysconfig", "syslog", "tabnanny", "tarfile",
    "telnetlib", "tempfile", "termios", "textwrap", "this", "thread", "threading", "time", "timeit",
    "tkFileDialog", "tkinter", "token", "tokenize", "tomllib", "trace", "traceback", "tracemalloc", "tty",
    "turtle", "turtledemo", "types", "typing", "unicodedata", "unittest", "urllib", "urllib2", "urlparse",
    "user", "uu", "uuid", "venv", "warnings", "wave", "weakref", "webbrowser", "whichdb", "winreg",
    "winsound", "wsgiref", "xdrlib", "xml", "xmllib", "xmlrpc", "xmlrpclib", "zipapp", "zipfile",
    "zipimport", "zlib", "zoneinfo"});
// clang-format on
static_assert(std::is_sorted(kPythonModules.begin(), kPythonModules.end()));

// Classes of these modules that hold data and do nothing else, sorted.
using Name = std::pair<std::string_view, std::string_view>;
constexpr std::array kDataClasses = std::to_array<Name>(
    {{"argparse", "Namespace"},         {"builtins", "object"},       {"collections", "UserDict"},
     {"collections", "UserList"},       {"collections", "deque"},     {"datetime", "date"},
     {"datetime", "datetime"},          {"datetime", "time"},         {"datetime", "timedelta"},
     {"datetime", "timezone"},          {"decimal", "Decimal"},       {"fractions", "Fraction"},
     {"functools", "partial"},          {"pathlib", "Path"},          {"pathlib", "PosixPath"},
     {"pathlib", "PurePath"},           {"pathlib", "PurePosixPath"}, {"pathlib", "PureWindowsPath"},
     {"pathlib", "WindowsPath"},        {"pathlib._local", "Path"},   {"pathlib._local", "PosixPath"},
     {"pathlib._local", "WindowsPath"}, {"types", "SimpleNamespace"}, {"uuid", "UUID"}});
static_assert(std::is_sorted(kDataClasses.begin(), kDataClasses.end()));

// Types and functions of Python itself that other data name and that do nothing when they are only named.
constexpr std::array kPlainTypes = std::to_array<std::string_view>(
    {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "long", "object",
     "range", "set", "slice", "str", "tuple", "unicode"});
static_assert(std::is_sorted(kPlainTypes.begin(), kPlainTypes.end()));

bool is_python_module(std::string_view name) noexcept {
  return std::binary_search(kPythonModules.begin(), kPythonModules.end(), name);
}

/// Calls `part` for the pieces of a dotted name until one answers true.
template <class Part>
bool any_part(std::string_view dotted, Part&& part) noexcept {
  while (true) {
    const std::size_t dot = dotted.find('.');
    if (part(dotted.substr(0, dot))) return true;
    if (dot == std::string_view::npos) return false;
    dotted.remove_prefix(dot + 1);
  }
}

/// Letters, digits, underscores and dots; letters beyond ASCII are letters.
bool is_identifier(std::string_view dotted) noexcept {
  return std::all_of(dotted.begin(), dotted.end(), [](char c) {
    return c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
  });
}

bool is_written_like_a_class(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  while (last.starts_with('_')) last.remove_prefix(1);
  return !last.empty() && last.front() >= 'A' && last.front() <= 'Z';
}

}  // namespace

NameKind judge(std::string_view module, std::string_view name) noexcept {
  if (std::binary_search(kDataClasses.begin(), kDataClasses.end(), Name{module, name}))
    return NameKind::kClass;
  if ((module == "builtins" || module == "__builtin__") &&
      std::binary_search(kPlainTypes.begin(), kPlainTypes.end(), name)) {
    return NameKind::kType;
  }
  if (module.empty() || name.empty() || !is_identifier(module) || !is_identifier(name))
    return NameKind::kForbidden;
  // `torch` imports `os`, so that torch's "os.system" is a way to it.
  const std::string_view top = module.substr(0, module.find('.'));
  const bool reaches_python = name.find('.') != std::string_view::npos && any_part(name, is_python_module);
  const bool hidden = any_part(name, [](std::string_view part) { return part.starts_with("__"); });
  if (is_python_module(top) || reaches_python || hidden) return NameKind::kForbidden;
  return is_written_like_a_class(name) ? NameKind::kClass : NameKind::kFunction;
}

}  // namespace ballast::checkpoint
