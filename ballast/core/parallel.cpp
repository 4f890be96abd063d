#include "ballast/core/print.h"
