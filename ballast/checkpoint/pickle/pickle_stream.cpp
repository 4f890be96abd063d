#include "ballast/checkpoint/pickle/pickle_stream.h"

#include <algorithm>

#include "ballast/checkpoint/pickle/pickle_ops.h"
#include "ballast/core/error.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kFirstPiece = 256;  // many pickles are shorter, and old files hold very many
constexpr std::uint64_t kLargestPiece = 64 << 10;

/// Bytes of a file in order, by pieces; what is passed over is not read.
class Cursor {
 public:
  Cursor(const InputFile& file, std::uint64_t at) : file_(file), at_(at) {}

  [[nodiscard]] std::uint64_t at() const { return at_; }
  std::uint8_t byte() {
    if (at_ >= file_.size()) end();
    if (at_ < begin_ || at_ >= begin_ + piece_.size()) {
      begin_ = at_;
      piece_.resize(std::min(next_, file_.size() - at_));
      next_ = std::min(next_ * 4, kLargestPiece);
      file_.read(begin_, piece_.data(), piece_.size());
    }
    return static_cast<std::uint8_t>(piece_[at_++ - begin_]);
  }
  std::uint64_t number(int bytes) {
    std::uint64_t v = 0;
    for (int i = 0; i < bytes; ++i) v |= static_cast<std::uint64_t>(byte()) << (8 * i);
    return v;
  }
  void skip(std::uint64_t n) {
    if (n > file_.size() - at_) end();
    at_ += n;
  }
  void line() {
    while (byte() != '\n') {
    }
  }
  [[noreturn]] void fail(const std::string& reason) const {
    throw FormatError(reason, file_.name(), "", at_);
  }

 private:
  [[noreturn]] void end() const { fail("the pickle ends without STOP: the file was cut short"); }

  const InputFile& file_;
  std::uint64_t at_, begin_ = 0, next_ = kFirstPiece;
  std::string piece_;
};

/// Steps over what follows an instruction. What there is no such instruction for, the machine says.
void skip_argument(Cursor& c, std::uint8_t op) {
  const PickleArgument argument = argument_of(op);
  c.skip(argument.counts ? c.number(argument.bytes) : argument.bytes);
  for (int line = 0; line < argument.lines; ++line) c.line();
}

}  // namespace

std::uint64_t pickle_length(const InputFile& file, std::uint64_t offset, const LoadLimits& limits) {
  Cursor c(file, offset);
  while (true) {
    const std::uint8_t op = c.byte();
    if (op == pickle_op::kStop) return c.at() - offset;
    skip_argument(c, op);
    check<LimitError>(c.at() - offset <= limits.pickle_bytes,
                      "{}: a pickle of more than {} bytes, the limit (pickle_bytes)", file.name(),
                      limits.pickle_bytes);
  }
}

Node* PickleStream::next(TreeArena& tree, std::string_view what, const Persistent& persistent,
                         const std::function<Storage(const Storage&)>& bytes_of) {
  const std::uint64_t length = pickle_length(*file_, offset_, options_.limits);
  const auto bytes = std::make_shared<std::string>(length, '\0');
  file_->read(offset_, bytes->data(), length);
  tree.keep(bytes);
  Node* n = run_pickle(tree,
                       {.bytes = *bytes,
                        .place = {file_->name(), std::string(what), offset_},
                        .limits = options_.limits,
                        .file_size = file_->size(),
                        .refuse_objects = options_.refuse_objects,
                        .bytes_of = bytes_of},
                       persistent);
  offset_ += length;
  total_ += length;
  return n;
}

}  // namespace ballast::checkpoint
