// What a program does with a checkpoint, whatever is in it: after a good load, nothing of this may fail but with an Error.
#pragma once

#include "ballast/checkpoint/load.h"

namespace ballast::fuzz {

/// Reads every element that costs no more than the file does, walks the tree, and asks for the state dict.
void consume(const checkpoint::Checkpoint& file);

}  // namespace ballast::fuzz
