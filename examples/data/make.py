#!/usr/bin/env python3
"""Writes the data of the examples: make.py DIGITS.csv.gz SHAKESPEARE.txt

DIGITS.csv.gz: the UCI test set of optical recognition of handwritten digits, as scikit-learn ships it (64 pixels and the digit
in each line). SHAKESPEARE.txt: the plays as one text ("tiny Shakespeare"); its beginning is kept.
"""
import gzip
import sys

import torch

rows = [[int(x) for x in line.split(",")] for line in gzip.open(sys.argv[1], "rt").read().split()]
table = torch.tensor(rows, dtype=torch.uint8)
torch.save({"images": table[:, :64].reshape(-1, 8, 8).clone(), "labels": table[:, 64].clone()}, "digits.pth")
text = open(sys.argv[2]).read()[:65536]
open("shakespeare.txt", "w").write(text[: text.rindex("\n") + 1])
