#!/usr/bin/python3
"""The peer of step.lua: the DCGAN training step in PyTorch, as its documentation would have it; prints one line of JSON.

Debian's python3-torch is fast only with one OpenMP runtime and an allocator that keeps its memory; run.lua sets both up.
"""
import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

p = argparse.ArgumentParser()
for name, default in dict(size=64, channels=3, batch=64, threads=2, steps=7, width=64, z=100).items():
    p.add_argument("--" + name, type=int, default=default)
o = p.parse_args()
torch.set_num_threads(o.threads)
torch.manual_seed(0)
widths = [o.width * o.size // 8 >> i for i in range((o.size // 8).bit_length())]  # 512 256 128 64


def generator():
    layers, before = [], o.z
    for i, width in enumerate(widths):
        how = (4, 1, 0) if i == 0 else (4, 2, 1)
        layers += [nn.ConvTranspose2d(before, width, *how, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        before = width
    return nn.Sequential(*layers, nn.ConvTranspose2d(before, o.channels, 4, 2, 1, bias=False), nn.Tanh())


def discriminator():
    layers, before = [], o.channels
    for i, width in enumerate(reversed(widths)):
        layers.append(nn.Conv2d(before, width, 4, 2, 1, bias=False))
        layers += [nn.BatchNorm2d(width)] if i else []
        layers.append(nn.LeakyReLU(0.2, inplace=True))
        before = width
    return nn.Sequential(*layers, nn.Conv2d(before, 1, 4, 1, 0, bias=False), nn.Flatten(0))


G, D = generator(), discriminator()
for m in list(G) + list(D):
    if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(m.weight, 0, 0.02)
adam = dict(lr=2e-4, betas=(0.5, 0.999))
optG, optD = torch.optim.Adam(G.parameters(), **adam), torch.optim.Adam(D.parameters(), **adam)
real = torch.rand(o.batch, o.channels, o.size, o.size) * 2 - 1
ones, zeros = torch.ones(o.batch), torch.zeros(o.batch)


def step():
    optD.zero_grad()
    fake = G(torch.randn(o.batch, o.z, 1, 1))
    loss = F.binary_cross_entropy_with_logits(D(real), ones)
    loss.backward()
    loss = F.binary_cross_entropy_with_logits(D(fake.detach()), zeros)
    loss.backward()
    optD.step()
    optG.zero_grad()
    loss = F.binary_cross_entropy_with_logits(D(fake), ones)
    loss.backward()
    optG.step()


times = []
for i in range(2 + o.steps):
    t = time.perf_counter()
    step()
    times.append(time.perf_counter() - t)
s = statistics.median(times[2:])
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(dict(who="torch " + torch.__version__, size=o.size, channels=o.channels, batch=o.batch, threads=o.threads,
                      s_step=round(s, 4), img_s=round(o.batch / s, 1), rss_mb=round(rss))))
