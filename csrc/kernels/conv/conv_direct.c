/* conv_direct.c - convolutions by their definition, on register tiles.
**
** gather: register tiles of output pixels times the packed kernel. The pixels' patches are read where they lie in the
** source; they are copied only at the border, or where their runs are short.
**   y    patches of x
**   dx   the pixels of dx fall into sh*sw phases, each of which is a stride-1 gather from dy over its own subset of the
**        taps: no scatter, no zeros multiplied
**   dw   for every tap the pixels that it reaches (no padding multiplied), x transposed times dy
** columns: dx with few channels (pictures). dy times the transposed kernel, then each strip of dx sums its columns.
**
** Blocks are fixed by the shape, so the result does not depend on the number of threads. */
#include "conv_direct.h"
#include "../../par.h"
#include "../runs.h"
#include "sums.h"
#include "tile.h"
#include <string.h>

#define ROWS GN_TILE_ROWS
#define COLS GN_TILE_COLS
#define DEPTH 512  /* reals of a patch that are multiplied at a time: a panel of the kernel stays in the cache */
#define PIXELS 192 /* pixels of a block, at most; a multiple of every GN_TILE_ROWS */
#define SHORT 48   /* reals of one run below which patches are copied together */
#define TASKS 16   /* tasks wanted: enough to balance a few threads */
#define WIDE 512   /* columns of dy packed at a time in dw */
#define PARTS ((gn_int)1 << 20) /* reals of partial sums in dw */
#define STRIP ((gn_int)1 << 16) /* reals of one strip of columns, wanted; 4 times that at most */

static gn_int floor_div(gn_int a, gn_int b) { return a >= 0 ? a / b : -gn_ceil_div(-a, b); }
static gn_int gcd(gn_int a, gn_int b) { return b ? gcd(b, a % b) : a; }

/* ---- gather: one axis ---- */

/* Output index i (of `out`) lies at position out0 + i*outstep; its tap t (of n) is kernel index k0 + t*kstep and reads
** source position i*step + off + t*ostep (of src; 0 outside), ostep > 0. */
typedef struct tap_axis {
  gn_int out, out0, outstep;
  gn_int n, k0, kstep, before; /* before: taps of the classes in front of this one, in a kernel packed by class */
  gn_int src, step, off, ostep;
} tap_axis;

static tap_axis y_axis(gn_int src, gn_int out, gn_int k, gn_int stride, gn_int pad, gn_int dil) {
  return (tap_axis){
      .out = out, .outstep = 1, .n = k, .kstep = 1, .src = src, .step = stride, .off = -pad, .ostep = dil};
}

/* Taps k with k % kstep == c: n of them, `before` in the classes in front of c. */
static void tap_class(tap_axis *a, gn_int k, gn_int kstep, gn_int c) {
  a->n = (k - 1 - c) / kstep + 1;
  a->kstep = -kstep; /* backwards, so that source positions ascend */
  a->k0 = c + (a->n - 1) * kstep;
  a->before = c * (k / kstep) + GN_MIN(c, k % kstep);
}

/* Pixels r, r + stride, ... of dx, and the taps that reach them: those with (r + pad - k*dil) % stride == 0. */
static tap_axis phase_axis(gn_int size, gn_int src, gn_int k, gn_int stride, gn_int pad, gn_int dil, gn_int r) {
  tap_axis a = {.out = r < size ? (size - 1 - r) / stride + 1 : 0,
                .out0 = r,
                .outstep = stride,
                .src = src,
                .step = 1,
                .ostep = 1};
  const gn_int kstep = stride / gcd(stride, dil);
  gn_int c = 0;
  while (c < GN_MIN(k, kstep) && (r + pad - c * dil) % stride != 0) c++;
  if (c == GN_MIN(k, kstep)) return a; /* no tap */
  tap_class(&a, k, kstep, c);
  a.off = (r + pad - a.k0 * dil) / stride;
  a.ostep = kstep * dil / stride;
  return a;
}

static gn_int first_tap(const tap_axis *a, gn_int i) { /* lo .. hi-1 fall inside the source */
  const gn_int at = i * a->step + a->off;
  return at >= 0 ? 0 : GN_MIN(a->n, gn_ceil_div(-at, a->ostep));
}
static gn_int last_tap(const tap_axis *a, gn_int i) {
  return GN_MAX(0, GN_MIN(a->n, floor_div(a->src - 1 - i * a->step - a->off, a->ostep) + 1));
}

/* ---- gather: blocks of output pixels ---- */

/* out pixels (N, h.out, w.out) of O channels  <-  src (N, h.src, w.src, C). Pixels are walked in rows of at most
** `seg`, `rows` rows to a block; image-major, or row-major over the whole batch, so that the tiles of a border row
** skip taps that fall on padding. */
typedef struct gather {
  tap_axis h, w;
  gn_int N, C, O, ld;        /* ld: reals from pixel to pixel of out */
  const gn_real *src, *bias; /* bias (O): out is rectified after it was added; or NULL */
  gn_int seg, nseg, rows, nrows, blocks;
  gn_int panels, groups; /* panels of output channels in one task, tasks per block */
  int row_major;
} gather;

typedef struct row {
  gn_int n, i, j, len;
} row;

static row row_at(const gather *g, gn_int r) {
  row a;
  const gn_int s = r % g->nseg, q = r / g->nseg;
  if (g->row_major) a.i = q / g->N, a.n = q % g->N;
  else a.n = q / g->h.out, a.i = q % g->h.out;
  a.j = s * g->seg;
  a.len = GN_MIN(g->seg, g->w.out - a.j);
  return a;
}

static void set_blocks(gather *g) {
  gn_int used = 0;
  g->seg = GN_MIN(GN_MAX(g->w.out, 1), PIXELS);
  g->nseg = gn_ceil_div(g->w.out, g->seg);
  g->rows = PIXELS / g->seg;
  g->nrows = g->N * g->h.out * g->nseg;
  g->blocks = gn_ceil_div(g->nrows, g->rows);
  g->panels = gn_panels(g->O);
  while (g->blocks * gn_ceil_div(gn_panels(g->O), g->panels) < TASKS && g->panels > 2)
    g->panels = gn_ceil_div(g->panels, 2);
  g->groups = gn_ceil_div(gn_panels(g->O), g->panels);
  if (g->h.out > PIXELS) return; /* the border of a tall picture is not worth counting */
  for (gn_int i = 0; i < g->h.out; i++) used += GN_MAX(0, last_tap(&g->h, i) - first_tap(&g->h, i));
  g->row_major = g->N > 1 && used * 32 < g->h.out * g->h.n * 31;
}

/* Part of the taps and channels: nt > 1 only with all nu columns, nu > 1 only with all nc channels, so that its rows
** of the kernel are consecutive. */
typedef struct chunk {
  gn_int t, nt, u, nu, c, nc;
} chunk;

/* Runs of the source that can be read in place are one row of taps, or one tap; short ones are copied, several rows
** together. */
static int is_short(const gather *g) { return g->C * (g->w.ostep == 1 ? g->w.n : 1) < SHORT; }

static chunk chunk_size(const gather *g) {
  const gn_int n = GN_MAX(g->w.n, 1);
  if (g->C > DEPTH) return (chunk){.nt = 1, .nu = 1, .nc = gn_ceil_div(g->C, gn_ceil_div(g->C, DEPTH))};
  if (g->w.ostep != 1 && !is_short(g)) return (chunk){.nt = 1, .nu = 1, .nc = g->C};
  if (g->C * n > DEPTH) return (chunk){.nt = 1, .nu = gn_ceil_div(n, gn_ceil_div(n, DEPTH / g->C)), .nc = g->C};
  return (chunk){.nt = is_short(g) ? GN_MAX(1, GN_MIN(g->h.n, DEPTH / (g->C * n))) : 1, .nu = n, .nc = g->C};
}

/* to (nu, nc) <- the source at columns w, w + ostep, ... of a line, zeros outside */
static void copy_taps(gn_real *to, const gather *g, const chunk *q, const gn_real *line, gn_int w) {
  for (gn_int u = 0; u < q->nu; u++, w += g->w.ostep, to += q->nc) {
    if (w >= 0 && w < g->w.src) gn_copy_run(to, line + w * g->C, q->nc);
    else gn_zero_run(to, q->nc);
  }
}

/* The line of the source under tap row t, from channel c on; NULL: padding. */
static const gn_real *line_at(const gather *g, const row *a, gn_int t, gn_int c) {
  const gn_int h = a->i * g->h.step + g->h.off + t * g->h.ostep;
  return h < 0 || h >= g->h.src ? NULL : g->src + (a->n * g->h.src + h) * g->w.src * g->C + c;
}

/* p (pixels of rows r0..r1-1, nt*nu*nc) <- the source under taps q of those pixels, zeros where they fall on padding */
static void patches(gn_real *p, const gather *g, const chunk *q, gn_int r0, gn_int r1) {
  const gn_int run = q->nu * q->nc, ld = q->nt * run;
  const int joined = g->w.ostep == 1 && q->nc == g->C;
  for (gn_int r = r0; r < r1; r++) {
    const row a = row_at(g, r);
    for (gn_int t = 0; t < q->nt; t++) {
      const gn_real *line = line_at(g, &a, q->t + t, q->c);
      gn_real *to = p + t * run;
      gn_int w = a.j * g->w.step + g->w.off + q->u * g->w.ostep;
      for (gn_int j = 0; j < a.len; j++, to += ld, w += g->w.step) {
        if (!line) gn_zero_run(to, run);
        else if (joined && w >= 0 && w + q->nu <= g->w.src) gn_copy_run(to, line + w * g->C, run);
        else copy_taps(to, g, q, line, w);
      }
    }
    p += a.len * ld;
  }
}

/* at[pixel of rows r0..r1-1] <- where its run under q lies: in the source, or in p where it hangs over the border;
** NULL: all padding. */
static void find_runs(const gn_real **at, const gather *g, const chunk *q, gn_int r0, gn_int r1, gn_real *p) {
  const gn_int run = q->nu * q->nc, span = (q->nu - 1) * g->w.ostep + 1;
  for (gn_int r = r0; r < r1; r++) {
    const row a = row_at(g, r);
    const gn_real *line = line_at(g, &a, q->t, q->c);
    gn_int w = a.j * g->w.step + g->w.off + q->u * g->w.ostep;
    for (gn_int j = 0; j < a.len; j++, w += g->w.step) {
      if (!line || w + span <= 0 || w >= g->w.src) *at++ = NULL;
      else if (w >= 0 && w + span <= g->w.src) *at++ = line + w * g->C;
      else {
        copy_taps(p, g, q, line, w);
        *at++ = p;
        p += run;
      }
    }
  }
}

static gn_int gather_work(void) { return PIXELS * DEPTH + DEPTH; } /* patches, and a run of zeros */

/* One task: out (N, oh, ow, O) at the pixels of a block and a group of panels  <-  patches times b, the kernel packed
** in panels: (panels, taps*C, COLS). */
static void gather_block(gn_real *out, gn_int oh, gn_int ow, const gather *g, const gn_real *b, gn_int task,
                         gn_real *p) {
  const gn_int block = task / g->groups, o0 = task % g->groups * g->panels,
               o1 = GN_MIN(gn_panels(g->O), o0 + g->panels);
  const gn_int r0 = block * g->rows, r1 = GN_MIN(g->nrows, r0 + g->rows), K = g->h.n * g->w.n * g->C;
  const gn_real *at[PIXELS + ROWS];
  gn_real *to[PIXELS], *zeros = p + PIXELS * DEPTH;
  char begun[PIXELS] = {0};
  gn_int pixels = 0;
  /* where the block's pixels lie in out */
  for (gn_int r = r0; r < r1; r++) {
    const row a = row_at(g, r);
    gn_real *first = out + ((a.n * oh + g->h.out0 + a.i * g->h.outstep) * ow + g->w.out0 + a.j * g->w.outstep) * g->ld;
    for (gn_int j = 0; j < a.len; j++) to[pixels++] = first + j * g->w.outstep * g->ld;
  }
  /* a chunk of taps and channels at a time */
  chunk q = chunk_size(g);
  const chunk full = q;
  for (q.t = 0; q.t < g->h.n; q.t += full.nt)
    for (q.u = 0; q.u < g->w.n; q.u += full.nu)
      for (q.c = 0; q.c < g->C; q.c += full.nc) {
        q.nt = GN_MIN(full.nt, g->h.n - q.t), q.nu = GN_MIN(full.nu, g->w.n - q.u), q.nc = GN_MIN(full.nc, g->C - q.c);
        const gn_int k = q.nt * q.nu * q.nc;
        const gn_real *bk = b + ((q.t * g->w.n + q.u) * g->C + q.c) * COLS;
        if (is_short(g)) {
          patches(p, g, &q, r0, r1);
          for (gn_int i = 0; i < pixels; i++) at[i] = p + i * k;
        } else find_runs(at, g, &q, r0, r1, p);
        for (gn_int i = 0; i < ROWS; i++) at[pixels + i] = NULL;
        gn_zero_run(zeros, k);
        /* tiles that lie on padding are skipped, single pixels read zeros */
        for (gn_int i = 0; i < pixels; i += ROWS) {
          int any = 0;
          for (gn_int r = i; r < i + ROWS; r++) any |= at[r] != NULL;
          for (gn_int r = i; r < i + ROWS; r++)
            if (any && !at[r]) at[r] = zeros;
        }
        /* every tile of pixels times every panel of the kernel, added to what the chunks before left in out */
        for (gn_int o = o0; o < o1; o++)
          for (gn_int i = 0; i < pixels; i += ROWS) {
            gn_real *c[ROWS];
            const int rows = (int)GN_MIN(ROWS, pixels - i), cols = (int)GN_MIN(COLS, g->O - o * COLS);
            if (!at[i]) continue;
            for (int r = 0; r < rows; r++) c[r] = to[i + r] + o * COLS;
            gn_tile(k, 1, at + i, bk + o * K * COLS, c, rows, cols, begun[i / ROWS]);
          }
        for (gn_int i = 0; i < pixels; i += ROWS) begun[i / ROWS] |= at[i] != NULL;
      }
  /* pixels that no tap reaches are 0; bias and rectifier while the pixels are in the cache */
  const gn_int cols = GN_MIN(g->O, o1 * COLS) - o0 * COLS;
  for (gn_int i = 0; i < pixels; i++) {
    if (!begun[i / ROWS]) gn_zero_run(to[i] + o0 * COLS, cols);
    if (g->bias) gn_bias_relu_run(to[i] + o0 * COLS, g->bias + o0 * COLS, cols);
  }
}

/* ---- y ---- */

static gather gather_y(const gn_conv *d, const gn_real *x) {
  gather g = {.h = y_axis(d->H, d->Ho, d->Kh, d->sh, d->ph, d->dh),
              .w = y_axis(d->W, d->Wo, d->Kw, d->sw, d->pw, d->dw)};
  g.N = d->N, g.C = d->Ci, g.O = g.ld = d->Co, g.src = x;
  set_blocks(&g);
  return g;
}

gn_int gn_gather_kernel_size(const gn_conv *d) { return d->Kh * d->Kw * d->Ci * gn_panels(d->Co) * COLS; }

void gn_gather_kernel(gn_real *packed, const gn_real *w, const gn_conv *d) {
  const gn_int K = d->Kh * d->Kw * d->Ci, O = d->Co;
  GN_PARALLEL_FOR_IF(K * O > GN_PAR_MIN)
  for (gn_int o = 0; o < gn_panels(O); o++) {
    const gn_int cols = GN_MIN(COLS, O - o * COLS);
    for (gn_int k = 0; k < K; k++) {
      gn_real *to = packed + (o * K + k) * COLS;
      for (gn_int j = 0; j < cols; j++) to[j] = w[k * O + o * COLS + j];
      gn_zero_run(to + cols, COLS - cols);
    }
  }
}

void gn_gather_packed(gn_real *y, gn_int ldy, const gn_real *x, const gn_real *packed, const gn_real *bias,
                      const gn_conv *d, gn_real *work) {
  gather g = gather_y(d, x);
  g.ld = ldy, g.bias = bias;
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < g.blocks * g.groups; t++)
    gather_block(y, d->Ho, d->Wo, &g, packed, t, work + gn_thread_id() * gather_work());
}

void gn_gather_y(gn_real *y, const gn_real *x, const gn_real *w, const gn_conv *d, gn_real *work) {
  gn_gather_kernel(work, w, d);
  gn_gather_packed(y, d->Co, x, work, NULL, d, work + gn_gather_kernel_size(d));
}

/* ---- dx ---- */

static gather gather_dx(const gn_conv *d, const gn_real *dy, gn_int rh, gn_int rw) {
  gather g = {.h = phase_axis(d->H, d->Ho, d->Kh, d->sh, d->ph, d->dh, rh),
              .w = phase_axis(d->W, d->Wo, d->Kw, d->sw, d->pw, d->dw, rw)};
  g.N = d->N, g.C = d->Co, g.O = g.ld = d->Ci, g.src = dy;
  set_blocks(&g);
  return g;
}

static gn_int packed_dx(const gn_conv *d) { return d->Kh * d->Kw * d->Co * gn_panels(d->Ci) * COLS; }

/* packed <- w (Kh,Kw,Ci,Co): the taps of one phase together, in the order its gather walks them, each phase in panels
** (panels of Ci, taps*Co, COLS) */
static void pack_phases(gn_real *packed, const gn_real *w, const gn_conv *d) {
  const gn_int kh = d->sh / gcd(d->sh, d->dh), kw = d->sw / gcd(d->sw, d->dw), taps = d->Kh * d->Kw, O = d->Ci,
               C = d->Co;
  GN_PARALLEL_FOR_IF(taps * O * C > GN_PAR_MIN)
  for (gn_int k = 0; k < taps; k++) {
    const gn_int a = k / d->Kw, b = k % d->Kw, panels = gn_panels(O);
    tap_axis h = {0}, v = {0};
    tap_class(&h, d->Kh, kh, a % kh);
    tap_class(&v, d->Kw, kw, b % kw);
    const gn_int first = h.before * d->Kw + h.n * v.before, K = h.n * v.n * C,
                 tap = (h.k0 - a) / kh * v.n + (v.k0 - b) / kw;
    for (gn_int o = 0; o < panels; o++) {
      const gn_int cols = GN_MIN(COLS, O - o * COLS);
      const gn_real *restrict from = w + (k * O + o * COLS) * C;
      gn_real *restrict to = packed + first * C * panels * COLS + (o * K + tap * C) * COLS;
      for (gn_int c0 = 0; c0 < C; c0 += COLS) /* in squares that fit the first cache */
        for (gn_int j = 0; j < COLS; j++)
          for (gn_int c = c0; c < GN_MIN(C, c0 + COLS); c++) to[c * COLS + j] = j < cols ? from[j * C + c] : 0;
    }
  }
}

void gn_gather_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, gn_real *work) {
  const gn_int ph = GN_MIN(d->sh, d->H), pw = GN_MIN(d->sw, d->W), tap = d->Co * gn_panels(d->Ci) * COLS;
  const gather largest = gather_dx(d, dy, 0, 0);
  const gn_int each = largest.blocks * largest.groups;
  gn_real *packed = work, *own = work + packed_dx(d);
  pack_phases(packed, w, d);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < ph * pw * each; t++) {
    gather g = gather_dx(d, dy, t / each / pw, t / each % pw);
    g.panels = largest.panels, g.groups = largest.groups;
    if (t % each < g.blocks * g.groups)
      gather_block(dx, d->H, d->W, &g, packed + (g.h.before * d->Kw + g.h.n * g.w.before) * tap, t % each,
                   own + gn_thread_id() * gather_work());
  }
}

/* ---- dx of few channels ---- */

/* Strips of `lines` lines of dx; rows lo..hi-1 of dy reach a strip. */
typedef struct strips {
  gn_int lines, count, rows;
} strips;

static gn_int dy_first(const gn_conv *d, gn_int line) {
  return GN_MAX(0, floor_div(line + d->ph - d->dh * (d->Kh - 1) + d->sh - 1, d->sh));
}
static gn_int dy_last(const gn_conv *d, gn_int line) { return GN_MIN(d->Ho, floor_div(line + d->ph, d->sh) + 1); }

static strips strips_of(const gn_conv *d) {
  const gn_int one = d->Wo * d->Kh * d->Kw * d->Ci, halo = (d->dh * (d->Kh - 1) + d->sh - 1) / d->sh + 1;
  strips s;
  const gn_int fit = GN_MAX(1, STRIP / one);
  s.lines = GN_MAX(1, GN_MIN(d->H, GN_MAX(fit - halo, 2 * halo) * d->sh));
  s.count = gn_ceil_div(d->H, s.lines);
  s.rows = GN_MIN(d->Ho, s.lines / d->sh + halo + 1);
  return s;
}

static gn_int columns_of(const gn_conv *d) { return gn_panels(d->Kh * d->Kw * d->Ci) * COLS; }

static gn_int columns_work(const gn_conv *d) { return (strips_of(d).rows * columns_of(d) + d->Kw * d->Ci) * d->Wo; }

/* out (W,C) += tap b of sums (Wo,Kw,C). Tap by tap: sums of neighbours overlap, and a load would wait for the store
** before it. */
static inline __attribute__((always_inline)) void add_tap(gn_real *restrict out, const gn_real *restrict sums,
                                                          const gn_conv *d, gn_int b, gn_int C) {
  const gn_int at = b * d->dw - d->pw, j0 = at >= 0 ? 0 : gn_ceil_div(-at, d->sw);
  const gn_int j1 = at >= d->W ? 0 : GN_MIN(d->Wo, (d->W - 1 - at) / d->sw + 1);
  for (gn_int j = j0; j < j1; j++)
    for (gn_int k = 0; k < C; k++) out[(j * d->sw + at) * C + k] += sums[(j * d->Kw + b) * C + k];
}

void gn_columns_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, gn_real *work) {
  const strips s = strips_of(d);
  const gn_int C = d->Ci, run = d->Kw * C, cols = columns_of(d), K = d->Co;
  gn_real *own = work + K * cols;
  for (gn_int j = 0; j < cols; j++) /* the kernel, transposed, in panels */
    for (gn_int k = 0; k < K; k++) work[(j / COLS * K + k) * COLS + j % COLS] = j < d->Kh * run ? w[j * K + k] : 0;
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < d->N * s.count; t++) {
    const gn_int n = t / s.count, l0 = t % s.count * s.lines, l1 = GN_MIN(d->H, l0 + s.lines);
    const gn_int lo = dy_first(d, l0), hi = dy_last(d, l1 - 1);
    gn_real *sums = own + gn_thread_id() * columns_work(d), *c = sums + d->Wo * run;
    const gn_int pixels = (hi - lo) * d->Wo;
    const gn_real *first = dy + (n * d->Ho + lo) * d->Wo * K;
    /* dy under the strip times the kernel: a row of columns for each of its pixels */
    for (gn_int p = 0; p < pixels; p += ROWS)
      for (gn_int o = 0; o < cols; o += COLS) {
        const gn_real *a[ROWS];
        gn_real *to[ROWS];
        const int rows = (int)GN_MIN(ROWS, pixels - p);
        for (int r = 0; r < ROWS; r++)
          a[r] = first + GN_MIN(p + r, pixels - 1) * K, to[r] = c + GN_MIN(p + r, pixels - 1) * cols + o;
        gn_tile(K, 1, a, work + o * K, to, rows, COLS, 0);
      }
    /* each line of dx: first the rows of taps that reach it are added up, then the taps are moved to their pixels */
    for (gn_int l = l0; l < l1; l++) {
      gn_real *out = dx + (n * d->H + l) * d->W * C;
      gn_zero_run(sums, d->Wo * run);
      gn_zero_run(out, d->W * C);
      for (gn_int a = 0; a < d->Kh; a++) {
        const gn_int at = l + d->ph - a * d->dh, i = floor_div(at, d->sh);
        if (at != i * d->sh || i < lo || i >= hi) continue;
        for (gn_int j = 0; j < d->Wo; j++) {
          const gn_real *restrict from = c + ((i - lo) * d->Wo + j) * cols + a * run;
          gn_real *restrict to = sums + j * run;
          for (gn_int k = 0; k < run; k++) to[k] += from[k];
        }
      }
      for (gn_int b = 0; b < d->Kw; b++)
        if (C == 3) add_tap(out, sums, d, b, 3);
        else if (C == 1) add_tap(out, sums, d, b, 1);
        else add_tap(out, sums, d, b, C);
    }
  }
}

/* ---- dw ---- */

/* Rows of dw are cut into `chunks` (a row of taps or part of one; several rows where patches are short), the lines (n,
** i) of dy into `parts`, whose sums are added in order. */
typedef struct dw_division {
  chunk q;
  gn_int nt, nu, nc, chunks, parts, lines;
} dw_division;

static dw_division divide_dw(const gather *g) {
  dw_division c;
  const gn_int K = g->h.n * g->w.n * g->C, lines = g->N * g->h.out;
  c.q = chunk_size(g);
  c.nt = gn_ceil_div(g->h.n, c.q.nt), c.nu = gn_ceil_div(g->w.n, c.q.nu), c.nc = gn_ceil_div(g->C, c.q.nc);
  c.chunks = c.nt * c.nu * c.nc;
  c.parts = 1;
  while (c.parts * c.chunks < TASKS && lines * g->w.out > 4 * c.parts * PIXELS && 2 * c.parts <= lines &&
         2 * c.parts * K * g->O <= PARTS)
    c.parts *= 2;
  c.lines = gn_ceil_div(lines, c.parts);
  return c;
}

#define TILES 4 /* tiles of rows of dw that are packed together: they share cache lines of x */

static gn_int dw_work(const gather *g) {
  return PIXELS * (TILES * ROWS + GN_MIN(WIDE, gn_panels(g->O) * COLS) + DEPTH);
}

/* sum (k, O) <- (add ? sum : 0) + xs transposed times ys: xs[i] points at k reals, ys[i] at O. p: PIXELS * (TILES *
** ROWS + WIDE) */
static void dw_block(gn_real *sum, gn_int k, gn_int O, gn_int pixels, const gn_real *const *xs,
                     const gn_real *const *ys, int add, gn_real *p) {
  gn_real *xt = p, *yt = p + PIXELS * TILES * ROWS;
  for (gn_int w0 = 0; w0 < O; w0 += WIDE) {
    const gn_int wide = GN_MIN(WIDE, O - w0), panels = gn_panels(wide), whole = wide / COLS;
    /* dy in panels */
    for (gn_int i = 0; i < pixels; i++) {
      const gn_real *restrict from = ys[i] + w0;
      for (gn_int o = 0; o < whole; o++) memcpy(yt + (o * PIXELS + i) * COLS, from + o * COLS, COLS * sizeof *yt);
      if (panels > whole)
        for (gn_int j = 0; j < COLS; j++)
          yt[(whole * PIXELS + i) * COLS + j] = whole * COLS + j < wide ? from[whole * COLS + j] : 0;
    }
    /* x in tiles of rows of dw, then the products */
    for (gn_int k0 = 0; k0 < k; k0 += TILES * ROWS) {
      const gn_int kn = GN_MIN(TILES * ROWS, k - k0);
      for (gn_int i = 0; i < pixels; i++) {
        const gn_real *restrict from = xs[i] + k0;
        gn_real *restrict to = xt + i * ROWS;
        if (kn == TILES * ROWS)
          for (int t = 0; t < TILES; t++) memcpy(to + t * PIXELS * ROWS, from + t * ROWS, ROWS * sizeof *to);
        else
          for (int t = 0; t * ROWS < kn; t++)
            for (int r = 0; r < ROWS; r++) to[t * PIXELS * ROWS + r] = t * ROWS + r < kn ? from[t * ROWS + r] : 0;
      }
      for (gn_int o = 0; o < panels; o++)
        for (gn_int t = 0; t * ROWS < kn; t++) {
          const gn_real *a[ROWS];
          gn_real *c[ROWS];
          const int rows = (int)GN_MIN(ROWS, kn - t * ROWS), cols = (int)GN_MIN(COLS, wide - o * COLS);
          for (int r = 0; r < ROWS; r++) a[r] = xt + t * PIXELS * ROWS + r;
          for (int r = 0; r < rows; r++) c[r] = sum + (k0 + t * ROWS + r) * O + w0 + o * COLS;
          gn_tile(pixels, ROWS, a, yt + o * PIXELS * COLS, c, rows, cols, add);
        }
    }
  }
}

/* One task: sum (rows of chunk q, O) over lines l0..l1-1 of dy. Lines and pixels that q does not reach take no part. */
static void dw_task(gn_real *sum, const gather *g, const chunk *q, const gn_real *dy, gn_int l0, gn_int l1,
                    gn_real *p) {
  const gn_real *xs[PIXELS], *ys[PIXELS];
  const gn_int k = q->nt * q->nu * q->nc, O = g->O;
  gn_real *patch = p + dw_work(g) - PIXELS * DEPTH;
  gn_int pixels = 0;
  int add = 0;
  for (gn_int r = l0 * g->nseg; r < l1 * g->nseg; r++) { /* image-major rows are the lines of dy, or parts of them */
    const row a = row_at(g, r);
    const gn_real *y = dy + ((a.n * g->h.out + a.i) * g->w.out + a.j) * O;
    if (pixels + a.len > PIXELS) {
      dw_block(sum, k, O, pixels, xs, ys, add, p);
      pixels = 0;
      add = 1;
    }
    if (is_short(g)) {
      patches(patch + pixels * k, g, q, r, r + 1);
      for (gn_int j = 0; j < a.len; j++, pixels++) xs[pixels] = patch + pixels * k, ys[pixels] = y + j * O;
    } else if (line_at(g, &a, q->t, 0)) {
      const gn_int from = pixels;
      find_runs(xs + from, g, q, r, r + 1, patch + from * k);
      for (gn_int j = 0; j < a.len; j++)
        if (xs[from + j]) xs[pixels] = xs[from + j], ys[pixels++] = y + j * O;
    }
  }
  if (pixels > 0) dw_block(sum, k, O, pixels, xs, ys, add, p);
  else if (!add) gn_zero_run(sum, k * O);
}

void gn_gather_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work) {
  gather g = gather_y(d, x);
  g.row_major = 0;
  const dw_division c = divide_dw(&g);
  const gn_int O = d->Co, size = d->Kh * d->Kw * d->Ci * O, lines = d->N * d->Ho;
  gn_real *sums = c.parts > 1 ? work : dw, *own = work + (c.parts > 1 ? c.parts * size : 0);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < c.chunks * c.parts; t++) {
    const gn_int part = t / c.chunks, at = t % c.chunks, l0 = GN_MIN(lines, part * c.lines);
    chunk q = {.t = at / c.nc / c.nu * c.q.nt, .u = at / c.nc % c.nu * c.q.nu, .c = at % c.nc * c.q.nc};
    q.nt = GN_MIN(c.q.nt, g.h.n - q.t), q.nu = GN_MIN(c.q.nu, g.w.n - q.u), q.nc = GN_MIN(c.q.nc, g.C - q.c);
    dw_task(sums + part * size + ((q.t * d->Kw + q.u) * d->Ci + q.c) * O, &g, &q, dy, l0, GN_MIN(lines, l0 + c.lines),
            own + gn_thread_id() * dw_work(&g));
  }
  if (c.parts > 1) gn_sum_parts(dw, sums, size, c.parts);
}

int gn_columns_fit(const gn_conv *d) {
  if (d->Ci > GN_THIN || d->Co <= d->Ci || (double)d->Wo * (double)(d->Kh * d->Kw * d->Ci) > 4.0 * STRIP) return 0;
  return strips_of(d).rows * d->Wo * d->Kh * d->Kw * d->Ci <= 4 * STRIP;
}

gn_int gn_columns_work(const gn_conv *d) { return d->Co * columns_of(d) + gn_threads() * columns_work(d); }

gn_int gn_gather_work(const gn_conv *d, gn_conv_pass pass) {
  if (pass == GN_CONV_RELU) return gn_threads() * gather_work();
  if (pass == GN_CONV_Y) return gn_gather_kernel_size(d) + gn_threads() * gather_work();
  if (pass == GN_CONV_DX) return packed_dx(d) + gn_threads() * gather_work();
  const gather g = gather_y(d, NULL);
  const dw_division c = divide_dw(&g);
  return (c.parts > 1 ? c.parts * d->Kh * d->Kw * d->Ci * d->Co : 0) + gn_threads() * dw_work(&g);
}
