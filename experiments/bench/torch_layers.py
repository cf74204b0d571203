#!/usr/bin/python3
"""The peer of layers.lua: the cost of spectral normalisation, minibatch discrimination and conditioning in PyTorch's
DCGAN step; prints a line of JSON.

Written as PyTorch's users do it. bench.lua says how Debian's python3-torch is made fast.
"""
import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

CLASSES = 10
p = argparse.ArgumentParser()
for name, default in dict(size=64, batch=64, width=64, rounds=9, threads=2).items():
    p.add_argument("--" + name, type=int, default=default)
p.add_argument("--cpu", action="store_true", help="the least processor time instead of the median of the clock's")
o = p.parse_args()
torch.set_num_threads(o.threads)
torch.manual_seed(0)
widths = [o.width * o.size // 8 >> i for i in range((o.size // 8).bit_length())]  # 512 256 128 64
labels = torch.randint(0, CLASSES, (o.batch,))


class ConditionalNorm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm = nn.BatchNorm2d(c, affine=False)
        self.gamma, self.beta = nn.Embedding(CLASSES, c), nn.Embedding(CLASSES, c)
        nn.init.ones_(self.gamma.weight)
        nn.init.zeros_(self.beta.weight)

    def forward(self, x, y):
        return self.norm(x) * self.gamma(y)[:, :, None, None] + self.beta(y)[:, :, None, None]


class Discrimination(nn.Module):
    """Minibatch discrimination of the picture's mean, as constant maps."""

    def __init__(self, a, b=100, c=5):
        super().__init__()
        self.t, self.b, self.c = nn.Parameter(torch.randn(a, b * c) / a ** 0.5), b, c

    def forward(self, x):
        m = (x.mean((2, 3)) @ self.t).reshape(-1, self.b, self.c)
        near = torch.exp(-(m[:, None] - m[None]).abs().sum(3)).sum(1)
        return torch.cat([x, near[:, :, None, None].expand(-1, -1, *x.shape[2:])], 1)


class Maps(nn.Module):
    """The label as constant maps behind the channels; the labels are always the same here."""

    def forward(self, x):
        return torch.cat([x, F.one_hot(labels, CLASSES).float()[:, :, None, None].expand(-1, -1, *x.shape[2:])], 1)


class Generator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind, before = kind, 100 + (CLASSES if kind in ("concat", "acgan") else 0)
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        for i, width in enumerate(widths):
            self.convs.append(nn.ConvTranspose2d(before, width, *((4, 1, 0) if i == 0 else (4, 2, 1)), bias=False))
            self.norms.append(ConditionalNorm(width) if kind == "projection" else nn.BatchNorm2d(width))
            before = width
        self.last = nn.ConvTranspose2d(before, 3, 4, 2, 1, bias=False)

    def forward(self, z, y):
        if self.kind in ("concat", "acgan"):
            z = torch.cat([z, F.one_hot(y, CLASSES).float()], 1)
        x = z[:, :, None, None]
        for conv, norm in zip(self.convs, self.norms):
            x = conv(x)
            x = F.relu(norm(x, y) if self.kind == "projection" else norm(x), inplace=True)
        return torch.tanh(self.last(x))


class Discriminator(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind, layers, before = kind, [], 3
        sn = nn.utils.spectral_norm if kind == "spectral" else lambda m: m
        for i, width in enumerate(reversed(widths)):
            if kind == "concat" and i == len(widths) - 1:
                layers.append(Maps())
                before += CLASSES
            layers.append(sn(nn.Conv2d(before, width, 4, 2, 1, bias=False)))
            layers += [nn.BatchNorm2d(width)] if i else []
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            before = width
        if kind == "minibatch":
            layers.append(Discrimination(before))
            before += 100
        self.trunk = nn.Sequential(*layers)
        if kind == "projection":
            self.psi, self.v = nn.Linear(before, 1), nn.Embedding(CLASSES, before)
        elif kind == "acgan":
            self.logit, self.classes = nn.Linear(16 * before, 1), nn.Linear(16 * before, CLASSES)
        else:
            self.last = sn(nn.Conv2d(before, 1, 4, 1, 0, bias=False))

    def forward(self, x, y):
        h = self.trunk(x)
        if self.kind == "projection":
            h = h.sum((2, 3))
            return self.psi(h).flatten() + (self.v(y) * h).sum(1), None
        if self.kind == "acgan":
            h = h.flatten(1)
            return self.logit(h).flatten(), self.classes(h)
        return self.last(h).flatten(), None


def stepper(kind):
    G, D = Generator(kind), Discriminator(kind)
    adam = dict(lr=2e-4, betas=(0.5, 0.999))
    optG, optD = torch.optim.Adam(G.parameters(), **adam), torch.optim.Adam(D.parameters(), **adam)
    real = torch.rand(o.batch, 3, o.size, o.size) * 2 - 1
    ones, zeros = torch.ones(o.batch), torch.zeros(o.batch)

    def loss(answer, target):
        logits, classes = answer
        value = F.binary_cross_entropy_with_logits(logits, target)
        return value if classes is None else value + F.cross_entropy(classes, labels)

    def step():
        optD.zero_grad()
        fake = G(torch.randn(o.batch, 100), labels)
        loss(D(real, labels), ones).backward()
        loss(D(fake.detach(), labels), zeros).backward()
        optD.step()
        optG.zero_grad()
        loss(D(fake, labels), ones).backward()
        optG.step()

    return step


def main():
    clock = time.process_time if o.cpu else time.perf_counter
    kinds = ["plain", "spectral", "minibatch", "concat", "projection", "acgan"]
    steps = {k: stepper(k) for k in kinds}
    times = {k: [] for k in kinds}
    for r in range(2 + o.rounds):
        for k in kinds:
            t = clock()
            steps[k]()
            times[k].append(clock() - t)
    out = []
    for k in kinds:
        pairs = list(zip(times[k], times["plain"]))[2:]
        s, ratio = statistics.median(a for a, _ in pairs), statistics.median(a / b for a, b in pairs)
        if o.cpu:
            s = min(a for a, _ in pairs)
            ratio = s / min(b for _, b in pairs)
        out.append(dict(name=k, s_step=round(s, 4), ratio=round(ratio, 3)))
    print(json.dumps(dict(who="torch " + torch.__version__, size=o.size, batch=o.batch, width=o.width,
                          threads=o.threads, layers=out)))


main()
