#include "tests/tools/command.h"
