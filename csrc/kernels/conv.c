/* conv.c - the convolution triple over single-threaded GEMM: which engine by shape, and the engines.
**
**   plain    1x1 kernels, and kernels that cover the input: one matrix product, no patches
**   gather   patches of the source in cache-sized blocks, times the kernel. y: patches of x. dx: the pixels of dx fall into sh*sw
**            phases, each of which is a stride-1 gather from dy over its own subset of the taps (no scatter, no zeros multiplied)
**   columns  dx with few channels (pictures): dy times the transposed kernel, then each strip of dx sums its columns
**
** Blocks are fixed by the shape, so the result does not depend on the number of threads. */
#include "conv.h"
#include "../blas.h"
#include "../par.h"
#include "gemm.h"
#include <string.h>

#define DEPTH 512        /* columns of a patch block: the k of one GEMM */
#define PIXELS 512       /* rows of a patch block, at most */
#define MIN_PIXELS 64    /* and at least, where the shape has that many */
#define TILE ((gn_int)1 << 18)  /* reals of a result tile before its block is made lower */
#define PARTS ((gn_int)1 << 20) /* reals of partial sums in dw */
#define STRIP ((gn_int)1 << 16) /* reals of one strip of columns, wanted; 4 times that at most */
#define THIN 8           /* channels of dx up to which `columns` is the faster */

static gn_int ceil_div(gn_int a, gn_int b) { return (a + b - 1) / b; }          /* a >= 0 */
static gn_int floor_div(gn_int a, gn_int b) { return a >= 0 ? a / b : -ceil_div(-a, b); }
static gn_int gcd(gn_int a, gn_int b) { return b ? gcd(b, a % b) : a; }

static void copy_run(gn_real *restrict to, const gn_real *restrict from, gn_int n) {
  if (n >= 64) memcpy(to, from, (size_t)n * sizeof *to);
  else
    for (gn_int i = 0; i < n; i++) to[i] = from[i];
}

static void zero_run(gn_real *to, gn_int n) {
  for (gn_int i = 0; i < n; i++) to[i] = 0;
}

/* ---- gather: one axis ---- */

/* Output index i (of `out`) lies at position out0 + i*outstep; its tap t (of n) is kernel index k0 + t*kstep and reads source
** position i*step + off + t*ostep (of src; 0 outside), ostep > 0. */
typedef struct axis {
  gn_int out, out0, outstep;
  gn_int n, k0, kstep, before; /* before: taps of the classes in front of this one, in a kernel packed by class */
  gn_int src, step, off, ostep;
} axis;

static axis axis_y(gn_int src, gn_int out, gn_int k, gn_int stride, gn_int pad, gn_int dil) {
  return (axis){.out = out, .outstep = 1, .n = k, .kstep = 1, .src = src, .step = stride, .off = -pad, .ostep = dil};
}

/* Taps k with k % kstep == c: n of them, `before` in the classes in front of c. */
static void tap_class(axis *a, gn_int k, gn_int kstep, gn_int c) {
  a->n = (k - 1 - c) / kstep + 1;
  a->kstep = -kstep; /* backwards, so that source positions ascend */
  a->k0 = c + (a->n - 1) * kstep;
  a->before = c * (k / kstep) + GN_MIN(c, k % kstep);
}

/* Pixels r, r + stride, ... of dx, and the taps that reach them: those with (r + pad - k*dil) % stride == 0. */
static axis axis_phase(gn_int size, gn_int src, gn_int k, gn_int stride, gn_int pad, gn_int dil, gn_int r) {
  axis a = {.out = r < size ? (size - 1 - r) / stride + 1 : 0, .out0 = r, .outstep = stride, .src = src, .step = 1, .ostep = 1};
  const gn_int kstep = stride / gcd(stride, dil);
  gn_int c = 0;
  while (c < GN_MIN(k, kstep) && (r + pad - c * dil) % stride != 0) c++;
  if (c == GN_MIN(k, kstep)) return a; /* no tap */
  tap_class(&a, k, kstep, c);
  a.off = (r + pad - a.k0 * dil) / stride;
  a.ostep = kstep * dil / stride;
  return a;
}

static gn_int first_tap(const axis *a, gn_int i) { /* lo .. hi-1 fall inside the source */
  const gn_int at = i * a->step + a->off;
  return at >= 0 ? 0 : GN_MIN(a->n, ceil_div(-at, a->ostep));
}
static gn_int last_tap(const axis *a, gn_int i) {
  return GN_MAX(0, GN_MIN(a->n, floor_div(a->src - 1 - i * a->step - a->off, a->ostep) + 1));
}

/* ---- gather: blocks of output pixels ---- */

/* out pixels (N, h.out, w.out) of O channels  <-  src (N, h.src, w.src, C). Pixels are walked in rows of at most `seg`, `rows`
** rows to a block; image-major, or row-major over the whole batch, so that rows at the border skip the taps that fall on padding. */
typedef struct gather {
  axis h, w;
  gn_int N, C, O;
  const gn_real *src;
  gn_int cap, seg, nseg, rows, nrows, blocks; /* cap: most pixels of a block */
  int row_major;
} gather;

typedef struct row { gn_int n, i, j, len; } row;

static row row_at(const gather *g, gn_int r) {
  row a;
  const gn_int s = r % g->nseg, q = r / g->nseg;
  if (g->row_major) a.i = q / g->N, a.n = q % g->N;
  else a.n = q / g->h.out, a.i = q % g->h.out;
  a.j = s * g->seg;
  a.len = GN_MIN(g->seg, g->w.out - a.j);
  return a;
}

/* pixels: of this gather, or of the largest of several that share workspace; then no other has more blocks. */
static void set_blocks(gather *g, gn_int pixels) {
  gn_int used = 0;
  g->cap = PIXELS;
  while (g->cap > MIN_PIXELS && (pixels / g->cap < 8 || g->cap * g->O > TILE)) g->cap /= 2;
  g->seg = GN_MIN(GN_MAX(g->w.out, 1), g->cap);
  g->nseg = ceil_div(g->w.out, g->seg);
  g->rows = g->cap / g->seg;
  g->nrows = g->N * g->h.out * g->nseg;
  g->blocks = ceil_div(g->nrows, g->rows);
  if (g->h.out > PIXELS) return; /* the border of a tall picture is not worth counting */
  for (gn_int i = 0; i < g->h.out; i++) used += GN_MAX(0, last_tap(&g->h, i) - first_tap(&g->h, i));
  g->row_major = g->N > 1 && used * 32 < g->h.out * g->h.n * 31;
}

/* Part of the taps and channels: nt > 1 only with all nu columns, nu > 1 only with all nc channels, so that its rows of the kernel are
** consecutive. */
typedef struct chunk { gn_int t, nt, u, nu, c, nc; } chunk;

static chunk chunk_size(const gather *g, gn_int depth) {
  const gn_int n = GN_MAX(g->w.n, 1);
  if (g->C > depth) return (chunk){.nt = 1, .nu = 1, .nc = ceil_div(g->C, ceil_div(g->C, depth))};
  if (g->C * n > depth) return (chunk){.nt = 1, .nu = ceil_div(n, ceil_div(n, depth / g->C)), .nc = g->C};
  return (chunk){.nt = GN_MAX(1, GN_MIN(g->h.n, depth / (g->C * n))), .nu = n, .nc = g->C};
}

/* p (pixels of rows r0..r1-1, nt*nu*nc) <- the source under taps q of those pixels, zeros where they fall on padding */
static void patches(gn_real *p, const gather *g, const chunk *q, gn_int r0, gn_int r1) {
  const gn_int run = q->nu * q->nc, ld = q->nt * run, C = g->C;
  const int joined = (g->w.ostep == 1 || q->nu == 1) && q->nc == C;
  for (gn_int r = r0; r < r1; r++) {
    const row a = row_at(g, r);
    for (gn_int t = 0; t < q->nt; t++) {
      const gn_int h = a.i * g->h.step + g->h.off + (q->t + t) * g->h.ostep;
      gn_real *to = p + t * run;
      if (h < 0 || h >= g->h.src) {
        for (gn_int j = 0; j < a.len; j++) zero_run(to + j * ld, run);
        continue;
      }
      const gn_real *line = g->src + (a.n * g->h.src + h) * g->w.src * C + q->c;
      for (gn_int j = 0; j < a.len; j++, to += ld) {
        const gn_int w = (a.j + j) * g->w.step + g->w.off + q->u * g->w.ostep;
        if (joined && w >= 0 && w + q->nu <= g->w.src) {
          copy_run(to, line + w * C, run);
          continue;
        }
        for (gn_int u = 0; u < q->nu; u++) {
          const gn_int v = w + u * g->w.ostep;
          if (v >= 0 && v < g->w.src) copy_run(to + u * q->nc, line + v * C, q->nc);
          else zero_run(to + u * q->nc, q->nc);
        }
      }
    }
    p += a.len * ld;
  }
}

/* One block: out (N, oh, ow, O) at the pixels of the block  <-  patches times b, the kernel rows (tap, C) of O columns. */
static void gather_block(gn_real *out, gn_int oh, gn_int ow, const gather *g, const gn_real *b, gn_int block, gn_real *p,
                         gn_real *tile) {
  const gn_int r0 = block * g->rows, r1 = GN_MIN(g->nrows, r0 + g->rows), O = g->O;
  const row first = row_at(g, r0);
  const int direct = !g->row_major && g->h.outstep == 1 && g->w.outstep == 1;
  gn_real *c = direct ? out + ((first.n * oh + first.i) * ow + first.j) * O : tile;
  gn_int lo = g->h.n, hi = 0, pixels = 0;
  for (gn_int r = r0; r < r1; r++) {
    const row a = row_at(g, r);
    lo = GN_MIN(lo, first_tap(&g->h, a.i));
    hi = GN_MAX(hi, last_tap(&g->h, a.i));
    pixels += a.len;
  }
  chunk q = chunk_size(g, DEPTH);
  const chunk full = q;
  gn_real beta = 0;
  for (q.t = lo; q.t < hi; q.t += full.nt) {
    q.nt = GN_MIN(full.nt, hi - q.t);
    for (q.u = 0; q.u < g->w.n; q.u += full.nu) {
      q.nu = GN_MIN(full.nu, g->w.n - q.u);
      for (q.c = 0; q.c < g->C; q.c += full.nc, beta = 1) {
        q.nc = GN_MIN(full.nc, g->C - q.c);
        patches(p, g, &q, r0, r1);
        const gn_int k = q.nt * q.nu * q.nc;
        gn_gemm(0, 0, pixels, O, k, 1, p, k, b + ((q.t * g->w.n + q.u) * g->C + q.c) * O, O, beta, c, O);
      }
    }
  }
  if (beta == 0) zero_run(c, pixels * O); /* every tap on padding */
  if (direct) return;
  for (gn_int r = r0; r < r1; r++) {
    const row a = row_at(g, r);
    gn_real *to = out + ((a.n * oh + g->h.out0 + a.i * g->h.outstep) * ow + g->w.out0 + a.j * g->w.outstep) * O;
    for (gn_int j = 0; j < a.len; j++, c += O) copy_run(to + j * g->w.outstep * O, c, O);
  }
}

static gn_int patch_work(const gather *g) { return g->cap * GN_MIN(DEPTH, g->C * g->w.n * g->h.n); }
static gn_int tile_work(const gather *g) { return g->cap * g->O; }

/* ---- y ---- */

static gather gather_y(const gn_conv *d, const gn_real *x) {
  gather g = {.h = axis_y(d->H, d->Ho, d->Kh, d->sh, d->ph, d->dh), .w = axis_y(d->W, d->Wo, d->Kw, d->sw, d->pw, d->dw)};
  g.N = d->N, g.C = d->Ci, g.O = d->Co, g.src = x;
  set_blocks(&g, d->N * d->Ho * d->Wo);
  return g;
}

static void y_gather(gn_real *y, const gn_real *x, const gn_real *w, const gn_conv *d, gn_real *work) {
  const gather g = gather_y(d, x);
  const gn_int np = patch_work(&g), each = np + tile_work(&g);
  GN_PARALLEL_FOR
  for (gn_int b = 0; b < g.blocks; b++) {
    gn_real *mine = work + gn_thread_id() * each;
    gather_block(y, d->Ho, d->Wo, &g, w, b, mine, mine + np);
  }
}

/* ---- dx ---- */

static gather gather_dx(const gn_conv *d, const gn_real *dy, gn_int rh, gn_int rw) {
  gather g = {.h = axis_phase(d->H, d->Ho, d->Kh, d->sh, d->ph, d->dh, rh),
              .w = axis_phase(d->W, d->Wo, d->Kw, d->sw, d->pw, d->dw, rw)};
  g.N = d->N, g.C = d->Co, g.O = d->Ci, g.src = dy;
  set_blocks(&g, d->N * ceil_div(d->H, d->sh) * ceil_div(d->W, d->sw));
  return g;
}

/* t (cols, rows) <- a (rows, cols), in squares that fit the first cache */
static void transpose(gn_real *restrict t, const gn_real *restrict a, gn_int rows, gn_int cols) {
  for (gn_int i0 = 0; i0 < rows; i0 += 16)
    for (gn_int j0 = 0; j0 < cols; j0 += 16)
      for (gn_int j = j0; j < GN_MIN(cols, j0 + 16); j++)
        for (gn_int i = i0; i < GN_MIN(rows, i0 + 16); i++) t[j * rows + i] = a[i * cols + j];
}

/* wt <- w (Kh,Kw,Ci,Co): every tap transposed to (Co,Ci), the taps of one phase together, in the order its gather walks them */
static void pack_phases(gn_real *wt, const gn_real *w, const gn_conv *d) {
  const gn_int kh = d->sh / gcd(d->sh, d->dh), kw = d->sw / gcd(d->sw, d->dw), taps = d->Kh * d->Kw, size = d->Ci * d->Co;
  GN_PARALLEL_FOR_IF(taps * size > GN_PAR_MIN)
  for (gn_int k = 0; k < taps; k++) {
    const gn_int a = k / d->Kw, b = k % d->Kw;
    axis h = {0}, v = {0};
    tap_class(&h, d->Kh, kh, a % kh);
    tap_class(&v, d->Kw, kw, b % kw);
    const gn_int at = h.before * d->Kw + h.n * v.before + (h.k0 - a) / kh * v.n + (v.k0 - b) / kw;
    transpose(wt + at * size, w + k * size, d->Ci, d->Co);
  }
}

static void dx_gather(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, gn_real *work) {
  const gn_int size = d->Ci * d->Co, ph = GN_MIN(d->sh, d->H), pw = GN_MIN(d->sw, d->W);
  const gather largest = gather_dx(d, dy, 0, 0);
  const gn_int np = largest.cap * DEPTH, each = np + tile_work(&largest);
  gn_real *wt = work, *own = work + d->Kh * d->Kw * size;
  pack_phases(wt, w, d);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < ph * pw * largest.blocks; t++) {
    gn_real *mine = own + gn_thread_id() * each;
    const gather g = gather_dx(d, dy, t / largest.blocks / pw, t / largest.blocks % pw);
    const gn_int b = t % largest.blocks;
    if (b < g.blocks)
      gather_block(dx, d->H, d->W, &g, wt + (g.h.before * d->Kw + g.h.n * g.w.before) * size, b, mine, mine + np);
  }
}

/* ---- dx of few channels ---- */

/* Strips of `lines` lines of dx; rows lo..hi-1 of dy reach a strip. */
typedef struct strips { gn_int lines, count, rows; } strips;

static gn_int dy_first(const gn_conv *d, gn_int line) {
  return GN_MAX(0, floor_div(line + d->ph - d->dh * (d->Kh - 1) + d->sh - 1, d->sh));
}
static gn_int dy_last(const gn_conv *d, gn_int line) { return GN_MIN(d->Ho, floor_div(line + d->ph, d->sh) + 1); }

static strips strips_of(const gn_conv *d) {
  const gn_int one = d->Wo * d->Kh * d->Kw * d->Ci, halo = (d->dh * (d->Kh - 1) + d->sh - 1) / d->sh + 1;
  strips s;
  const gn_int fit = GN_MAX(1, STRIP / one);
  s.lines = GN_MAX(1, GN_MIN(d->H, GN_MAX(fit - halo, 2 * halo) * d->sh));
  s.count = ceil_div(d->H, s.lines);
  s.rows = GN_MIN(d->Ho, s.lines / d->sh + halo + 1);
  return s;
}

static void dx_columns(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, gn_real *work) {
  const strips s = strips_of(d);
  const gn_int C = d->Ci, run = d->Kw * C, cols = d->Kh * run, each = s.rows * d->Wo * cols;
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < d->N * s.count; t++) {
    const gn_int n = t / s.count, l0 = t % s.count * s.lines, l1 = GN_MIN(d->H, l0 + s.lines);
    const gn_int lo = dy_first(d, l0), hi = dy_last(d, l1 - 1);
    gn_real *c = work + gn_thread_id() * each, *out = dx + n * d->H * d->W * C;
    if (hi > lo) gn_gemm(0, 1, (hi - lo) * d->Wo, cols, d->Co, 1, dy + (n * d->Ho + lo) * d->Wo * d->Co, d->Co, w, d->Co, 0, c, cols);
    zero_run(out + l0 * d->W * C, (l1 - l0) * d->W * C);
    for (gn_int i = lo; i < hi; i++)
      for (gn_int a = 0; a < d->Kh; a++) {
        const gn_int l = i * d->sh - d->ph + a * d->dh;
        if (l < l0 || l >= l1) continue;
        for (gn_int j = 0; j < d->Wo; j++) {
          const gn_real *restrict from = c + ((i - lo) * d->Wo + j) * cols + a * run;
          const gn_int v = j * d->sw - d->pw;
          if (d->dw == 1 && v >= 0 && v + d->Kw <= d->W) {
            gn_real *restrict to = out + (l * d->W + v) * C;
            for (gn_int k = 0; k < run; k++) to[k] += from[k];
            continue;
          }
          for (gn_int b = 0; b < d->Kw; b++)
            if (v + b * d->dw >= 0 && v + b * d->dw < d->W)
              for (gn_int k = 0; k < C; k++) out[(l * d->W + v + b * d->dw) * C + k] += from[b * C + k];
        }
      }
  }
}

/* ---- dw ---- */

typedef struct dw_cut { chunk q; gn_int nt, nu, nc, chunks, parts, blocks; } dw_cut; /* parts of `blocks` blocks */

static dw_cut cut_dw(const gather *g) {
  dw_cut c;
  const gn_int K = g->h.n * g->w.n * g->C;
  c.q = chunk_size(g, GN_MAX(64, GN_MIN(DEPTH, K / 4)));
  c.nt = ceil_div(g->h.n, c.q.nt), c.nu = ceil_div(g->w.n, c.q.nu), c.nc = ceil_div(g->C, c.q.nc);
  c.chunks = c.nt * c.nu * c.nc;
  c.parts = 1;
  while (c.parts * c.chunks < 8 && 2 * c.parts <= g->blocks && 2 * c.parts * K * g->O <= PARTS) c.parts *= 2;
  c.blocks = ceil_div(g->blocks, c.parts);
  return c;
}

static void dw_gather(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work) {
  gather g = gather_y(d, x);
  g.row_major = 0; /* dy is read where it lies */
  const dw_cut c = cut_dw(&g);
  const gn_int O = d->Co, size = d->Kh * d->Kw * d->Ci * O, each = patch_work(&g);
  gn_real *sums = c.parts > 1 ? work : dw, *own = work + (c.parts > 1 ? c.parts * size : 0);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < c.chunks * c.parts; t++) {
    const gn_int part = t % c.parts, at = t / c.parts;
    chunk q = {.t = at / c.nc / c.nu * c.q.nt, .u = at / c.nc % c.nu * c.q.nu, .c = at % c.nc * c.q.nc};
    q.nt = GN_MIN(c.q.nt, g.h.n - q.t), q.nu = GN_MIN(c.q.nu, g.w.n - q.u), q.nc = GN_MIN(c.q.nc, g.C - q.c);
    gn_real *p = own + gn_thread_id() * each, *sum = sums + part * size + ((q.t * d->Kw + q.u) * d->Ci + q.c) * O;
    const gn_int k = q.nt * q.nu * q.nc, b0 = part * c.blocks, b1 = GN_MIN(g.blocks, b0 + c.blocks);
    if (b0 >= b1) zero_run(sum, k * O);
    for (gn_int b = b0; b < b1; b++) {
      const gn_int r0 = b * g.rows, r1 = GN_MIN(g.nrows, r0 + g.rows);
      const row first = row_at(&g, r0), last = row_at(&g, r1 - 1);
      const gn_int p0 = (first.n * d->Ho + first.i) * d->Wo + first.j, p1 = (last.n * d->Ho + last.i) * d->Wo + last.j + last.len;
      patches(p, &g, &q, r0, r1);
      gn_gemm(1, 0, k, O, p1 - p0, 1, p, k, dy + p0 * O, O, b > b0, sum, O);
    }
  }
  if (c.parts == 1) return;
  GN_PARALLEL_FOR_IF(size * c.parts > GN_PAR_MIN)
  for (gn_int i = 0; i < d->Kh * d->Kw; i++) {
    const gn_int n = d->Ci * O;
    memcpy(dw + i * n, sums + i * n, (size_t)n * sizeof *dw);
    for (gn_int p = 1; p < c.parts; p++)
      for (gn_int j = 0; j < n; j++) dw[i * n + j] += sums[p * size + i * n + j];
  }
}

/* ---- which engine ---- */

typedef enum { EMPTY, POINTS, COVER, COLUMNS, GATHER } engine;

static engine engine_of(const gn_conv *d, gn_conv_pass pass) {
  if (d->N == 0 || d->H == 0 || d->W == 0 || d->Ci == 0 || d->Co == 0 || d->Ho == 0 || d->Wo == 0) return EMPTY;
  const int bare = d->ph == 0 && d->pw == 0;
  if (bare && d->Kh == 1 && d->Kw == 1 && d->sh == 1 && d->sw == 1 && d->Ho == d->H && d->Wo == d->W) return POINTS;
  if (bare && d->Ho == 1 && d->Wo == 1 && d->Kh == d->H && d->Kw == d->W && d->dh == 1 && d->dw == 1 && d->H * d->W < INT32_MAX / d->Ci)
    return COVER; /* one row of its matrix is a picture; BLAS takes row strides as int */
  if (pass == GN_CONV_DX && d->Ci <= THIN && d->Co > d->Ci && (double)d->Wo * (double)(d->Kh * d->Kw * d->Ci) <= 4.0 * STRIP) {
    const strips s = strips_of(d);
    if (s.rows * d->Wo * d->Kh * d->Kw * d->Ci <= 4 * STRIP) return COLUMNS;
  }
  return GATHER;
}

/* The matrices of a plain product: x (m,k), w (k,n), y (m,n). */
static void plain_sizes(const gn_conv *d, engine e, gn_int *m, gn_int *n, gn_int *k) {
  const gn_int pixels = e == EMPTY ? 0 : d->H * d->W;
  *m = e == POINTS ? d->N * pixels : d->N;
  *k = e == POINTS ? d->Ci : pixels * d->Ci;
  *n = d->Co;
}

static gn_int count(gn_int a, gn_int b, gn_int c, gn_int e) { /* a * b * c * e, where the others may not fit beside a zero */
  return a == 0 || b == 0 || c == 0 || e == 0 ? 0 : a * b * c * e;
}

gn_int gn_conv2d_work(const gn_conv *d, gn_conv_pass pass) {
  const engine e = engine_of(d, pass);
  gn_int m, n, k;
  gather g;
  if (e == EMPTY) return 0;
  const gn_int size = d->Kh * d->Kw * d->Ci * d->Co;
  if (e == POINTS || e == COVER) {
    plain_sizes(d, e, &m, &n, &k);
    return pass == GN_CONV_Y ? gn_gemm_par_work(m, n, k) : pass == GN_CONV_DX ? gn_gemm_par_work(m, k, n) : gn_gemm_par_work(k, n, m);
  }
  if (e == COLUMNS) return gn_threads() * strips_of(d).rows * d->Wo * d->Kh * d->Kw * d->Ci;
  if (pass == GN_CONV_DX) {
    g = gather_dx(d, NULL, 0, 0);
    return size + gn_threads() * (g.cap * DEPTH + tile_work(&g));
  }
  g = gather_y(d, NULL);
  if (pass == GN_CONV_Y) return gn_threads() * (patch_work(&g) + tile_work(&g));
  const dw_cut c = cut_dw(&g);
  return (c.parts > 1 ? c.parts * size : 0) + gn_threads() * patch_work(&g);
}

void gn_conv2d(gn_real *y, const gn_real *x, const gn_real *w, const gn_conv *d, gn_real *work) {
  const engine e = engine_of(d, GN_CONV_Y);
  gn_int m, n, k;
  plain_sizes(d, e, &m, &n, &k);
  if (e == EMPTY) zero_run(y, count(d->N, d->Ho, d->Wo, d->Co));
  else if (e == GATHER) y_gather(y, x, w, d, work);
  else gn_gemm_par(0, 0, m, n, k, x, k, w, n, y, n, work);
}

void gn_conv2d_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, gn_real *work) {
  const engine e = engine_of(d, GN_CONV_DX);
  gn_int m, n, k;
  plain_sizes(d, e, &m, &n, &k);
  if (e == EMPTY) zero_run(dx, count(d->N, d->H, d->W, d->Ci));
  else if (e == GATHER) dx_gather(dx, dy, w, d, work);
  else if (e == COLUMNS) dx_columns(dx, dy, w, d, work);
  else gn_gemm_par(0, 1, m, k, n, dy, n, w, n, dx, k, work);
}

void gn_conv2d_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work) {
  const engine e = engine_of(d, GN_CONV_DW);
  gn_int m, n, k;
  plain_sizes(d, e, &m, &n, &k);
  if (e == EMPTY) zero_run(dw, count(d->Kh, d->Kw, d->Ci, d->Co));
  else if (e == GATHER) dw_gather(dw, x, dy, d, work);
  else gn_gemm_par(1, 0, k, n, m, x, k, dy, n, dw, n, work);
}
