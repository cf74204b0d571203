"""Writes spec/golden/fid.json: Frechet distances of pairs of feature sets as SciPy computes them, for
spec/metric/fid_spec.lua.

    /usr/bin/python3 spec/golden/make_fid.py    # needs python3-scipy; the spec does not; a few minutes

`sqrtm` is the usual route, the trace of the root of the asymmetric product (with 1e-6 added to both diagonals where
that root is not finite), `exact` the sum of the singular values of (X1c X2c') over sqrt((N1-1)(N2-1)), which needs no
root. Features come from an integer generator that the spec repeats; only results are stored.
"""
import json
import os

import numpy as np
import scipy
from scipy import linalg

CASES = [  # dim, rows of either set; fewer rows than dim: singular covariances
    (64, 200, 150), (64, 40, 300), (256, 400, 300), (512, 600, 560), (1024, 120, 100), (2048, 60, 50),
    (2048, 2304, 2176),
]


def features(seed, n, dim, shift, scale):
    """x <- (1103515245 x + 12345) mod 2^31; the upper 23 bits, centred; each column leans on the one before it."""
    count, a, c, m = n * dim, 1103515245, 12345, 2147483648
    u = np.empty(count)
    x = seed
    for i in range(count):
        x = (a * x + c) % m
        u[i] = (x // 256) / 8388608 - 0.5
    f = u.reshape(n, dim)
    for j in range(1, dim):
        f[:, j] += 0.5 * f[:, j - 1]
    return (scale * f + shift * (np.arange(dim) % 3)).astype(np.float32).astype(np.float64)


def main():
    results = []
    for dim, n1, n2 in CASES:
        x, y = features(1, n1, dim, 0, 1), features(2, n2, dim, 0.1, 1.25)
        d = x.mean(0) - y.mean(0)
        s1, s2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
        rest = d @ d + np.trace(s1) + np.trace(s2)
        root = linalg.sqrtm(s1 @ s2, disp=False)[0]
        if not np.isfinite(root).all():
            offset = np.eye(dim) * 1e-6
            root = linalg.sqrtm((s1 + offset) @ (s2 + offset), disp=False)[0]
        nuclear = linalg.svdvals((x - x.mean(0)) @ (y - y.mean(0)).T).sum() / np.sqrt((n1 - 1) * (n2 - 1))
        r = {"dim": dim, "n_real": n1, "n_fake": n2,
             "sqrtm": rest - 2 * np.trace(root).real, "exact": rest - 2 * nuclear}
        print(r, flush=True)
        results.append(r)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fid.json")
    with open(path, "w") as f:
        f.write('{"made_by": "spec/golden/make_fid.py, SciPy %s",\n "cases": [\n  ' % scipy.__version__)
        f.write(",\n  ".join(json.dumps(r) for r in results))
        f.write("]}\n")


if __name__ == "__main__":
    main()
