"""Writes spec/golden/losses.json: losses, penalties through a small critic, clipping and a schedule as PyTorch has
them, for spec/loss_spec.lua, spec/penalty/base_spec.lua and spec/schedule_spec.lua. In double precision.

    /usr/bin/python3 spec/golden/make_losses.py    # needs python3-torch (Debian's will do); the spec does not

The critic has a convolution, batch norm, leaky relu, a second convolution with layer norm over everything, tanh, and
a linear layer. Weights and images come from an integer generator that the spec repeats; only results are stored.
"""
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

from make_dcgan import Lcg

N, SIZE = 3, 6
random = Lcg(7)


def flat(t):
    return [float("%.9g" % v) for v in t.detach().flatten().tolist()]


def weight(*kernel):
    """(Kh,Kw,Ci,Co) or (Di,Do) as PyTorch has it"""
    t = 0.3 * random.tensor(*kernel)
    return nn.Parameter(t.permute(3, 2, 0, 1).contiguous() if len(kernel) == 4 else t.t().contiguous())


conv1, gamma, beta, conv2, ln_gamma, ln_beta, linear = (
    weight(3, 3, 2, 4), nn.Parameter(1 + 0.3 * random.tensor(4)), nn.Parameter(0.3 * random.tensor(4)),
    weight(4, 4, 4, 3),
    nn.Parameter(1 + 0.3 * random.tensor(3)), nn.Parameter(0.3 * random.tensor(3)), weight(27, 1))
names = ["conv1", "gamma", "conv2", "ln_gamma", "ln_beta", "linear"]
params = [conv1, gamma, conv2, ln_gamma, ln_beta, linear]


def critic(x):
    h = F.leaky_relu(F.batch_norm(F.conv2d(x, conv1, padding=1), None, None, gamma, beta, training=True, eps=1e-5), 0.2)
    h = torch.tanh(F.group_norm(F.conv2d(h, conv2, stride=2, padding=1), 1, ln_gamma, ln_beta, 1e-5))
    return F.linear(h.permute(0, 2, 3, 1).flatten(1), linear).flatten()


def own(g):
    """A gradient in the layout of the library's parameter"""
    return flat(g.permute(2, 3, 1, 0) if g.dim() == 4 else g.t() if g.dim() == 2 else g)


images = lambda: random.tensor(N, SIZE, SIZE, 2).permute(0, 3, 1, 2)
real, fake = images(), images()
eps = torch.tensor([0.25, 0.5, 0.875], dtype=torch.float64)


def slope(x):
    x = x.detach().requires_grad_()
    g, = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return g.flatten(1)


e = eps.reshape(N, 1, 1, 1)
penalties = {
    "r1": 5 * slope(real).square().sum(1).mean(),
    "r2": 5 * slope(fake).square().sum(1).mean(),
    "gradient": 10 * (slope(e * real + (1 - e) * fake).norm(dim=1) - 1).square().mean(),
    "one_sided": 10 * F.relu(slope(e * real + (1 - e) * fake).norm(dim=1) - 1).square().mean(),
}
out = {"made_by": "spec/golden/make_losses.py, PyTorch " + torch.__version__, "eps": eps.tolist(),
       "logits": flat(critic(real)), "penalties": {}}
for name, value in penalties.items():
    grads = torch.autograd.grad(value, params)
    out["penalties"][name] = {"value": value.item()}
    if name in ("r1", "gradient"):
        out["penalties"][name]["grads"] = {n: own(g) for n, g in zip(names, grads)}
    if name == "r1":
        for p, g in zip(params, grads):
            p.grad = g.clone()
        norm = nn.utils.clip_grad_norm_(params, 0.1)
        out["clip"] = {"norm": norm.item(), "clipped": flat(linear.grad)}

bce, mean = F.binary_cross_entropy_with_logits, torch.mean
a, b = (random.tensor(5).mul(2).requires_grad_() for _ in range(2))
ones, zeros = torch.ones(5, dtype=torch.float64), torch.zeros(5, dtype=torch.float64)
losses = {  # critic(real, fake), generator(fake, real)
    "ns": (bce(a, ones) + bce(b, zeros), bce(b, ones)),
    "minimax": (bce(a, ones) + bce(b, zeros), -bce(b, zeros)),
    "ls": ((F.mse_loss(a, ones) + F.mse_loss(b, zeros)) / 2, F.mse_loss(b, ones) / 2),
    "hinge": (mean(F.relu(1 - a)) + mean(F.relu(1 + b)), -mean(b)),
    "wgan": (mean(b) - mean(a), -mean(b)),
    "ra": (bce(a - mean(b), ones) + bce(b - mean(a), zeros), bce(b - mean(a), ones) + bce(a - mean(b), zeros)),
}
out["losses"] = {}
for name, (d, g) in losses.items():
    slopes = [t for v in (d, g) for t in torch.autograd.grad(v, (a, b), allow_unused=True)]
    grads = [flat(t) if t is not None else [0] * 5 for t in slopes]
    out["losses"][name] = {"critic": d.item(), "generator": g.item(), "grads": grads}

sgd = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=10, eta_min=0.01)
out["cosine"] = []
for _ in range(11):
    out["cosine"].append(cosine.get_last_lr()[0])
    sgd.step()
    cosine.step()
with open(sys.path[0] + "/losses.json", "w") as f:
    json.dump(out, f, indent=None, separators=(",", ":"))
    f.write("\n")
