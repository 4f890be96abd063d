#include <ballast/core/print.h>
#include <ballast/core/tensor.h>
#include <fmt/format.h>

int main() { fmt::print("{}\n", ballast::empty({2, 3}).shape()); }
