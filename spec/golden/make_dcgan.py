"""Writes spec/golden/dcgan.json: ten DCGAN training steps as PyTorch does them, for spec/train/golden_spec.lua.

    /usr/bin/python3 spec/golden/make_dcgan.py    # needs python3-torch (Debian's will do); the spec does not
    /usr/bin/python3 spec/golden/make_dcgan.py --size 64 --ngf 16 --ndf 16 --out /tmp/d.json  # then GOLDEN=/tmp/d.json

Computed in double precision, so that the reference itself adds no rounding; prints how far PyTorch's own float32 run
is from it. Architecture: Radford et al. 2015, arXiv:1511.06434, as usually written: no convolution has a bias. Order
of a step: D on real and on fake (two forward passes, so two updates of its running statistics), one Adam step on the
summed loss, then G through the new D. Starting weights and inputs come from an integer generator that the spec
repeats; only results are stored.
"""
import argparse
import json
import math
import sys

import torch
from torch import nn
from torch.nn.functional import softplus

STEPS = 10


class Lcg:
    """x <- (1103515245 x + 12345) mod 2^31; a number is the upper 23 bits, centred and scaled to variance 1."""

    def __init__(self, seed):
        self.x = seed

    def numbers(self, n):
        out = []
        for _ in range(n):
            self.x = (1103515245 * self.x + 12345) % 2147483648
            out.append(((self.x // 256) / 8388608 - 0.5) * math.sqrt(12))
        return out

    def tensor(self, *shape):
        return torch.tensor(self.numbers(math.prod(shape)), dtype=torch.float64).reshape(shape)


def generator(o):
    """z (N,Z,1,1) -> images (N,C,S,S) in (-1,1)"""
    width = o.ngf * o.size // 8
    layers = [nn.ConvTranspose2d(o.z, width, 4, 1, 0, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    while width > o.ngf:
        layers += [nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(width // 2), nn.ReLU()]
        width //= 2
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, o.channels, 4, 2, 1, bias=False), nn.Tanh())


def critic(o):
    """images (N,C,S,S) -> logits (N,1,1,1)"""
    width = o.ndf
    layers = [nn.Conv2d(o.channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    while width < o.ndf * o.size // 8:
        layers += [nn.Conv2d(width, width * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(width * 2), nn.LeakyReLU(0.2)]
        width *= 2
    return nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 0, bias=False))


def fill(net, random):
    """Weights std 0.05 in the order (Kh,Kw,Ci,Co), batch-norm scales around 1 and shifts around 0."""
    with torch.no_grad():
        for m in net:
            if isinstance(m, nn.Conv2d):
                co, ci, kh, kw = m.weight.shape
                m.weight.copy_(0.05 * random.tensor(kh, kw, ci, co).permute(3, 2, 0, 1))
            elif isinstance(m, nn.ConvTranspose2d):
                ci, co, kh, kw = m.weight.shape
                m.weight.copy_(0.05 * random.tensor(kh, kw, ci, co).permute(2, 3, 0, 1))
            elif isinstance(m, nn.BatchNorm2d):
                m.weight.copy_(1 + 0.05 * random.tensor(*m.weight.shape))
                m.bias.copy_(0.05 * random.tensor(*m.bias.shape))


def arrays(net):
    """In order: convolution weights as (Kh,Kw,Ci,Co); batch-norm scale, shift, running mean, running variance."""
    convs = norms = 0
    for m in net:
        if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
            convs += 1
            axes = (2, 3, 1, 0) if isinstance(m, nn.Conv2d) else (2, 3, 0, 1)
            yield f"conv{convs}.weight", m.weight.permute(*axes)
        elif isinstance(m, nn.BatchNorm2d):
            norms += 1
            yield f"norm{norms}.scale", m.weight
            yield f"norm{norms}.shift", m.bias
            yield f"norm{norms}.mean", m.running_mean
            yield f"norm{norms}.var", m.running_var


def train(o, dtype):
    random = Lcg(1)
    G, D = generator(o).double(), critic(o).double()
    fill(G, random)
    fill(D, random)
    G, D = G.to(dtype), D.to(dtype)
    adam = lambda net: torch.optim.Adam(net.parameters(), lr=o.lr, betas=(0.5, 0.999), eps=1e-8)
    opt_g, opt_d, losses = adam(G), adam(D), []
    for _ in range(STEPS):
        real = random.tensor(o.batch, o.size, o.size, o.channels).permute(0, 3, 1, 2).to(dtype) / math.sqrt(3)
        z = random.tensor(o.batch, o.z).reshape(o.batch, o.z, 1, 1).to(dtype)
        fake = G(z)
        loss_d = softplus(-D(real)).mean() + softplus(D(fake.detach())).mean()
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()
        loss_g = softplus(-D(fake)).mean()
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
        losses.append([loss_d.item(), loss_g.item()])
    return losses, {**{"G." + k: v for k, v in arrays(G)}, **{"D." + k: v for k, v in arrays(D)}}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--size", type=int, default=32)
    p.add_argument("--channels", type=int, default=3)
    p.add_argument("--ngf", type=int, default=4)
    p.add_argument("--ndf", type=int, default=4)
    p.add_argument("--z", type=int, default=8)
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--lr", type=float, default=2e-4)
    p.add_argument("--out", default=sys.path[0] + "/dcgan.json")
    o = p.parse_args()
    torch.set_num_threads(2)
    losses, final = train(o, torch.float64)
    losses32, final32 = train(o, torch.float32)
    print("losses", losses)
    pairs = [pair for x, y in zip(losses, losses32) for pair in zip(x, y)]
    print("float32: losses differ by", max(abs(a - b) / abs(a) for a, b in pairs), "relative,")
    print("final arrays by", max((final[k] - final32[k]).abs().max().item() for k in final))
    number = lambda v: float("%.9g" % v)
    options = {k: getattr(o, k) for k in ("size", "channels", "ngf", "ndf", "z", "batch", "lr")}
    with open(o.out, "w") as f:
        f.write('{"made_by": "spec/golden/make_dcgan.py, PyTorch %s",\n' % torch.__version__)
        f.write(' "options": %s,\n' % json.dumps(options))
        f.write(' "losses": %s,\n "final": {\n' % json.dumps([[number(v) for v in pair] for pair in losses]))
        numbers = lambda a: json.dumps([number(v) for v in a.detach().flatten().tolist()])
        f.write(",\n".join('  "%s": %s' % (k, numbers(a)) for k, a in final.items()) + "\n }\n}\n")


if __name__ == "__main__":
    main()
