#!/usr/bin/python3
"""The peer of step.lua and generate.lua: the same work in PyTorch, as its documentation would have it; prints one line
of JSON.

With --penalty: the peer of penalty.lua. With --generate N: N pictures by the DCGAN generator instead of training steps.
Debian's python3-torch is fast only with one OpenMP runtime and an allocator that keeps its memory; bench.lua sets both
up.
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
p.add_argument("--net", choices=["dcgan", "sndcgan", "r3gan"], default="dcgan")
p.add_argument("--size", type=int, help="pixels (default 64; sndcgan, r3gan 32)")
p.add_argument("--z", type=int, help="latent numbers (default 100; sndcgan 128; r3gan 64)")
for name, default in dict(channels=3, batch=64, threads=2, steps=7, width=64).items():
    p.add_argument("--" + name, type=int, default=default)
p.add_argument("--penalty", choices=["r1", "gp"], help="also steps with this penalty, in turns with plain ones")
p.add_argument("--generate", type=int, help="draw so many pictures")
o = p.parse_args()
o.size = o.size or dict(dcgan=64, sndcgan=32, r3gan=32)[o.net]
o.z = o.z or dict(dcgan=100, sndcgan=128, r3gan=64)[o.net]
torch.set_num_threads(o.threads)
torch.manual_seed(0)
widths = [o.width * o.size // 8 >> i for i in range((o.size // 8).bit_length())]  # 512 256 128 64


def generator():
    layers, before = [nn.Unflatten(1, (o.z, 1, 1))], o.z
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


class Sum(nn.Module):
    """Sum over the picture."""

    def forward(self, x):
        return x.sum((2, 3))


def sn_generator():
    f, s = o.width, o.size // 8
    layers = [nn.Linear(o.z, 8 * f * s * s, bias=False), nn.Unflatten(1, (8 * f, s, s)), nn.BatchNorm2d(8 * f),
              nn.ReLU(inplace=True)]
    for width in (4 * f, 2 * f, f):
        layers += [nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width),
                   nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(f, o.channels, 3, 1, 1), nn.Tanh())


def sn_discriminator():
    """Without spectral normalisation, as step.lua's: torch_layers.py measures what that costs."""
    f, layers, before = o.width, [], o.channels
    for i, width in enumerate((f, f, 2 * f, 2 * f, 4 * f, 4 * f, 8 * f)):
        how = (4, 2, 1) if i % 2 else (3, 1, 1)
        layers += [nn.Conv2d(before, width, *how), nn.LeakyReLU(0.1, inplace=True)]
        before = width
    return nn.Sequential(*layers, Sum(), nn.Linear(before, 1), nn.Flatten(0))


class Block(nn.Module):
    """R3GAN's bottleneck; a bias belongs to the activation behind it."""

    def __init__(self, c):
        super().__init__()
        self.main = nn.Sequential(nn.Conv2d(c, 2 * c, 1), nn.LeakyReLU(0.2),
                                  nn.Conv2d(2 * c, 2 * c, 3, 1, 1, groups=2 * c // 16), nn.LeakyReLU(0.2),
                                  nn.Conv2d(2 * c, c, 1, bias=False))
        for m, gain in ((0, 1), (2, 1), (4, 0)):
            w = self.main[m].weight
            nn.init.normal_(w, 0, gain / (w.shape[1] * w.shape[2] * w.shape[3]) ** 0.5)

    def forward(self, x):
        return x + self.main(x)


class Resample(nn.Module):
    """The filter [1,3,3,1], channels as pictures of their own: the second derivative of groups loops over them."""

    def __init__(self, up):
        super().__init__()
        k = torch.tensor([1.0, 3, 3, 1]) / 8
        self.up = up
        self.register_buffer("kernel", (k[:, None] * k)[None, None] * (4 if up else 1))

    def forward(self, x):
        n, c, h, w = x.shape
        resized = (F.conv_transpose2d if self.up else F.conv2d)(x.reshape(n * c, 1, h, w), self.kernel, stride=2,
                                                                padding=1)
        return resized.reshape(n, c, *resized.shape[2:])


class Basis(nn.Module):
    def __init__(self, z, c):
        super().__init__()
        self.basis, self.linear = nn.Parameter(torch.randn(c, 4, 4)), nn.Linear(z, c, bias=False)

    def forward(self, z):
        return self.basis * self.linear(z)[:, :, None, None]


def r3_widths():
    levels = (o.size // 4).bit_length()
    return [o.width * min(8, 1 << max(0, levels - 2 - i)) for i in range(levels)]


def r3_generator():
    widths, layers = r3_widths(), []
    for i, width in enumerate(widths):
        if i == 0:
            layers.append(Basis(o.z, width))
        else:
            layers += [nn.Conv2d(widths[i - 1], width, 1, bias=False)] if widths[i - 1] != width else []
            layers.append(Resample(True))
        layers.append(Block(width))
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], o.channels, 1, bias=False))


def r3_discriminator():
    widths = r3_widths()[::-1]
    layers = [nn.Conv2d(o.channels, widths[0], 1, bias=False)]
    for i, width in enumerate(widths):
        if i:
            layers.append(Resample(False))
            layers += [nn.Conv2d(widths[i - 1], width, 1, bias=False)] if widths[i - 1] != width else []
        layers.append(Block(width))
    return nn.Sequential(*layers, nn.Conv2d(width, width, 4, groups=width, bias=False), nn.Flatten(),
                         nn.Linear(width, 1, bias=False), nn.Flatten(0))


def report(**result):
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(dict(who="torch " + torch.__version__, net=o.net, size=o.size, channels=o.channels, batch=o.batch,
                          threads=o.threads, **result, rss_mb=round(rss))))


G, D = dict(dcgan=lambda: (generator(), discriminator()), sndcgan=lambda: (sn_generator(), sn_discriminator()),
            r3gan=lambda: (r3_generator(), r3_discriminator()))[o.net]()
for m in list(G) + list(D):
    if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(m.weight, 0, 0.02)


def draw(images):
    with torch.no_grad():
        for first in range(0, images, o.batch):
            G(torch.randn(min(o.batch, images - first), o.z))


def generate():
    G.eval()
    draw(o.batch)
    t = time.perf_counter()
    draw(o.generate)
    s = time.perf_counter() - t
    report(images=o.generate, s_generate=round(s, 4), img_s=round(o.generate / s, 1))


def paired_step(optG, optD, real, fake):
    """R3GAN's game: the loss in pairs, R1 and R2 (gamma 1) in the same passes of D."""
    x, f = real.detach().requires_grad_(), fake.detach().requires_grad_()
    on_real, on_fake = D(x), D(f)
    penalty = slope(on_real, x).square().sum(1).mean() + slope(on_fake, f).square().sum(1).mean()
    (F.softplus(on_fake - on_real).mean() + penalty / 2).backward(inputs=list(D.parameters()))
    optD.step()
    optG.zero_grad()
    with torch.no_grad():
        on_real = D(real)
    F.softplus(on_real - D(fake)).mean().backward(inputs=list(G.parameters()))
    optG.step()


def train():
    adam = dict(lr=2e-4, betas=(0.5, 0.999))
    optG, optD = torch.optim.Adam(G.parameters(), **adam), torch.optim.Adam(D.parameters(), **adam)
    real = torch.rand(o.batch, o.channels, o.size, o.size) * 2 - 1
    ones, zeros = torch.ones(o.batch), torch.zeros(o.batch)
    times = []
    for _ in range(2 + o.steps):
        t = time.perf_counter()
        optD.zero_grad()
        fake = G(torch.randn(o.batch, o.z))
        if o.net == "r3gan":
            paired_step(optG, optD, real, fake)
            times.append(time.perf_counter() - t)
            continue
        loss = F.binary_cross_entropy_with_logits(D(real), ones)
        loss.backward()
        loss = F.binary_cross_entropy_with_logits(D(fake.detach()), zeros)
        loss.backward()
        optD.step()
        optG.zero_grad()
        loss = F.binary_cross_entropy_with_logits(D(fake), ones)
        loss.backward()
        optG.step()
        times.append(time.perf_counter() - t)
    s = statistics.median(times[2:])
    params = sum(v.numel() for net in (G, D) for v in net.parameters())
    report(params=params, s_step=round(s, 6), img_s=round(o.batch / s, 1))


def slope(logits, x):
    return torch.autograd.grad(logits.sum(), x, create_graph=True)[0].flatten(1)


def step_of_d(real, fake):
    """A plain step of D, or of the critic."""
    on_real = D(real)
    (-on_real.mean() if o.penalty == "gp" else F.softplus(-on_real).mean()).backward()
    on_fake = D(fake)
    (on_fake.mean() if o.penalty == "gp" else F.softplus(on_fake).mean()).backward()


def penalised_step_of_d(real, fake):
    """With R1 (gamma 10) on real images, in the pass that the loss makes, as GAN_stability does; or WGAN-GP (weight 10)
    between the kinds."""
    if o.penalty == "gp":
        step_of_d(real, fake)
        eps = torch.rand(o.batch, 1, 1, 1)
        x = (eps * real + (1 - eps) * fake).requires_grad_()
        (10 * (slope(D(x), x).norm(dim=1) - 1).square().mean()).backward()
        return
    x = real.detach().requires_grad_()
    on_real = D(x)
    (F.softplus(-on_real).mean() + 5 * slope(on_real, x).square().sum(1).mean()).backward()
    F.softplus(D(fake)).mean().backward()


def penalise():
    for m in D:  # in-place activations would overwrite what the second derivative reads
        if isinstance(m, nn.LeakyReLU):
            m.inplace = False
    adam = dict(lr=2e-4, betas=(0.5, 0.999))
    optG, optD = torch.optim.Adam(G.parameters(), **adam), torch.optim.Adam(D.parameters(), **adam)
    real = torch.rand(o.batch, o.channels, o.size, o.size) * 2 - 1
    times = {False: [], True: []}
    for i in range(2 * (2 + o.steps)):
        t = time.perf_counter()
        optD.zero_grad()
        fake = G(torch.randn(o.batch, o.z))
        (penalised_step_of_d if i % 2 else step_of_d)(real, fake.detach())
        optD.step()
        if o.penalty == "r1":
            optG.zero_grad()
            F.softplus(-D(fake)).mean().backward()
            optG.step()
        times[i % 2 == 1].append(time.perf_counter() - t)
    plain, penalised = (statistics.median(times[kind][2:]) for kind in (False, True))
    report(penalty=o.penalty, s_step=round(plain, 6), s_penalised=round(penalised, 6),
           ratio=round(penalised / plain, 4))


generate() if o.generate else penalise() if o.penalty else train()
