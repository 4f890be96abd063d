#include "ballast/checkpoint/pickle/pickle_machine.h"

#include <array>
#include <unordered_map>
#include <vector>

#include "ballast/checkpoint/pickle/pickle_globals.h"
#include "ballast/checkpoint/pickle/pickle_names.h"
#include "ballast/checkpoint/pickle/pickle_ops.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/core/utf8.h"

namespace ballast::checkpoint {
namespace {

using namespace pickle_op;

constexpr std::uint8_t kNewestProtocol = 5;
constexpr std::uint32_t kLongKey = 256;

/// What PUT remembers. Writers number from 0 on; a number out of the row costs a map's node and no more.
class Memo {
 public:
  void put(std::uint64_t at, Node* n, std::uint64_t limit) {
    check<LimitError>(dense_.size() + sparse_.size() < limit, "more than {} values are remembered (memo)",
                      limit);
    if (at == dense_.size()) {
      dense_.push_back(n);
    } else if (at < dense_.size()) {
      dense_[at] = n;
    } else {
      sparse_[at] = n;
    }
  }
  [[nodiscard]] Node* get(std::uint64_t at) const {
    if (at < dense_.size()) return dense_[at];
    const auto it = sparse_.find(at);
    if (it == sparse_.end())
      throw FormatError(fmt::format("value {} is asked for, and was never remembered", at));
    return it->second;
  }
  [[nodiscard]] std::uint64_t size() const { return dense_.size() + sparse_.size(); }

 private:
  std::vector<Node*> dense_;
  std::unordered_map<std::uint64_t, Node*> sparse_;
};

class Machine {
 public:
  Machine(TreeArena& arena, const Pickle& pickle, const std::function<Node*(Node*)>& persistent)
      : arena_(arena),
        limits_(pickle.limits),
        read_(pickle.bytes, pickle.place),
        persistent_(persistent),
        context_{arena, pickle.limits,
                 Budget((std::uint64_t{1} << 20) + 4 * pickle.bytes.size(), "copies of values"),
                 Budget((std::uint64_t{1} << 20) + pickle.file_size, "indices of sparse tensors"),
                 pickle.bytes_of},
        pickle_(pickle) {}

  Node* run() {
    if (read_.left() == 0)
      throw FormatError("the pickle is empty", read_.place().file, read_.place().record, 0);
    try {
      return loop();
    } catch (const IoError&) {
      throw;
    } catch (const FormatError& e) {
      if (!e.file().empty()) throw;
      read_.fail_at(op_at_, with_name(e.reason()));
    } catch (const LimitError& e) {
      throw LimitError(fmt::format("{}: {}: {} (at byte {})", read_.place().file, read_.place().record,
                                   with_name(e.what()), op_at_));
    } catch (const Error& e) {
      read_.fail_at(op_at_, with_name(e.what()));
    }
  }

 private:
  /// Below a value that is being made stands, in most files, the key that it is going to have.
  [[nodiscard]] std::string with_name(std::string_view reason) const {
    if (!making_ || stack_.empty() || stack_.back()->kind != Kind::kStr) return std::string(reason);
    return fmt::format("'{}': {}", shown_name(text_of(*stack_.back())), reason);
  }

  [[noreturn]] static void refuse(std::string_view reason) { throw FormatError(std::string(reason)); }

  void push(Node* n) {
    if (stack_.size() >= limits_.stack) {
      throw LimitError(fmt::format("more than {} values on the stack (stack)", limits_.stack));
    }
    stack_.push_back(n);
  }
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Node* pop() {
    if (stack_.size() <= floor()) refuse("a value is taken from an empty stack");
    Node* n = stack_.back();
    stack_.pop_back();
    return n;
  }
  [[nodiscard]] Node* top() const {
    if (stack_.size() <= floor()) refuse("the stack is empty");
    return stack_.back();
  }
  /// The values above the last mark, which is taken away; `drop(values)` takes them.
  [[nodiscard]] Arguments to_mark() {
    if (marks_.empty()) refuse("no mark on the stack");
    const std::size_t from = marks_.back();
    marks_.pop_back();
    return {stack_.data() + from, stack_.size() - from};
  }
  void drop(Arguments a) { stack_.resize(stack_.size() - a.size()); }

  Node* text(std::uint64_t size) {
    check_length(size);
    const std::string_view s = read_.bytes(size);
    if (!is_utf8(s)) refuse("a string that is not UTF-8");
    return arena_.text(Kind::kStr, s, false);
  }
  Node* bytes(Kind kind, std::uint64_t size) {
    check_length(size);
    return arena_.text(kind, read_.bytes(size), false);
  }
  void check_length(std::uint64_t size) const {
    if (size > read_.left()) {
      refuse(fmt::format("a length of {} bytes, {} are left: the file is cut short or lies", size,
                         read_.left()));
    }
    check<LimitError>(size <= limits_.string_bytes, "a string of {} bytes, the limit (string_bytes) is {}",
                      size, limits_.string_bytes);
  }
  Node* big_integer(std::uint64_t size) {
    if (size > read_.left()) refuse(fmt::format("an integer of {} bytes, {} are left", size, read_.left()));
    check<LimitError>(size <= limits_.integer_bytes,
                      "an integer of {} bytes, the limit (integer_bytes) is {}", size, limits_.integer_bytes);
    return arena_.big_integer(read_.bytes(size), false);
  }
  Node* small_integer(std::uint8_t v) {
    if (small_[v] == nullptr) small_[v] = arena_.integer(v);
    return small_[v];
  }

  Node* global(std::string_view module, std::string_view name) {
    const GlobalName* g = find_global(module, name);
    if (g == nullptr) return other_global(module, name);
    Node*& n = globals_[g];
    if (n == nullptr) n = global_node(arena_, *g);
    return n;
  }
  Node* other_global(std::string_view module, std::string_view name) {
    const NameKind kind = judge(module, name);
    const bool refused = kind == NameKind::kForbidden || (pickle_.refuse_objects && kind != NameKind::kType);
    if (refused || !is_utf8(module) || !is_utf8(name)) {
      refuse(fmt::format(
          "the file names {}.{}, which is not among the things that are only data; nothing was run",
          shown_name(module), shown_name(name)));
    }
    context_.copies.spend(module.size() + name.size());
    Node*& n = others_[fmt::format("{}\n{}", module, name)];
    if (n == nullptr) n = other_name_node(arena_, module, name, kind == NameKind::kClass);
    return n;
  }

  void make(Node* callable, Node* arguments) {
    making_ = true;
    if (arguments->kind != Kind::kTuple)
      refuse(fmt::format("arguments should be a tuple, not {}", kind_phrase(arguments->kind)));
    make(callable, Arguments(arguments->items, arguments->size));
  }
  void make(Node* callable, Arguments arguments) {
    making_ = true;
    push(called(callable, arguments));
    making_ = false;
  }
  Node* called(Node* callable, Arguments arguments) {
    if (const GlobalName* g = global_of(callable)) return make_object(context_, *g, arguments);
    if (is_other_class(*callable)) {
      context_.copies.spend(arguments.size());
      return arena_.object(callable, arena_.sequence(Kind::kTuple, arguments.data(), arguments.size()));
    }
    if (is_other_name(*callable)) {
      refuse(
          fmt::format("the file calls {}, which is not among the things that only make data; nothing was run",
                      shown_name(text_of(*callable))));
    }
    refuse(fmt::format("{} cannot be called", kind_phrase(callable->kind)));
  }
  /// class, arguments, keyword arguments: only of classes that become records, which keep the keywords as they are.
  void make_with_keywords() {
    Node* keywords = pop();
    const std::array<Node*, 2> call = last_two();
    if (!is_other_class(*call[0]) || call[1]->kind != Kind::kTuple || keywords->kind != Kind::kDict) {
      refuse(
          "an object made with keyword arguments is not among the things that are only data; nothing was "
          "run");
    }
    std::vector<Node*> all(call[1]->items, call[1]->items + call[1]->size);
    if (keywords->size > 0) all.push_back(keywords);
    make(call[0], Arguments(all));
  }

  void set_items(Node* to, Arguments a) {
    const Kind k = to->kind;
    if (k != Kind::kDict && k != Kind::kOrderedDict && k != Kind::kCounter && k != Kind::kObject) {
      refuse(fmt::format("entries are set in {}: only dictionaries have them", kind_phrase(k)));
    }
    if (a.size() % 2 != 0) refuse("a key without a value");
    for (std::size_t i = 0; i < a.size(); i += 2) {
      if (a[i]->kind == Kind::kStr && a[i]->size > kLongKey) context_.copies.spend(a[i]->size);
      if (!arena_.insert(to, a[i], a[i + 1])) {
        refuse(a[i]->kind == Kind::kStr
                   ? fmt::format("the key '{}' stands twice in one dictionary", shown_name(text_of(*a[i])))
                   : "a key stands twice in one dictionary");
      }
    }
  }
  void append(Node* to, Arguments a) {
    if (to->kind == Kind::kObject) {  // a list of its own kind: entries by number
      for (Node* v : a) {
        if (!arena_.insert(to, arena_.integer(to->size), v)) refuse("a list that is a dictionary too");
      }
      return;
    }
    if (to->kind != Kind::kList)
      refuse(fmt::format("a value is appended to {}: only lists grow", kind_phrase(to->kind)));
    arena_.append(to, a.data(), a.size());
  }
  Node* fill_set(Node* to, Arguments a) {
    if (to->kind != Kind::kSet && to->kind != Kind::kFrozenSet) {
      refuse(fmt::format("elements are added to {}: only sets have them", kind_phrase(to->kind)));
    }
    for (Node* n : a) {
      if (!arena_.insert(to, n, nullptr)) refuse("an element stands twice in one set");
    }
    return to;
  }
  void build() {
    Node* state = pop();
    Node* to = top();
    if (to->kind == Kind::kObject) {
      if (to->dict->attributes != nullptr) refuse("a second state is given to one object");
      if (is_numpy_array_without_state(*to)) {
        set_numpy_state(context_, *to, *state);
      } else {
        to->dict->attributes = state;
      }
      return;
    }
    if (to->kind == Kind::kTensor) return;  // attributes of a tensor's own: nothing here has a place for them
    if (to->kind != Kind::kOrderedDict && to->kind != Kind::kCounter) {
      refuse(fmt::format("a state is given to {}: only an OrderedDict takes one", kind_phrase(to->kind)));
    }
    if (state->kind != Kind::kDict)
      refuse(fmt::format("the state of an OrderedDict should be a dict, not {}", kind_phrase(state->kind)));
    if (to->dict->attributes != nullptr) refuse("a second state is given to one OrderedDict");
    to->dict->attributes = state;
  }

  void protocol() {
    const std::uint8_t version = read_.u8();
    if (op_at_ != read_.place().offset) refuse("the protocol is named again in the middle");
    if (version < 2 || version > kNewestProtocol) {
      refuse(fmt::format("pickle protocol {}: 2 to {} are read", version, kNewestProtocol));
    }
  }
  void frame() {
    const std::uint64_t size = read_.u64();
    if (read_.position() - 9 < frame_end_) refuse("a frame begins inside another");
    if (size > read_.left()) refuse(fmt::format("a frame of {} bytes, {} are left", size, read_.left()));
    frame_end_ = read_.position() + size;
  }

  Node* loop() {
    for (std::uint64_t count = 0;; ++count) {
      op_at_ = read_.offset();
      const std::size_t begin = read_.position();
      if (read_.left() == 0) refuse("the pickle ends without STOP: the file was cut short");
      check<LimitError>(count < limits_.opcodes, "more than {} instructions (opcodes)", limits_.opcodes);
      const std::uint8_t op = read_.u8();
      if (count == 0 && op != kProto) refuse("the pickle does not begin with a protocol of 2 or later");
      if (op == kStop) return stop();
      step(op);
      if (begin < frame_end_ && read_.position() > frame_end_ && op != kFrame)
        refuse("an instruction reaches over the end of its frame");
    }
  }

  Node* stop() {
    Node* root = pop();
    if (!stack_.empty() || !marks_.empty()) {
      refuse(
          fmt::format("{} values and {} marks are left on the stack at STOP", stack_.size(), marks_.size()));
    }
    if (read_.left() != 0) {
      op_at_ = read_.offset();
      refuse(fmt::format("{} bytes follow STOP", read_.left()));
    }
    return root;
  }

  void step(std::uint8_t op) {
    switch (op) {
      case kProto:
        return protocol();
      case kFrame:
        return frame();
      case kMark:
        if (marks_.size() >= limits_.stack)
          throw LimitError(fmt::format("more than {} marks (stack)", limits_.stack));
        return marks_.push_back(stack_.size());
      case kPop:
        if (stack_.size() == floor() && !marks_.empty()) return marks_.pop_back();
        return static_cast<void>(pop());
      case kPopMark:
        return drop(to_mark());
      case kDup:
        return push(top());

      case kNone:
        return push(none_node());
      case kNewTrue:
        return push(bool_node(true));
      case kNewFalse:
        return push(bool_node(false));
      case kBinInt1:
        return push(small_integer(read_.u8()));
      case kBinInt2:
        return push(arena_.integer(read_.u16()));
      case kBinInt:
        return push(arena_.integer(static_cast<std::int32_t>(read_.u32())));
      case kLong1:
        return push(big_integer(read_.u8()));
      case kLong4: {
        const std::uint32_t size = read_.u32();
        if (size > 0x7FFFFFFF) refuse("an integer of negative length");
        return push(big_integer(size));
      }
      case kBinFloat:
        return push(arena_.real(read_.big_endian_f64()));
      case kShortBinUnicode:
        return push(text(read_.u8()));
      case kBinUnicode:
        return push(text(read_.u32()));
      case kBinUnicode8:
        return push(text(read_.u64()));
      case kShortBinString:
        return push(text(read_.u8()));
      case kBinString:
        return push(text(read_.u32()));
      case kShortBinBytes:
        return push(bytes(Kind::kBytes, read_.u8()));
      case kBinBytes:
        return push(bytes(Kind::kBytes, read_.u32()));
      case kBinBytes8:
        return push(bytes(Kind::kBytes, read_.u64()));
      case kByteArray8:
        return push(bytes(Kind::kByteArray, read_.u64()));

      case kEmptyTuple:
        return push(empty_tuple());
      case kTuple1:
        return tuple_of(1);
      case kTuple2:
        return tuple_of(2);
      case kTuple3:
        return tuple_of(3);
      case kTuple: {
        const Arguments a = to_mark();
        Node* n = a.empty() ? empty_tuple() : arena_.sequence(Kind::kTuple, a.data(), a.size());
        drop(a);
        return push(n);
      }
      case kEmptyList:
        return push(arena_.sequence(Kind::kList, nullptr, 0));
      case kList: {
        const Arguments a = to_mark();
        Node* n = arena_.sequence(Kind::kList, a.data(), a.size());
        drop(a);
        return push(n);
      }
      case kAppend: {
        Node* v = pop();
        return append(top(), {&v, 1});
      }
      case kAppends: {
        const Arguments a = to_mark();
        append(below(a), a);
        return drop(a);
      }
      case kEmptyDict:
        return push(arena_.mapping(Kind::kDict));
      case kDict: {
        const Arguments a = to_mark();
        Node* n = arena_.mapping(Kind::kDict);
        set_items(n, a);
        drop(a);
        return push(n);
      }
      case kSetItem: {
        const std::array<Node*, 2> pair = last_two();
        return set_items(top(), pair);
      }
      case kSetItems: {
        const Arguments a = to_mark();
        set_items(below(a), a);
        return drop(a);
      }
      case kEmptySet:
        return push(arena_.mapping(Kind::kSet));
      case kAddItems: {
        const Arguments a = to_mark();
        fill_set(below(a), a);
        return drop(a);
      }
      case kFrozenSet: {
        const Arguments a = to_mark();
        Node* n = fill_set(arena_.mapping(Kind::kFrozenSet), a);
        drop(a);
        return push(n);
      }

      case kBinPut:
        return memo_.put(read_.u8(), top(), limits_.memo);
      case kLongBinPut:
        return memo_.put(read_.u32(), top(), limits_.memo);
      case kMemoize:
        return memo_.put(memo_.size(), top(), limits_.memo);
      case kBinGet:
        return push(memo_.get(read_.u8()));
      case kLongBinGet:
        return push(memo_.get(read_.u32()));

      case kGlobal: {
        const std::string_view module = read_.line();
        return push(global(module, read_.line()));
      }
      case kStackGlobal: {
        const std::array<Node*, 2> names = last_two();
        if (names[0]->kind != Kind::kStr || names[1]->kind != Kind::kStr) refuse("a name that is no string");
        return push(global(text_of(*names[0]), text_of(*names[1])));
      }
      case kReduce:
      case kNewObj: {
        const std::array<Node*, 2> call = last_two();
        return make(call[0], call[1]);
      }
      case kNewObjEx:
        return make_with_keywords();
      case kInst: {
        const std::string_view module = read_.line();
        Node* callable = global(module, read_.line());
        return make_of_marked(callable, to_mark());
      }
      case kObj: {
        const Arguments a = to_mark();
        if (a.empty()) refuse("an object without a class");
        return make_of_marked(a[0], a);
      }
      case kBuild:
        return build();
      case kBinPersId: {
        Node* id = pop();
        making_ = true;
        push(persistent_(id));
        making_ = false;
        return;
      }
      default:
        return refuse_step(op);
    }
  }

  /// INST and OBJ: the arguments are copied from the stack, which grows while they are used.
  void make_of_marked(Node* callable, Arguments marked) {
    const std::size_t skip = !marked.empty() && marked[0] == callable ? 1 : 0;
    const std::vector<Node*> arguments(marked.begin() + static_cast<std::ptrdiff_t>(skip), marked.end());
    drop(marked);
    make(callable, Arguments(arguments));
  }

  [[noreturn]] void refuse_step(std::uint8_t op) const {
    switch (op) {
      case kExt1:
      case kExt2:
      case kExt4:
        refuse("the file refers to an extension registry, which means code; nothing was run");
      case kNextBuffer:
      case kReadOnlyBuffer:
        refuse("the pickle's buffers are kept outside of it: such files are not read");
      case kTextPersId:
        refuse("a persistent id in the text form of protocol 0");
      case kTextFloat:
      case kTextInt:
      case kTextLong:
      case kTextString:
      case kTextUnicode:
      case kTextPut:
      case kTextGet:
        refuse(fmt::format("instruction '{}' of pickle protocol 0: 2 to 5 are read", static_cast<char>(op)));
      default:
        refuse(fmt::format("{:#04x} is no pickle instruction", op));
    }
  }

  [[nodiscard]] Node* below(Arguments a) const {
    const std::size_t at = stack_.size() - a.size();
    if (at <= floor()) refuse("nothing under the mark");
    return stack_[at - 1];
  }
  std::array<Node*, 2> last_two() {
    Node* second = pop();
    return {pop(), second};
  }
  void tuple_of(std::size_t n) {
    if (stack_.size() - floor() < n)
      refuse(fmt::format("a tuple of {} from a stack of {}", n, stack_.size() - floor()));
    Node* t = arena_.sequence(Kind::kTuple, stack_.data() + stack_.size() - n, n);
    stack_.resize(stack_.size() - n);
    push(t);
  }
  Node* empty_tuple() {
    if (empty_tuple_ == nullptr) empty_tuple_ = arena_.sequence(Kind::kTuple, nullptr, 0);
    return empty_tuple_;
  }

  TreeArena& arena_;
  const LoadLimits& limits_;
  ByteReader read_;
  const std::function<Node*(Node*)>& persistent_;
  MakerContext context_;
  const Pickle& pickle_;
  std::vector<Node*> stack_;
  std::vector<std::size_t> marks_;
  Memo memo_;
  std::array<Node*, 256> small_{};
  std::unordered_map<const GlobalName*, Node*> globals_;
  std::unordered_map<std::string, Node*> others_;
  Node* empty_tuple_ = nullptr;
  std::uint64_t op_at_ = 0;
  std::uint64_t frame_end_ = 0;  // a position, not an offset
  bool making_ = false;
};

}  // namespace

Node* run_pickle(TreeArena& arena, const Pickle& pickle, const std::function<Node*(Node*)>& persistent) {
  return Machine(arena, pickle, persistent).run();
}

}  // namespace ballast::checkpoint
