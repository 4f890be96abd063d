// The instructions of a pickle, by the names of Python's pickletools, and how much follows each (PEP 307, PEP 3154, PEP 574).
#pragma once

#include <cstdint>

namespace ballast::checkpoint {

namespace pickle_op {
enum Op : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kInst = 'i',
  kLongBinGet = 'j',
  kObj = 'o',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kEmptyList = ']',
  kList = 'l',
  kDict = 'd',
  kEmptyTuple = ')',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProto = 0x80,
  kNewObj = 0x81,
  kExt1 = 0x82,
  kExt2 = 0x83,
  kExt4 = 0x84,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8A,
  kLong4 = 0x8B,
  kShortBinUnicode = 0x8C,
  kBinUnicode8 = 0x8D,
  kBinBytes8 = 0x8E,
  kEmptySet = 0x8F,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
  kNextBuffer = 0x97,
  kReadOnlyBuffer = 0x98,
  // The texts of protocol 0.
  kTextInt = 'I',
  kTextLong = 'L',
  kTextFloat = 'F',
  kTextString = 'S',
  kTextUnicode = 'V',
  kTextPut = 'p',
  kTextGet = 'g',
  kTextPersId = 'P',
};
}  // namespace pickle_op

/// What follows an instruction: so many bytes, or a count of so many bytes and then the bytes that it counts, or lines.
struct PickleArgument {
  std::uint8_t bytes = 0;  ///< of the argument, or of the count before it
  bool counts = false;
  std::uint8_t lines = 0;
};

/// Of an instruction that does not exist, nothing.
[[nodiscard]] constexpr PickleArgument argument_of(std::uint8_t op) noexcept {
  using namespace pickle_op;
  switch (op) {
    case kBinInt1:
    case kBinGet:
    case kBinPut:
    case kProto:
    case kExt1:
      return {1};
    case kBinInt2:
    case kExt2:
      return {2};
    case kBinInt:
    case kLongBinGet:
    case kLongBinPut:
    case kExt4:
      return {4};
    case kBinFloat:
    case kFrame:
      return {8};
    case kShortBinString:
    case kShortBinBytes:
    case kLong1:
    case kShortBinUnicode:
      return {1, true};
    case kBinString:
    case kBinBytes:
    case kBinUnicode:
    case kLong4:
      return {4, true};
    case kBinUnicode8:
    case kBinBytes8:
    case kByteArray8:
      return {8, true};
    case kGlobal:
    case kInst:
      return {0, false, 2};
    case kTextInt:
    case kTextLong:
    case kTextFloat:
    case kTextString:
    case kTextUnicode:
    case kTextPut:
    case kTextGet:
    case kTextPersId:
      return {0, false, 1};
    default:
      return {};
  }
}

}  // namespace ballast::checkpoint
