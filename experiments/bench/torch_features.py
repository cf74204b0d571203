#!/usr/bin/python3
"""The peer of features.lua: torchvision's inception_v3 in evaluation, random weights, up to the features; prints one
line of JSON.

Debian's python3-torch is fast only with one OpenMP runtime and an allocator that keeps its memory; bench.lua sets both
up.
"""
import argparse
import json
import resource
import statistics
import time

import torch
from torchvision.models import inception_v3

p = argparse.ArgumentParser()
for name, default in dict(batch=16, threads=2, batches=5).items():
    p.add_argument("--" + name, type=int, default=default)
p.add_argument("--channels-last", action="store_true", help="pictures and kernels as (N,H,W,C)")
o = p.parse_args()
torch.set_num_threads(o.threads)
torch.manual_seed(0)
net = inception_v3(weights=None, num_classes=1008, aux_logits=False, init_weights=False, transform_input=False).eval()
net.dropout = torch.nn.Identity()
x = torch.rand(o.batch, 3, 299, 299) * 2 - 1
if o.channels_last:
    net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
times = []
with torch.no_grad():
    for _ in range(2 + o.batches):
        t = time.perf_counter()
        net(x)
        times.append(time.perf_counter() - t)
s = statistics.median(times[2:])
params = sum(v.numel() for v in net.state_dict().values() if v.is_floating_point())
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(dict(who="torch " + torch.__version__, net="inception", batch=o.batch, threads=o.threads,
                      params=params, s_batch=round(s, 5), img_s=round(o.batch / s, 2), rss_mb=round(rss))))
