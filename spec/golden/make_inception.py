"""Writes spec/golden/inception.json: what FID's Inception-v3 gives for one picture, for
spec/model/inception_spec.lua.

    /usr/bin/python3 spec/golden/make_inception.py          # needs python3-torchvision, Debian's; the spec does not
    /usr/bin/python3 spec/golden/make_inception.py --full   # the whole net, prints only; --state FILE saves it, --out
                                                            # its results

The net is torchvision's inception_v3, its channels divided by 8, with the four differences of TensorFlow's graph of
2015-12-05: 1008 outputs and no auxiliary head, average pools that divide by the pixels inside the picture, a maximum
pool in Mixed_7c (the fourth, the resizing of the input, is not part of it). Computed in double precision; prints how
far PyTorch's own float32 run is from it. Weights and picture come from an integer generator that the spec repeats; of
the results, a few numbers of every stage are stored.
"""
import argparse
import json
import math
import sys

import torch
from torch import nn
from torchvision.models import inception

CLASSES, SAMPLES = 1008, 8
STAGES = ("Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1 Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2"
          " Mixed_5b Mixed_5c Mixed_5d Mixed_6a Mixed_6b"
          " Mixed_6c Mixed_6d Mixed_6e Mixed_7a Mixed_7b Mixed_7c").split()


class Lcg:
    """x <- (1103515245 x + 12345) mod 2^31; a number is the upper 23 bits, centred and scaled to variance 1."""

    def __init__(self, seed):
        self.x = seed

    def tensor(self, *shape):
        out = []
        for _ in range(math.prod(shape)):
            self.x = (1103515245 * self.x + 12345) % 2147483648
            out.append(((self.x // 256) / 8388608 - 0.5) * math.sqrt(12))
        return torch.tensor(out, dtype=torch.float64).reshape(shape)


class Pools:
    """torch.nn.functional as torchvision's file sees it, with the graph's pools."""

    maximum = False

    def __getattr__(self, name):
        return getattr(nn.functional, name)

    def avg_pool2d(self, x, **how):
        assert how == dict(kernel_size=3, stride=1, padding=1), how
        if self.maximum:
            return nn.functional.max_pool2d(x, **how)
        return nn.functional.avg_pool2d(x, **how, count_include_pad=False)


def build(divisor):
    pools = inception.F = Pools()
    net = inception.Inception3(num_classes=CLASSES, aux_logits=False, transform_input=False, init_weights=False)
    net.dropout = nn.Identity()
    for m in net.modules():
        if isinstance(m, inception.BasicConv2d) and divisor > 1:
            c = m.conv
            ci, co = c.in_channels // (divisor if c.in_channels != 3 else 1), c.out_channels // divisor
            m.conv = nn.Conv2d(ci, co, c.kernel_size, c.stride, c.padding, bias=False)
            m.bn = nn.BatchNorm2d(co, eps=m.bn.eps)
    net.fc = nn.Linear(2048 // divisor, CLASSES)
    net.Mixed_7c.register_forward_pre_hook(lambda *_: setattr(pools, "maximum", True))
    net.Mixed_7c.register_forward_hook(lambda *_: setattr(pools, "maximum", False))
    return net.eval()


def fill(net, random):
    """In the order of the state: weights of variance 2 / fan_in, norms near the identity; the last layer 1 / fan_in."""
    with torch.no_grad():
        for name, t in net.state_dict().items():
            if name.endswith("conv.weight"):
                t.copy_(random(*t.shape) * math.sqrt(2 / t[0].numel()))
            elif name.endswith("bn.weight"):
                t.copy_(1 + 0.1 * random(*t.shape))
            elif name.endswith("bn.running_var"):
                t.copy_(1 + 0.3 * random(*t.shape))
            elif name == "fc.weight":
                t.copy_(random(*t.shape) * math.sqrt(1 / t.shape[1]))
            elif not name.endswith("num_batches_tracked"):
                t.copy_(0.1 * random(*t.shape))


def run(net, x):
    found = {}
    hooks = [getattr(net, s).register_forward_hook(lambda _m, _x, y, s=s: found.__setitem__(s, y)) for s in STAGES]
    with torch.no_grad():
        logits = net(x)
        features = found["Mixed_7c"].mean((2, 3))
        unbiased = features @ net.fc.weight.T
    for h in hooks:
        h.remove()
    return found, features, logits, unbiased


def samples(t):
    """(mean, rms, some numbers evenly from the (N,H,W,C) order)"""
    flat = t.permute(0, 2, 3, 1).reshape(-1) if t.dim() == 4 else t.reshape(-1)
    at = [i * (flat.numel() - 1) // (SAMPLES - 1) for i in range(SAMPLES)]
    values = (flat.mean().item(), flat.square().mean().sqrt().item(), *(flat[i].item() for i in at))
    return [float("%.9g" % v) for v in values]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--full", action="store_true", help="the whole width, torch's random numbers")
    p.add_argument("--state", help="with --full: write the state there, as float32")
    p.add_argument("--out", help="where the results go (default: beside this script; with --full: nowhere)")
    o = p.parse_args()
    torch.set_num_threads(2)
    net = build(1 if o.full else 8).double()
    torch.manual_seed(1)
    random = (lambda *s: torch.rand(*s, dtype=torch.float64).sub(0.5).mul(math.sqrt(12))) if o.full else Lcg(1).tensor
    fill(net, random)
    net.float().double()  # numbers that both precisions have
    picture = (random(1, 299, 299, 3) / math.sqrt(3)).float().double()
    x = picture.permute(0, 3, 1, 2)
    found, features, logits, unbiased = run(net, x)
    if o.state:
        torch.save({k: v.float() if v.is_floating_point() else v for k, v in net.state_dict().items()}, o.state)
    result = {s: samples(found[s]) for s in STAGES}
    numbers = lambda t: [float("%.9g" % v) for v in t.flatten().tolist()]
    path = o.out or (None if o.full else sys.path[0] + "/inception.json")
    if path:
        with open(path, "w") as f:
            f.write('{"made_by": "spec/golden/make_inception.py, PyTorch %s",\n' % torch.__version__)
            stages = ",\n".join('  "%s": %s' % (s, json.dumps(v)) for s, v in result.items())
            f.write(' "stages": {\n' + stages + "\n },\n")
            f.write(' "features": %s,\n "logits": %s,\n "unbiased": %s' % (
                numbers(features), samples(logits), samples(unbiased)))
            f.write((',\n "picture": %s' % numbers(picture) if o.full else "") + "}\n")
    found32, features32, logits32, _ = run(net.float(), x.float())
    worst = max(((found32[s] - found[s]).abs().max() / found[s].abs().max()).item() for s in STAGES)
    off = lambda a, b: (a - b).abs().max() / b.abs().max()
    print("float32: stages differ by %.2g of their largest number, features by %.2g, logits by %.2g" % (
        worst, off(features32, features), off(logits32, logits)))


main()
