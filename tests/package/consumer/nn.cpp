#include <ballast/nn/nn.h>
#include <fmt/format.h>

int main() { fmt::print("{}\n", ballast::nn::Linear(4, 2)); }
