/* grouped.c - convolutions whose channels fall into groups (see grouped.h).
**
** A block of the source is copied into frames, one for each group: its channels, pixel by pixel, with the padding
** written out. There a tile of pixels lies at distances that the compiler knows, and nothing needs to be asked.
**   y    frames of x times the kernel: a tile of LINES x PIXELS outputs, a vector of channels each
**   dx   the same from dy, taps backwards; a stride puts zeros between the pixels of dy
**   dw   the frame of x, moved by each tap, times dy: a tile of rows of dw, a vector of outputs each
** Blocks are fixed by the shape, so the result does not depend on the number of threads. */
#include "grouped.h"
#include "../../par.h"
#include "../runs.h"
#include "sums.h"
#include "tile.h"
#include <string.h>

#define LANES (GN_VECTOR_BYTES / (gn_int)sizeof(gn_real))
#define PIXELS 4 /* of a tile */
#if defined __AVX512F__
#define LINES 4   /* of a tile: what the registers hold beside a vector of the kernel */
#define STRETCH 8 /* rows of dw in a tile: 1, 2 or 3 stretches */
#else
#define LINES 2
#define STRETCH 4
#endif
#define WIDE 32                 /* outputs of a block in a line; a multiple of PIXELS */
#define FRAME 6144              /* reals of a frame, wanted: most of the first cache */
#define FRAMES 49152            /* reals of the frames of a task, wanted: they stay in the second cache */
#define TASKS 16                /* tasks wanted: enough to balance a few threads */
#define PARTS ((gn_int)1 << 20) /* reals of partial sums in dw */

typedef gn_real vec __attribute__((vector_size(GN_VECTOR_BYTES), aligned(sizeof(gn_real)), may_alias)); /* unaligned */

#define INLINE static inline __attribute__((always_inline))

/* ---- blocks and frames ---- */

/* One axis. Output i (of `out`) under tap t (of n) reads position i*step + t*dist + off of the source, which has
** spread-1 zeros between its `src` entries. In a frame that begins with output i0 it finds it at
** (i-i0)*fstep + t*fdist. Blocks have `block` outputs, the last one may have fewer. */
typedef struct axis {
  gn_int out, n, src, step, dist, off, spread;
  gn_int fstep, fdist, block, blocks, frame;
} axis;

static void set_block(axis *a, gn_int block) {
  a->block = block, a->blocks = gn_ceil_div(a->out, block);
  a->fstep = a->step, a->fdist = a->dist;
  if ((block - 1) * a->step + (a->n - 1) * a->dist >= block * a->n) a->fstep = a->n, a->fdist = 1; /* far apart */
  a->frame = (block - 1) * a->fstep + (a->n - 1) * a->fdist + 1;
}

/* Returns where entry q of the frame of output i0 lies in the source; -1: it is a zero. */
static gn_int place(const axis *a, gn_int i0, gn_int q) {
  gn_int p = a->fstep == a->step && a->fdist == a->dist ? q : q / a->n * a->step + q % a->n * a->dist;
  p += i0 * a->step + a->off;
  if (a->spread > 1) {
    if (p % a->spread != 0) return -1;
    p /= a->spread;
  }
  return p >= 0 && p < a->src ? p : -1;
}

/* out (N, h.out, w.out, outs)  <-  src (N, h.src, w.src, ins). Groups of C channels of src and O of out. A task takes
** `some` groups. */
typedef struct grouped {
  axis h, w;
  gn_int N, ins, outs, G, C, O, some, panels;
  gn_int frame; /* reals of one */
} grouped;

static gn_int round_up(gn_int n, gn_int to) { return gn_ceil_div(n, to) * to; }

static void set_sizes(grouped *g, const gn_conv *d, gn_int ins, gn_int outs) {
  g->N = d->N, g->ins = ins, g->outs = outs, g->G = d->groups, g->C = ins / d->groups, g->O = outs / d->groups;
  g->panels = gn_ceil_div(g->O, LANES);
  const int single = g->h.out == 1 && g->w.out == 1;
  set_block(&g->w, single ? 1 : GN_MIN(WIDE, round_up(g->w.out, PIXELS)));
  set_block(&g->h, single ? 1 : LINES);
  while (g->h.block < g->h.out) {
    axis more = g->h;
    set_block(&more, g->h.block + LINES);
    if (more.frame * g->w.frame * g->C > FRAME) break;
    g->h = more;
  }
  g->frame = g->h.frame * g->w.frame * g->C + 4 * STRETCH * LANES; /* a tile of dw may read beyond the last pixel */
  g->some = GN_MIN(g->G, GN_MAX(1, FRAMES / g->frame));
  while (g->some > 1 && g->N * g->h.blocks * g->w.blocks * gn_ceil_div(g->G, g->some) < TASKS)
    g->some = gn_ceil_div(g->some, 2);
}

static grouped of_y(const gn_conv *d) {
  grouped g = {.h = {.out = d->Ho, .n = d->Kh, .src = d->H, .step = d->sh, .dist = d->dh, .off = -d->ph, .spread = 1},
               .w = {.out = d->Wo, .n = d->Kw, .src = d->W, .step = d->sw, .dist = d->dw, .off = -d->pw, .spread = 1}};
  set_sizes(&g, d, d->Ci, d->Co);
  return g;
}

static grouped of_dx(const gn_conv *d) { /* tap t is the kernel's Kh-1-t */
  grouped g = {.h = {.out = d->H,
                     .n = d->Kh,
                     .src = d->Ho,
                     .step = 1,
                     .dist = d->dh,
                     .off = d->ph - d->dh * (d->Kh - 1),
                     .spread = d->sh},
               .w = {.out = d->W,
                     .n = d->Kw,
                     .src = d->Wo,
                     .step = 1,
                     .dist = d->dw,
                     .off = d->pw - d->dw * (d->Kw - 1),
                     .spread = d->sw}};
  set_sizes(&g, d, d->Co, d->Ci);
  return g;
}

/* A task: groups g0..g1-1 at a block of image n, whose first output is (i0,j0). */
typedef struct block {
  gn_int n, i0, j0, lines, cols, g0, g1;
} block;

static block block_at(const grouped *g, gn_int t, gn_int g0) {
  block b = {.j0 = t % g->w.blocks * g->w.block, .i0 = t / g->w.blocks % g->h.blocks * g->h.block};
  b.n = t / g->w.blocks / g->h.blocks;
  b.lines = GN_MIN(g->h.block, g->h.out - b.i0), b.cols = GN_MIN(g->w.block, g->w.out - b.j0);
  b.g0 = g0, b.g1 = GN_MIN(g->G, g0 + g->some);
  return b;
}

/* f (g1-g0 frames: lines, columns, C) <- channels of groups g0..g1-1 of the source under a block */
INLINE void copy_frames(gn_real *f, const grouped *g, const block *b, const gn_real *src, gn_int C) {
  for (gn_int q = 0; q < g->h.frame; q++) {
    const gn_int line = place(&g->h, b->i0, q);
    for (gn_int r = 0; r < g->w.frame; r++) {
      const gn_int col = line < 0 ? -1 : place(&g->w, b->j0, r);
      gn_real *restrict to = f + (q * g->w.frame + r) * C;
      const gn_real *restrict from = src + ((b->n * g->h.src + line) * g->w.src + col) * g->ins + b->g0 * C;
      for (gn_int k = b->g0; k < b->g1; k++, to += g->frame, from += C) {
        if (col >= 0)
          for (gn_int c = 0; c < C; c++) to[c] = from[c];
        else
          for (gn_int c = 0; c < C; c++) to[c] = 0;
      }
    }
  }
}

static void fill_frames(gn_real *f, const grouped *g, const block *b, const gn_real *src) {
  if (g->C == 16) copy_frames(f, g, b, src, 16);
  else if (g->C == 8) copy_frames(f, g, b, src, 8);
  else copy_frames(f, g, b, src, g->C);
}

/* ---- y and dx ---- */

/* The taps of a kernel as a tile meets them: Kh lines of `stops` places, `run` reals at each. */
typedef struct taps {
  gn_int lines, line, stops, stop, run;
} taps;

static taps taps_of(const grouped *g) {
  const int joined = g->w.fdist == 1; /* a line of taps is one run */
  return (taps){.lines = g->h.n,
                .line = g->h.fdist * g->w.frame * g->C,
                .stops = joined ? 1 : g->w.n,
                .stop = g->w.fdist * g->C,
                .run = joined ? g->w.n * g->C : g->C};
}

/* out[l][p], ld reals apart from pixel to pixel <- the tile of L x P outputs whose first one reads the frame at f. w:
** packed. full: the tile is whole; else `lines`, `cols` and `lanes` of it are wanted. */
INLINE void tile_y(gn_real *out, gn_int ldl, gn_int ld, const gn_real *f, gn_int line, gn_int pixel, const taps *k,
                   const gn_real *w, gn_int L, gn_int P, gn_int lines, gn_int cols, gn_int lanes) {
  vec s[LINES][PIXELS];
#pragma GCC unroll 8
  for (gn_int l = 0; l < L; l++)
#pragma GCC unroll 8
    for (gn_int p = 0; p < P; p++) s[l][p] = (vec){0};
  for (gn_int t = 0; t < k->lines; t++)
    for (gn_int u = 0; u < k->stops; u++) {
      const gn_real *at[LINES];
#pragma GCC unroll 8
      for (gn_int l = 0; l < L; l++) at[l] = f + t * k->line + u * k->stop + l * line;
      for (gn_int q = 0; q < k->run; q++, w += LANES) {
        const vec b = *(const vec *)w;
#pragma GCC unroll 8
        for (gn_int l = 0; l < L; l++)
#pragma GCC unroll 8
          for (gn_int p = 0; p < P; p++) s[l][p] += at[l][p * pixel + q] * b;
      }
    }
  if (lines >= L && cols >= P && lanes == LANES) {
#pragma GCC unroll 8
    for (gn_int l = 0; l < L; l++)
#pragma GCC unroll 8
      for (gn_int p = 0; p < P; p++) *(vec *)(out + l * ldl + p * ld) = s[l][p];
  } else
    for (gn_int l = 0; l < GN_MIN(lines, L); l++)
      for (gn_int p = 0; p < GN_MIN(cols, P); p++)
        memcpy(out + l * ldl + p * ld, &s[l][p], (size_t)lanes * sizeof *out);
}

/* All tiles of one panel of a block: out points at its first pixel and channel, f at the frame. */
INLINE void tiles_y(gn_real *out, const grouped *g, const block *b, const gn_real *f, gn_int pixel, const gn_real *w,
                    gn_int L, gn_int P, gn_int lanes) {
  const taps k = taps_of(g);
  const gn_int line = g->h.fstep * g->w.frame * g->C, ldl = g->w.out * g->outs;
  for (gn_int i = 0; i < b->lines; i += L)
    for (gn_int j = 0; j < b->cols; j += P)
      tile_y(out + i * ldl + j * g->outs, ldl, g->outs, f + i * line + j * pixel, line, pixel, &k, w, L, P,
             b->lines - i, b->cols - j, lanes);
}

static void panel_y(gn_real *out, const grouped *g, const block *b, const gn_real *f, const gn_real *w, gn_int lanes) {
  const gn_int pixel = g->w.fstep * g->C;
  const int single = g->h.block == 1;
  if (single) tiles_y(out, g, b, f, pixel, w, 1, 1, lanes);
  else if (pixel == 16) tiles_y(out, g, b, f, 16, w, LINES, PIXELS, lanes);
  else if (pixel == 8) tiles_y(out, g, b, f, 8, w, LINES, PIXELS, lanes);
  else if (pixel == 32) tiles_y(out, g, b, f, 32, w, LINES, PIXELS, lanes);
  else tiles_y(out, g, b, f, pixel, w, LINES, PIXELS, lanes);
}

static gn_int packed_panel(const grouped *g) { return g->h.n * g->w.n * g->C * LANES; }
static gn_int packed_size(const grouped *g) { return g->G * g->panels * packed_panel(g); }

/* packed (G, panels, Kh*Kw*C, LANES) <- w (Kh,Kw,Ci/groups,Co), for dx taps backwards and channels exchanged */
static void pack_kernel(gn_real *packed, const gn_real *w, const gn_conv *d, const grouped *g, int dx) {
  const gn_int K = d->Kh * d->Kw, C = g->C, within = d->Ci / d->groups;
  GN_PARALLEL_FOR_IF(packed_size(g) > GN_PAR_MIN)
  for (gn_int v = 0; v < g->G * g->panels; v++) {
    const gn_int k = v / g->panels, o0 = v % g->panels * LANES;
    const gn_int have = GN_MIN(LANES, g->O - o0);
    gn_real *to = packed + v * packed_panel(g);
    for (gn_int t = 0; t < K; t++)
      for (gn_int c = 0; c < C; c++, to += LANES) {
        const gn_int tap = dx ? K - 1 - t : t;
        const gn_real *from =
            !dx ? w + (tap * within + c) * d->Co + k * g->O + o0 : w + (tap * within + o0) * d->Co + k * C + c;
        const gn_int step = !dx ? 1 : d->Co;
        for (gn_int l = 0; l < have; l++) to[l] = from[l * step];
        gn_zero_run(to + have, LANES - have);
      }
  }
}

static void run(gn_real *out, const gn_real *src, const gn_real *w, const gn_conv *d, const grouped *g, int dx,
                gn_real *work) {
  const gn_int sets = gn_ceil_div(g->G, g->some), blocks = g->N * g->h.blocks * g->w.blocks;
  gn_real *frames = work + packed_size(g);
  pack_kernel(work, w, d, g, dx);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < blocks * sets; t++) {
    const block b = block_at(g, t / sets, t % sets * g->some);
    gn_real *f = frames + gn_thread_id() * g->some * g->frame;
    fill_frames(f, g, &b, src);
    gn_real *first = out + ((b.n * g->h.out + b.i0) * g->w.out + b.j0) * g->outs;
    for (gn_int k = b.g0; k < b.g1; k++)
      for (gn_int v = 0; v < g->panels; v++) {
        const gn_int o = k * g->O + v * LANES, lanes = GN_MIN(LANES, g->O - v * LANES);
        panel_y(first + o, g, &b, f + (k - b.g0) * g->frame, work + (k * g->panels + v) * packed_panel(g), lanes);
      }
  }
}

void gn_grouped_y(gn_real *y, const gn_real *x, const gn_real *w, const gn_conv *d, gn_real *work) {
  const grouped g = of_y(d);
  run(y, x, w, d, &g, 0, work);
}

void gn_grouped_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, gn_real *work) {
  const grouped g = of_dx(d);
  run(dx, dy, w, d, &g, 1, work);
}

/* ---- dw ---- */

/* sums (R, LANES) += over the outputs of a block: R reals of the frame times a vector of dy */
INLINE void tile_dw(gn_real *sums, const gn_real *f, gn_int line, gn_int pixel, const gn_real *dy, gn_int lines,
                    gn_int cols, gn_int R) {
  vec s[3 * STRETCH];
#pragma GCC unroll 32
  for (gn_int r = 0; r < R; r++) s[r] = *(const vec *)(sums + r * LANES);
  for (gn_int i = 0; i < lines; i++, f += line) {
    const gn_real *p = f;
    for (gn_int j = 0; j < cols; j++, p += pixel, dy += LANES) {
      const vec b = *(const vec *)dy;
#pragma GCC unroll 32
      for (gn_int r = 0; r < R; r++) s[r] += p[r] * b;
    }
  }
#pragma GCC unroll 32
  for (gn_int r = 0; r < R; r++) *(vec *)(sums + r * LANES) = s[r];
}

/* Rows of sums that a stop of taps takes: `run` of them, to whole stretches. */
static gn_int rows_of(const taps *k) { return round_up(k->run, STRETCH); }

static gn_int sums_of(const grouped *g) { /* of one panel */
  const taps k = taps_of(g);
  return k.lines * k.stops * rows_of(&k) * LANES;
}

static void panel_dw(gn_real *sums, const grouped *g, const block *b, const gn_real *f, const gn_real *dy) {
  const taps k = taps_of(g);
  const gn_int line = g->h.fstep * g->w.frame * g->C, pixel = g->w.fstep * g->C;
  for (gn_int t = 0; t < k.lines; t++)
    for (gn_int u = 0; u < k.stops; u++)
      for (gn_int q = 0, n; q < rows_of(&k); q += n, sums += n * LANES) {
        const gn_real *at = f + t * k.line + u * k.stop + q;
        n = GN_MIN(3 * STRETCH, rows_of(&k) - q);
        if (n == 3 * STRETCH) tile_dw(sums, at, line, pixel, dy, b->lines, b->cols, 3 * STRETCH);
        else if (n == 2 * STRETCH) tile_dw(sums, at, line, pixel, dy, b->lines, b->cols, 2 * STRETCH);
        else tile_dw(sums, at, line, pixel, dy, b->lines, b->cols, STRETCH);
      }
}

/* to (lines, cols, LANES) <- `have` channels of dy at a block, from channel o on, and zeros */
static void copy_dy(gn_real *restrict to, const grouped *g, const block *b, const gn_real *dy, gn_int o, gn_int have) {
  for (gn_int i = 0; i < b->lines; i++) {
    const gn_real *restrict from = dy + ((b->n * g->h.out + b->i0 + i) * g->w.out + b->j0) * g->outs + o;
    for (gn_int j = 0; j < b->cols; j++, to += LANES, from += g->outs)
      if (have == LANES)
        for (gn_int l = 0; l < LANES; l++) to[l] = from[l];
      else
        for (gn_int l = 0; l < LANES; l++) to[l] = l < have ? from[l] : 0;
  }
}

/* dw (Kh,Kw,Ci/groups,Co) at a panel <- sums */
static void write_sums(gn_real *dw, const gn_conv *d, const grouped *g, const gn_real *sums, gn_int o, gn_int have) {
  const taps k = taps_of(g);
  const gn_int rows = rows_of(&k);
  for (gn_int t = 0; t < k.lines * k.stops; t++)
    for (gn_int q = 0; q < k.run; q++)
      memcpy(dw + (t * k.run + q) * d->Co + o, sums + (t * rows + q) * LANES, (size_t)have * sizeof *dw);
}

static gn_int parts_of(const gn_conv *d, const grouped *g) {
  const gn_int size = d->Kh * d->Kw * (d->Ci / d->groups) * d->Co, sets = gn_ceil_div(g->G, g->some);
  gn_int parts = 1;
  while (parts * sets < TASKS && 2 * parts <= g->N * g->h.blocks * g->w.blocks && 2 * parts * size <= PARTS) parts *= 2;
  return parts;
}

static gn_int dw_work(const grouped *g) { /* of a thread */
  return g->some * (g->frame + g->panels * sums_of(g)) + g->h.block * g->w.block * LANES;
}

void gn_grouped_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work) {
  const grouped g = of_y(d);
  const gn_int size = d->Kh * d->Kw * (d->Ci / d->groups) * d->Co, parts = parts_of(d, &g);
  const gn_int blocks = g.N * g.h.blocks * g.w.blocks, each = gn_ceil_div(blocks, parts);
  const gn_int sets = gn_ceil_div(g.G, g.some);
  gn_real *to = parts > 1 ? work : dw, *own = work + (parts > 1 ? parts * size : 0);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < parts * sets; t++) {
    const gn_int part = t / sets, g0 = t % sets * g.some, g1 = GN_MIN(g.G, g0 + g.some), panel = sums_of(&g);
    gn_real *f = own + gn_thread_id() * dw_work(&g), *sums = f + g.some * g.frame;
    gn_real *ys = sums + g.some * g.panels * panel;
    gn_zero_run(sums, (g1 - g0) * g.panels * panel);
    for (gn_int k = 0; k < g1 - g0; k++) gn_zero_run(f + (k + 1) * g.frame - 4 * STRETCH * LANES, 4 * STRETCH * LANES);
    for (gn_int i = part * each; i < GN_MIN(blocks, (part + 1) * each); i++) {
      const block b = block_at(&g, i, g0);
      fill_frames(f, &g, &b, x);
      for (gn_int v = 0; v < (g1 - g0) * g.panels; v++) {
        const gn_int k = v / g.panels, o0 = v % g.panels * LANES, o = (g0 + k) * g.O + o0;
        copy_dy(ys, &g, &b, dy, o, GN_MIN(LANES, g.O - o0));
        panel_dw(sums + v * panel, &g, &b, f + k * g.frame, ys);
      }
    }
    for (gn_int v = 0; v < (g1 - g0) * g.panels; v++) {
      const gn_int k = v / g.panels, o0 = v % g.panels * LANES, o = (g0 + k) * g.O + o0;
      write_sums(to + part * size, d, &g, sums + v * panel, o, GN_MIN(LANES, g.O - o0));
    }
  }
  if (parts > 1) gn_sum_parts(dw, work, size, parts);
}

gn_int gn_grouped_work(const gn_conv *d, gn_conv_pass pass) {
  const grouped g = pass == GN_CONV_DX ? of_dx(d) : of_y(d);
  if (pass != GN_CONV_DW) return packed_size(&g) + gn_threads() * g.some * g.frame;
  const gn_int parts = parts_of(d, &g);
  return (parts > 1 ? parts * d->Kh * d->Kw * (d->Ci / d->groups) * d->Co : 0) + gn_threads() * dw_work(&g);
}
