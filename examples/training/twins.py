#!/usr/bin/env python3
"""The examples of this folder in PyTorch, with the same settings and seeds: twins.py NAME [--quick]

Each prints its last line: what the README's table compares.
"""
import math
import os
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

HERE = os.path.dirname(os.path.abspath(__file__))
QUICK = "--quick" in sys.argv


def digits():
    file = torch.load(f"{HERE}/../data/digits.pth")
    images = file["images"].to(torch.float32).unsqueeze(1) / 16
    labels = file["labels"].to(torch.int64)
    return images[:1500], labels[:1500], images[1500:], labels[1500:]


def text():
    raw = open(f"{HERE}/../data/shakespeare.txt", "rb").read()
    codes = {c: i for i, c in enumerate(sorted(set(raw)))}
    return len(codes), torch.tensor([codes[c] for c in raw])


def windows(codes, length, batch):
    starts = torch.randint(0, codes.numel() - length - 1, (batch,))
    x = [codes[s : s + length] for s in starts.tolist()]
    y = [codes[s + 1 : s + length + 1] for s in starts.tolist()]
    return torch.stack(x, 1), torch.stack(y, 1)


def accuracy(scores, labels):
    return (scores.argmax(1) == labels).double().mean().item()


def batches(*tensors):
    return DataLoader(TensorDataset(*tensors), batch_size=64, shuffle=True)


def digits_cnn():
    x_train, y_train, x_test, y_test = digits()
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32),
        nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(256, 10))
    epochs = 2 if QUICK else 40
    loader = batches(x_train, y_train)
    sgd = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9, weight_decay=5e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(sgd, 0.05, total_steps=epochs * len(loader))
    for _ in range(epochs):
        for x, y in loader:
            sgd.zero_grad()
            F.cross_entropy(net(x), y).backward()
            sgd.step()
            schedule.step()
    net.eval()
    with torch.no_grad():
        return f"test accuracy {accuracy(net(x_test), y_test):.4f}"


def char_lstm():
    n, codes = text()
    torch.manual_seed(0)
    embedding, lstm, head = nn.Embedding(n, 32), nn.LSTM(32, 128), nn.Linear(128, n)
    parameters = [p for m in (embedding, lstm, head) for p in m.parameters()]
    torch.manual_seed(0)
    adam = torch.optim.Adam(parameters, 5e-3)
    smooth = None
    for _ in range(20 if QUICK else 600):
        x, y = windows(codes, 48, 32)
        adam.zero_grad()
        loss = F.cross_entropy(head(lstm(embedding(x))[0]).reshape(-1, n), y.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        adam.step()
        smooth = loss.item() if smooth is None else 0.95 * smooth + 0.05 * loss.item()
    return f"final loss {smooth:.4f} (nothing learned: {math.log(n):.4f})"


class TiedAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(64, 32), nn.Linear(32, 12)
        self.bias1, self.bias2 = nn.Parameter(torch.zeros(32)), nn.Parameter(torch.zeros(64))

    def forward(self, x):
        code = torch.sigmoid(self.second(torch.sigmoid(self.first(x))))
        h = torch.sigmoid(F.linear(code, self.second.weight.t(), self.bias1))
        return torch.sigmoid(F.linear(h, self.first.weight.t(), self.bias2))


def tied_autoencoder():
    x_train, _, x_test, _ = digits()
    x_train, x_test = x_train.flatten(1), x_test.flatten(1)
    torch.manual_seed(0)
    net = TiedAutoencoder()
    adam = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(2 if QUICK else 60):
        for (x,) in batches(x_train):
            adam.zero_grad()
            F.mse_loss(net(x), x).backward()
            adam.step()
    with torch.no_grad():
        return f"test error {F.mse_loss(net(x_test), x_test).item():.5f}"


class TwoTasks(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.digit, self.ink = nn.Linear(32, 10), nn.Linear(32, 1)

    def forward(self, x):
        h = self.trunk(x)
        return self.digit(h), self.ink(h).squeeze(1)


def multi_task():
    x_train, y_train, x_test, y_test = digits()
    x_train, x_test = x_train.flatten(1), x_test.flatten(1)
    torch.manual_seed(0)
    net = TwoTasks()
    adam = torch.optim.AdamW(net.parameters(), 3e-3)
    for _ in range(2 if QUICK else 100):
        for x, y in batches(x_train, y_train):
            adam.zero_grad()
            scores, ink = net(x)
            (F.cross_entropy(scores, y) + F.mse_loss(ink, x.mean(1) * 4)).backward()
            adam.step()
    with torch.no_grad():
        scores, ink = net(x_test)
        return f"test accuracy {accuracy(scores, y_test):.4f}, error of the ink {F.mse_loss(ink, x_test.mean(1) * 4).item():.5f}"


def new_task():
    amplitude = 0.1 + 4.9 * torch.rand(()).item()
    phase = math.pi * torch.rand(()).item()
    a, b = torch.rand(10, 1) * 10 - 5, torch.rand(10, 1) * 10 - 5
    return a, torch.sin(a - phase) * amplitude, b, torch.sin(b - phase) * amplitude


def network(x, p):
    h = torch.relu(F.linear(x, p[0], p[1]))
    return F.linear(torch.relu(F.linear(h, p[2], p[3])), p[4], p[5])


def adapted(task, start, create_graph):
    grads = torch.autograd.grad(F.mse_loss(network(task[0], start), task[1]), start, create_graph=create_graph)
    return [p - g * 0.01 for p, g in zip(start, grads)]


def after_step(task, start):
    return F.mse_loss(network(task[2], adapted(task, start, True)), task[3])


def maml_sines():
    torch.manual_seed(0)
    start = list(nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1)).parameters())
    new_task(), new_task()  # those on which the example shows the sum of gradients
    adam = torch.optim.Adam(start, 1e-3)
    for _ in range(10 if QUICK else 1500):
        loss = torch.zeros(())
        for _ in range(8):
            loss = loss + after_step(new_task(), start) / 8
        adam.zero_grad()
        loss.backward()
        adam.step()
    torch.manual_seed(1)
    before = after = 0.0
    for _ in range(200):
        task = new_task()
        before += F.mse_loss(network(task[2], start), task[3]).item() / 200
        after += F.mse_loss(network(task[2], adapted(task, start, False)), task[3]).item() / 200
    return f"200 new tasks: error {before:.4f} before the step, {after:.4f} after it"


class Reader(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten())
        self.head = nn.Linear(512, classes)

    def forward(self, x):
        return self.head(self.trunk(x))


def train(net, x_all, y_all, epochs):
    sgd = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], 0.02, momentum=0.9)
    for _ in range(epochs):
        for x, y in batches(x_all, y_all):
            sgd.zero_grad()
            F.cross_entropy(net(x), y).backward()
            sgd.step()


def only(x, y, first):
    rows = ((y >= first) & (y < first + 5)).nonzero().squeeze(1)
    return x[rows], y[rows] - first


def transfer():
    x_train, y_train, x_test, y_test = digits()
    low, high, test = only(x_train, y_train, 0), only(x_train, y_train, 5), only(x_test, y_test, 5)
    torch.manual_seed(0)
    first = Reader(5)
    train(first, *low, 1 if QUICK else 20)
    few = high[0][:50], high[1][:50]
    torch.manual_seed(1)
    pretrained = Reader(5)
    pretrained.load_state_dict({k: v for k, v in first.state_dict().items() if k.startswith("trunk.")}, strict=False)
    pretrained.trunk.requires_grad_(False)
    train(pretrained, *few, 5 if QUICK else 20)
    torch.manual_seed(1)
    fresh = Reader(5)
    train(fresh, *few, 5 if QUICK else 20)
    with torch.no_grad():
        a, b = accuracy(pretrained(test[0]), test[1]), accuracy(fresh(test[0]), test[1])
    return f"test accuracy from 50 images: {a:.4f} with the trunk, {b:.4f} without"


class LanguageModel(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.embedding, self.position = nn.Embedding(n, 128), nn.Embedding(64, 128)
        layer = nn.TransformerEncoderLayer(128, 4, 256, 0.0, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(128)
        self.output = nn.Linear(128, n, bias=False)
        nn.init.normal_(self.embedding.weight, 0, 0.1)
        nn.init.normal_(self.position.weight, 0, 0.1)
        self.output.weight = self.embedding.weight

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.size(0))
        places = torch.arange(x.size(0)).unsqueeze(1)
        return self.output(self.norm(self.layers(self.embedding(x) + self.position(places), mask)))


def tied_transformer():
    n, codes = text()
    torch.manual_seed(0)
    net = LanguageModel(n)
    torch.manual_seed(0)
    steps = 10 if QUICK else 500
    adam = torch.optim.AdamW(net.parameters(), 4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 4e-3, total_steps=steps)
    smooth = None
    for _ in range(steps):
        x, y = windows(codes, 64, 32)
        adam.zero_grad()
        loss = F.cross_entropy(net(x).reshape(x.numel(), -1), y.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        schedule.step()
        smooth = loss.item() if smooth is None else 0.95 * smooth + 0.05 * loss.item()
    return f"final loss {smooth:.4f} (nothing learned: {math.log(n):.4f})"


torch.set_num_threads(1)
start = time.perf_counter()
result = globals()[sys.argv[1]]()
print(f"{sys.argv[1]}: {result} in {time.perf_counter() - start:.1f} s")
