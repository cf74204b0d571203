/* loader.h - the state machine of batches: which rows of a set come next, epoch for epoch, and one batch made ahead
** of need. Knows nothing of pictures: what becomes of the rows is the maker's business. */
#ifndef GN_LOADER_H
#define GN_LOADER_H

#include "gn.h"
#include "par.h"

typedef struct gn_loader_options {
  gn_int set, batch; /* rows of the set, of a batch: 1 <= batch <= set < 2^31 */
  uint64_t seed;     /* of the permutations */
  int drop_last;     /* 1: an epoch's last, smaller batch is left out */
  int prefetch; /* 1: a thread makes the batch that gn_loader_start asks for; 0, or where none can be had: the caller */
  gn_int shard, shards;  /* only this share of each batch is made: 0 <= shard < shards, which divides batch */
  gn_int pack;           /* neighbours in a batch that have one class, from 1; divides the share of a batch */
  const int32_t *labels; /* (set) with pack > 1: 0 .. classes - 1; copied */
  gn_int classes;
} gn_loader_options;

/* With packs an epoch has so many rows of each class as make whole packs; which are left out is drawn anew.
**
** Places count whole batches, whatever the shard: a place means the same to each of them. */
typedef struct gn_place {
  gn_int epoch, at; /* a batch: the one that begins with row `at` of the permutation of `epoch` */
} gn_place;

/* Fills the share of a batch from rows (n), places `at` .. of their epoch. Runs in the loader's thread: touches
** neither Lua nor tensors. */
typedef void gn_make_batch(void *arg, const int32_t *rows, gn_int n, gn_place place);

/* Where an order of packs is put together. The rows of class c are rows[start[c]] up to rows[start[c + 1]]. */
typedef struct gn_packs {
  int32_t *labels, *rows; /* (set) */
  int32_t *order;         /* (set / pack) the permutation of the packs */
  gn_int *start, *filled; /* (classes + 1), (classes) */
} gn_packs;

typedef struct gn_loader {
  gn_loader_options o;
  gn_place next; /* the batch to hand over next */
  int ahead;     /* 1: that batch is being made, or is ready */
  gn_worker *worker;
  uint64_t order_key;
  int32_t *order; /* (set) the permutation of order_epoch; the thread's own while it works */
  gn_int order_epoch;
  gn_int usable;  /* rows of an epoch's order: set, less those that make no whole pack */
  gn_packs packs; /* of no use where pack is 1 */
  int32_t *rows;  /* (n) of the share being made */
  gn_make_batch *make;
  void *arg;
} gn_loader;

/* Opens d at the beginning of epoch 0; make(arg, ...) will make its batches. 1, or 0: out of memory, and d is
** closed. */
int gn_loader_open(gn_loader *d, const gn_loader_options *o, gn_make_batch *make, void *arg);
gn_int gn_loader_rows(const gn_loader *d, gn_place p);    /* how many rows the loader's share of the batch at p has */
gn_place gn_loader_after(const gn_loader *d, gn_place p); /* the place of the batch that follows the one at p */
gn_int gn_loader_last(const gn_loader *d);                /* the largest `at` that is a place */
gn_int gn_loader_epoch_rows(const gn_loader *d);          /* rows that each epoch hands over */

/* Starts making the share of the batch at p; rows (gn_loader_rows) is filled with the rows it consists of. The one made
** before it has been waited for, and both stay the caller's to keep alive until the next wait. */
void gn_loader_start(gn_loader *d, gn_place p, int32_t *rows);
void gn_loader_wait(gn_loader *d);             /* until the batch that was started is made */
void gn_loader_seek(gn_loader *d, gn_place p); /* makes p the next place; what was made ahead is forgotten */
void gn_loader_close(gn_loader *d);            /* waits, and frees; d may be zeroed, or closed already */

#endif
