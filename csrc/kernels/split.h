/* split.h - how a dense array (O,R,C) is divided into pieces for sums over R; the shape fixes the pieces. */
#ifndef GN_SPLIT_H
#define GN_SPLIT_H

#include "../gn.h"

#define GN_SPLIT_LANES 512    /* most columns of one piece: its accumulators stay in the first-level cache */
#define GN_SPLIT_BLOCK 16384  /* elements of one piece, about */
#define GN_SPLIT_MAXBLOCK 256 /* most blocks of rows per o: bounds the partial sums */

/* Few columns (C < 64) are widened: `fold` rows that lie side by side become one row of fold*C lanes. */
typedef struct gn_split {
  gn_int o, r, c;
  gn_int fold;         /* 1 if C is wide enough */
  gn_int tile, ntile;  /* columns per piece, pieces across C */
  gn_int rows, nblock; /* rows of R per piece (a multiple of fold), pieces along R */
} gn_split;

typedef struct gn_piece {
  gn_int o, b;       /* which outer index, which block of rows */
  gn_int c0, nc;     /* columns c0 .. c0+nc-1 */
  gn_int at;         /* offset of the first element */
  gn_int ld;         /* distance of two rows of lanes */
  gn_int lanes;      /* lane j is column c0 + j % nc */
  gn_int full, rest; /* rows of `lanes` elements, then one of `rest` (0: none) */
} gn_piece;

static inline gn_split gn_split_make(gn_int o, gn_int r, gn_int c) {
  gn_split s = {.o = o, .r = r, .c = c, .fold = 1, .tile = c, .ntile = 1};
  if (c < 64) s.fold = 64 / GN_MAX(c, 1);
  else if (c > GN_SPLIT_LANES) {
    s.tile = GN_SPLIT_LANES;
    s.ntile = (c + s.tile - 1) / s.tile;
  }
  s.rows = GN_MAX(GN_SPLIT_BLOCK / GN_MAX(s.tile, 1), (r + GN_SPLIT_MAXBLOCK - 1) / GN_SPLIT_MAXBLOCK);
  s.rows = (s.rows + s.fold - 1) / s.fold * s.fold;
  s.nblock = GN_MAX((r + s.rows - 1) / s.rows, 1);
  return s;
}

static inline gn_int gn_split_count(const gn_split *s) { return s->o * s->nblock * s->ntile; }

static inline gn_piece gn_split_piece(const gn_split *s, gn_int k) {
  gn_piece p;
  p.c0 = k % s->ntile * s->tile;
  p.nc = GN_MIN(s->tile, s->c - p.c0);
  p.b = k / s->ntile % s->nblock;
  p.o = k / s->ntile / s->nblock;
  gn_int r0 = p.b * s->rows, nr = GN_MIN(s->rows, s->r - r0);
  p.at = (p.o * s->r + r0) * s->c + p.c0;
  p.lanes = p.nc * s->fold;
  p.ld = s->c * s->fold;
  p.full = nr / s->fold;
  p.rest = nr % s->fold * p.nc;
  return p;
}

#endif
