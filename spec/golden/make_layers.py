"""Writes spec/golden/layers.json: layers as PyTorch computes them, in double precision, for specs in spec/nn.

    /usr/bin/python3 spec/golden/make_layers.py    # needs python3-torch (Debian's will do); the specs do not

Weights and inputs come from an integer generator that the specs repeat, in the order in which they are listed here;
convolution kernels are drawn as (Kh,Kw,Ci,Co), images as (N,H,W,C). Only results are stored, channels last as well.
"""
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

from make_dcgan import Lcg

torch.set_default_dtype(torch.float64)


def last(t):
    """Channels last, as a list."""
    t = t.detach()
    t = t.permute(0, 2, 3, 1) if t.dim() == 4 else t
    return [float("%.12g" % v) for v in t.flatten().tolist()]


def kernel(t, transposed):
    """A convolution's weight as (Kh,Kw,Ci,Co), as a list."""
    axes = (2, 3, 0, 1) if transposed else (2, 3, 1, 0)
    return [float("%.12g" % v) for v in t.detach().permute(*axes).flatten().tolist()]


def images(random, *shape):
    return random.tensor(*shape).permute(0, 3, 1, 2)


def set_kernel(conv, random):
    """Draws weight and bias of a convolution."""
    w = conv.weight
    with torch.no_grad():
        if isinstance(conv, nn.ConvTranspose2d):
            ci, co, kh, kw = w.shape
            w.copy_(random.tensor(kh, kw, ci, co).permute(2, 3, 0, 1))
        else:
            co, ci, kh, kw = w.shape
            w.copy_(random.tensor(kh, kw, ci, co).permute(3, 2, 0, 1))
        conv.bias.copy_(random.tensor(co))


def layers():
    """Name -> layer, its input, the axis of its output channels; all from one generator."""
    random = Lcg(1)
    conv, up = nn.Conv2d(2, 3, 3, 1, 1), nn.ConvTranspose2d(2, 3, 4, 2, 1)
    lin, emb = nn.Linear(5, 3), nn.Embedding(4, 3)
    set_kernel(conv, random)
    set_kernel(up, random)
    with torch.no_grad():
        lin.weight.copy_(random.tensor(5, 3).T)
        lin.bias.copy_(random.tensor(3))
        emb.weight.copy_(random.tensor(4, 3))
    return random, {
        "conv2d": (conv, images(random, 1, 4, 4, 2), 0), "conv_transpose2d": (up, images(random, 1, 2, 2, 2), 1),
        "linear": (lin, random.tensor(2, 5), 0), "embedding": (emb, torch.tensor([2, 0, 2]), 0),
    }


def gradient(name, p):
    g = p.grad
    if name.startswith("conv"):
        return kernel(g, name == "conv_transpose2d")
    return last(g.T if name == "linear" else g)


def spectral():
    """Two calls in training, the gradient of the second one's sum of squares, then one in evaluation."""
    random, out = layers()[0], {}
    for name, (layer, x, axis) in layers()[1].items():
        nn.utils.spectral_norm(layer, dim=axis)
        u = random.tensor(layer.weight_u.numel())
        layer.weight_u.copy_(u / u.norm())
        layer.train()
        layer(x)
        y = layer(x)
        (y * y).sum().backward()
        layer.eval()
        out[name] = dict(train=last(y), u=last(layer.weight_u), grad=gradient(name, layer.weight_orig),
                         eval=last(layer(x)))
    return out


def weight_norm():
    """With the gain drawn: the result, and the gradients of its sum of squares."""
    random, out = layers()[0], {}
    for name, (layer, x, axis) in layers()[1].items():
        nn.utils.weight_norm(layer, dim=axis)
        with torch.no_grad():
            layer.weight_g.copy_(random.tensor(layer.weight_g.numel()).reshape(layer.weight_g.shape))
        y = layer(x)
        (y * y).sum().backward()
        out[name] = dict(y=last(y), gain=last(layer.weight_g.grad.flatten()), grad=gradient(name, layer.weight_v))
    return out


def residual():
    """The blocks as they are usually written; the gradient of the result's sum of squares in x."""
    def convs(random, *sizes):
        made = [nn.Conv2d(ci, co, k, 1, k // 2) for ci, co, k in sizes]
        for c in made:
            set_kernel(c, random)
        return made

    def up(random, x, mode):
        c1, c2, sc = convs(random, (2, 3, 3), (3, 3, 3), (2, 3, 1))
        how = {} if mode == "nearest" else dict(align_corners=False)
        grow = lambda t: F.interpolate(t, scale_factor=2, mode=mode, **how)
        h = c1(grow(F.relu(nn.BatchNorm2d(2)(x))))
        return c2(F.relu(nn.BatchNorm2d(3)(h))) + sc(grow(x))

    def down(random, x, _):
        c1, c2, sc = convs(random, (2, 2, 3), (2, 3, 3), (2, 3, 1))
        return F.avg_pool2d(c2(F.relu(c1(F.relu(x)))), 2) + F.avg_pool2d(sc(x), 2)

    def first(random, x, _):
        c1, c2, sc = convs(random, (2, 3, 3), (3, 3, 3), (2, 3, 1))
        return F.avg_pool2d(c2(F.relu(c1(x))), 2) + sc(F.avg_pool2d(x, 2))

    def plain(random, x, _):
        c1, c2 = convs(random, (2, 2, 3), (2, 2, 3))
        return c2(F.relu(c1(F.relu(x)))) + x

    out = {}
    for name, block, mode in (("up", up, "nearest"), ("up_bilinear", up, "bilinear"), ("down", down, None),
                              ("first", first, None), ("plain", plain, None)):
        random = Lcg(2)
        x = images(random, 1, 4, 4, 2).requires_grad_()
        y = block(random, x, mode)
        (y * y).sum().backward()
        out[name] = dict(y=last(y), grad=last(x.grad))
    return out


def discrimination():
    """Minibatch discrimination in plain PyTorch: o and the gradient of its sum of squares."""
    random = Lcg(3)
    f, t = random.tensor(4, 3).requires_grad_(), random.tensor(3, 2, 2).requires_grad_()
    m = (f @ t.reshape(3, 4)).reshape(4, 2, 2)
    o = torch.exp(-(m[:, None] - m[None]).abs().sum(3)).sum(1)
    (o * o).sum().backward()
    return dict(o=last(o), f=last(f.grad), t=last(t.grad))


def main():
    out = dict(made_by="spec/golden/make_layers.py, PyTorch " + torch.__version__, spectral_norm=spectral(),
               weight_norm=weight_norm(), residual=residual(), minibatch_discrimination=discrimination())
    with open(sys.path[0] + "/layers.json", "w") as f:
        f.write("{" + ",\n ".join("%s: %s" % (json.dumps(k), json.dumps(v)) for k, v in out.items()) + "}\n")


if __name__ == "__main__":
    main()
