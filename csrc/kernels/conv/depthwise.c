/* depthwise.c - convolutions of which every channel is a group of its own (see depthwise.h).
**
** Nothing is copied or packed: a task is a line of outputs. A vector of channels runs along it with its 3x3 kernel in
** registers; with other kernels a tile of PIXELS pixels takes a vector at a time. At the picture's sides, where taps
** fall outside, and where a stride puts zeros between the pixels of dy, outputs are made one by one. dw: sums over some
** pictures, added up in a fixed order.
**
** Each output is made by one task, and tasks are fixed by the shape: the result does not depend on the number of
** threads. */
#include "depthwise.h"
#include "../../par.h"
#include "../runs.h"
#include "sums.h"
#include "tile.h"

#define LANES (GN_VECTOR_BYTES / (gn_int)sizeof(gn_real))
#define PIXELS 4                /* of a tile */
#define CHANNELS 128            /* of a task of dw: its lines stay in the cache */
#define TASKS 16                /* tasks wanted: enough to balance a few threads */
#define PARTS ((gn_int)1 << 20) /* reals of partial sums in dw */

typedef gn_real vec __attribute__((vector_size(GN_VECTOR_BYTES), aligned(sizeof(gn_real)), may_alias)); /* unaligned */

#define INLINE static inline __attribute__((always_inline))

int gn_depthwise_fits(const gn_conv *d) { return d->groups > 1 && d->groups == d->Ci && d->Ci == d->Co; }

/* ---- taps ---- */

/* One axis. Output i (of `out`) under tap t (of n) reads position i*step + t*dist + off of the source, which has
** spread-1 zeros between its `src` entries. Outputs from `inner` to inner_end - 1 find all taps in the source. */
typedef struct axis {
  gn_int out, n, src, step, dist, off, spread, inner, inner_end;
} axis;

static void set_inner(axis *a) {
  const gn_int room = a->src - 1 - a->off - (a->n - 1) * a->dist; /* of the largest position of an output's first tap */
  a->inner = a->off < 0 ? gn_ceil_div(-a->off, a->step) : 0;
  a->inner_end = a->spread > 1 || room < 0 ? 0 : GN_MIN(a->out, room / a->step + 1);
  if (a->inner >= a->inner_end) a->inner = a->inner_end = 0;
}

/* The taps of an output that lie in the source: `n` of them, every `every`-th from `tap` on; entries of the source. */
typedef struct reach {
  gn_int n, tap, every, at, step;
} reach;

static reach reach_of(const axis *a, gn_int i) {
  reach r = {.every = 1};
  gn_int last = -1, last_at = 0;
  for (gn_int t = 0; t < a->n; t++) {
    gn_int p = i * a->step + t * a->dist + a->off;
    if (p < 0) continue;
    if (a->spread > 1) {
      if (p % a->spread != 0) continue;
      p /= a->spread;
    }
    if (p >= a->src) continue;
    if (r.n == 0) r.tap = t, r.at = p;
    else if (r.n == 1) r.every = t - last, r.step = p - last_at;
    last = t, last_at = p;
    r.n++;
  }
  return r;
}

/* out (N, h.out, w.out, C)  <-  src (N, h.src, w.src, C). The first tap is at w; to the next one in a line, and to the
** next line, it is `tap` and `line` reals. */
typedef struct depthwise {
  axis h, w;
  gn_int N, C, tap, line;
} depthwise;

static depthwise of_y(const gn_conv *d) {
  depthwise g = {.h = {.out = d->Ho, .n = d->Kh, .src = d->H, .step = d->sh, .dist = d->dh, .off = -d->ph, .spread = 1},
                 .w = {.out = d->Wo, .n = d->Kw, .src = d->W, .step = d->sw, .dist = d->dw, .off = -d->pw, .spread = 1},
                 .N = d->N,
                 .C = d->Ci,
                 .tap = d->Ci,
                 .line = d->Kw * d->Ci};
  set_inner(&g.h), set_inner(&g.w);
  return g;
}

static depthwise of_dx(const gn_conv *d) { /* taps backwards */
  const gn_int oh = d->ph - d->dh * (d->Kh - 1), ow = d->pw - d->dw * (d->Kw - 1);
  depthwise g = {.h = {.out = d->H, .n = d->Kh, .src = d->Ho, .step = 1, .dist = d->dh, .off = oh, .spread = d->sh},
                 .w = {.out = d->W, .n = d->Kw, .src = d->Wo, .step = 1, .dist = d->dw, .off = ow, .spread = d->sw},
                 .N = d->N,
                 .C = d->Ci,
                 .tap = -d->Ci,
                 .line = -d->Kw * d->Ci};
  set_inner(&g.h), set_inner(&g.w);
  return g;
}

/* ---- y and dx ---- */

/* Taps as pointers: `lines` lines of `taps`; x and w of the first, and how far the next ones are. */
typedef struct window {
  const gn_real *x, *w;
  gn_int lines, taps, xline, xtap, wline, wtap;
} window;

/* out <- `vectors` vectors of channels from c on, of `pixels` pixels: C reals apart, their windows `step` reals of x */
INLINE void sums_y(gn_real *out, const window *k, gn_int step, gn_int C, gn_int c, gn_int taps, gn_int pixels,
                   gn_int vectors) {
  vec s[PIXELS];
#pragma GCC unroll 4
  for (gn_int p = 0; p < pixels * vectors; p++) s[p] = (vec){0};
  for (gn_int t = 0; t < k->lines; t++) {
    const gn_real *x = k->x + t * k->xline + c, *w = k->w + t * k->wline + c;
#pragma GCC unroll 3
    for (gn_int u = 0; u < taps; u++, x += k->xtap, w += k->wtap)
#pragma GCC unroll 4
      for (gn_int v = 0; v < vectors; v++) {
        const vec b = *(const vec *)(w + v * LANES);
#pragma GCC unroll 4
        for (gn_int p = 0; p < pixels; p++) s[p * vectors + v] += *(const vec *)(x + p * step + v * LANES) * b;
      }
  }
#pragma GCC unroll 4
  for (gn_int p = 0; p < pixels; p++)
#pragma GCC unroll 4
    for (gn_int v = 0; v < vectors; v++) *(vec *)(out + p * C + c + v * LANES) = s[p * vectors + v];
}

/* The same of all channels; pixels: PIXELS or 1 */
INLINE void tile_y(gn_real *out, const window *k, gn_int step, gn_int C, gn_int taps, gn_int pixels) {
  gn_int c = 0;
  if (pixels == 1)
    for (; c + PIXELS * LANES <= C; c += PIXELS * LANES) sums_y(out, k, step, C, c, taps, 1, PIXELS);
  for (; c + LANES <= C; c += LANES) sums_y(out, k, step, C, c, taps, pixels, 1);
  for (gn_int p = 0; p < pixels; p++)
    for (gn_int i = c; i < C; i++) {
      gn_real s = 0;
      for (gn_int t = 0; t < k->lines; t++)
        for (gn_int u = 0; u < taps; u++)
          s += k->x[t * k->xline + u * k->xtap + p * step + i] * k->w[t * k->wline + u * k->wtap + i];
      out[p * C + i] = s;
    }
}

/* out <- `count` pixels of 3x3 taps, C reals apart, their windows `step` reals of x; C makes whole vectors */
static void pixels_3x3(gn_real *out, const window *k, gn_int step, gn_int C, gn_int count) {
  for (gn_int c = 0; c < C; c += LANES) {
    vec b[3][3];
#pragma GCC unroll 3
    for (gn_int t = 0; t < 3; t++)
#pragma GCC unroll 3
      for (gn_int u = 0; u < 3; u++) b[t][u] = *(const vec *)(k->w + t * k->wline + u * k->wtap + c);
    const gn_real *x = k->x + c;
    for (gn_int j = 0; j < count; j++, x += step) {
      vec s[3]; /* a sum for each line, so that they need not wait for one another */
#pragma GCC unroll 3
      for (gn_int t = 0; t < 3; t++) {
        const gn_real *at = x + t * k->xline;
        s[t] = *(const vec *)at * b[t][0];
        s[t] += *(const vec *)(at + k->xtap) * b[t][1];
        s[t] += *(const vec *)(at + 2 * k->xtap) * b[t][2];
      }
      *(vec *)(out + j * C + c) = s[0] + s[1] + s[2];
    }
  }
}

static void line_y(gn_real *out, const gn_real *src, const gn_real *w, const depthwise *g, gn_int n, gn_int i) {
  const reach h = reach_of(&g->h, i);
  const gn_int C = g->C, step = g->w.step * C;
  const gn_real *x = src + (n * g->h.src + h.at) * g->w.src * C;
  window k = {.lines = h.n, .xline = h.step * g->w.src * C, .wline = h.every * g->line};
  out += (n * g->h.out + i) * g->w.out * C, w += h.tap * g->line;
  for (gn_int j = 0; j < g->w.out;)
    if (j < g->w.inner || j >= g->w.inner_end || g->w.inner_end - g->w.inner < PIXELS) {
      const reach v = reach_of(&g->w, j);
      k.x = x + v.at * C, k.w = w + v.tap * g->tap, k.xtap = v.step * C, k.wtap = v.every * g->tap;
      tile_y(out + j * C, &k, 0, C, v.n, 1);
      j++;
    } else {
      const int in_registers = h.n == 3 && g->w.n == 3 && C % LANES == 0;
      if (!in_registers) j = GN_MIN(j, g->w.inner_end - PIXELS); /* the last tile may do some pixels again */
      k.x = x + (j * g->w.step + g->w.off) * C, k.w = w, k.xtap = g->w.dist * C, k.wtap = g->tap;
      if (in_registers) pixels_3x3(out + j * C, &k, step, C, g->w.inner_end - j);
      else tile_y(out + j * C, &k, step, C, g->w.n, PIXELS);
      j = in_registers ? g->w.inner_end : j + PIXELS;
    }
}

static void run(gn_real *out, const gn_real *src, const gn_real *w, const depthwise *g) {
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < g->N * g->h.out; t++) line_y(out, src, w, g, t / g->h.out, t % g->h.out);
}

void gn_depthwise_y(gn_real *y, const gn_real *x, const gn_real *w, const gn_conv *d) {
  const depthwise g = of_y(d);
  run(y, x, w, &g);
}

void gn_depthwise_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d) {
  const depthwise g = of_dx(d);
  run(dx, dy, w + (d->Kh * d->Kw - 1) * d->Ci, &g);
}

/* ---- dw ---- */

/* sums (taps, C) += x times dy over `count` pixels, for the n <= 3 taps from x on, which are xtap reals apart; the
** channels that make whole vectors */
INLINE void taps_dw(gn_real *sums, const gn_real *x, gn_int step, gn_int xtap, const gn_real *dy, gn_int count,
                    gn_int ld, gn_int channels, gn_int n) {
  for (gn_int c = 0; c + LANES <= channels; c += LANES) {
    vec s[3];
#pragma GCC unroll 3
    for (gn_int u = 0; u < n; u++) s[u] = *(const vec *)(sums + u * ld + c);
    const gn_real *at = x + c, *b = dy + c;
    for (gn_int j = 0; j < count; j++, at += step, b += ld) {
      const vec y = *(const vec *)b;
#pragma GCC unroll 3
      for (gn_int u = 0; u < n; u++) s[u] += *(const vec *)(at + u * xtap) * y;
    }
#pragma GCC unroll 3
    for (gn_int u = 0; u < n; u++) *(vec *)(sums + u * ld + c) = s[u];
  }
}

static void run_dw(gn_real *sums, const gn_real *x, const gn_real *dy, gn_int n) {
  for (gn_int c = 0; c < n; c++) sums[c] += x[c] * dy[c];
}

/* sums (Kh,Kw,C) += the products of a line of dy, of `channels` channels */
static void line_dw(gn_real *sums, const gn_real *x, const gn_real *dy, const depthwise *g, gn_int n, gn_int i,
                    gn_int channels) {
  const reach h = reach_of(&g->h, i);
  const gn_int C = g->C, whole = channels / LANES * LANES, inner = g->w.inner_end - g->w.inner;
  dy += (n * g->h.out + i) * g->w.out * C;
  for (gn_int t = 0; t < h.n; t++) {
    const gn_real *line = x + (n * g->h.src + h.at + t * h.step) * g->w.src * C;
    gn_real *to = sums + (h.tap + t * h.every) * g->line;
    for (gn_int j = 0; j < g->w.out; j++) {
      const int in = j >= g->w.inner && j < g->w.inner_end; /* there only the channels beyond the whole vectors */
      const gn_int from = in ? whole : 0;
      if (from == channels) continue;
      const reach v = reach_of(&g->w, j);
      for (gn_int u = 0; u < v.n; u++)
        run_dw(to + (v.tap + u * v.every) * C + from, line + (v.at + u * v.step) * C + from, dy + j * C + from,
               channels - from);
    }
    const gn_real *first = line + (g->w.inner * g->w.step + g->w.off) * C, *ys = dy + g->w.inner * C;
    const gn_int step = g->w.step * C, xtap = g->w.dist * C;
    for (gn_int u = 0, m; inner > 0 && u < g->w.n; u += m) {
      m = GN_MIN(3, g->w.n - u);
      if (m == 3) taps_dw(to + u * C, first + u * xtap, step, xtap, ys, inner, C, channels, 3);
      else if (m == 2) taps_dw(to + u * C, first + u * xtap, step, xtap, ys, inner, C, channels, 2);
      else taps_dw(to + u * C, first + u * xtap, step, xtap, ys, inner, C, channels, 1);
    }
  }
}

static gn_int parts_of(const gn_conv *d) {
  const gn_int size = d->Kh * d->Kw * d->Ci, sets = gn_ceil_div(d->Ci, CHANNELS);
  gn_int parts = 1;
  while (parts * sets < TASKS && 2 * parts <= d->N && 2 * parts * size <= PARTS) parts *= 2;
  return parts;
}

gn_int gn_depthwise_work(const gn_conv *d) {
  const gn_int parts = parts_of(d);
  return parts > 1 ? parts * d->Kh * d->Kw * d->Ci : 0;
}

void gn_depthwise_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work) {
  const depthwise g = of_y(d);
  const gn_int taps = d->Kh * d->Kw, parts = parts_of(d), sets = gn_ceil_div(g.C, CHANNELS);
  const gn_int each = gn_ceil_div(g.N, parts);
  gn_real *to = parts > 1 ? work : dw;
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < parts * sets; t++) {
    const gn_int part = t / sets, c0 = t % sets * CHANNELS, channels = GN_MIN(CHANNELS, g.C - c0);
    gn_real *sums = to + part * taps * g.C + c0;
    for (gn_int k = 0; k < taps; k++) gn_zero_run(sums + k * g.C, channels);
    for (gn_int n = part * each; n < GN_MIN(g.N, (part + 1) * each); n++)
      for (gn_int i = 0; i < g.h.out; i++) line_dw(sums, x + c0, dy + c0, &g, n, i, channels);
  }
  if (parts > 1) gn_sum_parts(dw, work, taps * g.C, parts);
}
