/* loader.c - the state machine of batches. See loader.h. */
#include "loader.h"
#include "rng.h"
#include "storage.h"
#include <string.h>

/* The rows of each class that make whole packs, summed up in start; 0: out of memory. */
static int open_packs(gn_loader *d) {
  const gn_int classes = d->o.classes, pack = d->o.pack;
  gn_packs *k = &d->packs;
  k->labels = gn_malloc(sizeof *k->labels * (size_t)d->o.set);
  k->rows = gn_malloc(sizeof *k->rows * (size_t)d->o.set);
  k->order = gn_malloc(sizeof *k->order * (size_t)(d->o.set / pack + 1));
  k->start = gn_malloc(sizeof *k->start * (size_t)(classes + 1));
  k->filled = gn_malloc(sizeof *k->filled * (size_t)classes);
  if (!k->labels || !k->rows || !k->order || !k->start || !k->filled) return 0;
  memcpy(k->labels, d->o.labels, sizeof *k->labels * (size_t)d->o.set);
  memset(k->start, 0, sizeof *k->start * (size_t)(classes + 1));
  for (gn_int i = 0; i < d->o.set; i++) k->start[k->labels[i] + 1]++;
  for (gn_int c = 0; c < classes; c++) k->start[c + 1] = k->start[c] + k->start[c + 1] / pack * pack;
  d->usable = k->start[classes];
  return 1;
}

/* Makes of the permutation `order` one of packs: each class's rows in its order, cut into packs, the packs permuted. */
static void order_packs(gn_loader *d, gn_rng *r) {
  const gn_packs *k = &d->packs;
  const gn_int pack = d->o.pack, n = d->usable / pack;
  memset(k->filled, 0, sizeof *k->filled * (size_t)d->o.classes);
  for (gn_int i = 0; i < d->o.set; i++) {
    const int32_t row = d->order[i], c = k->labels[row];
    const gn_int at = k->start[c] + k->filled[c];
    if (at == k->start[c + 1]) continue; /* left over */
    k->rows[at] = row;
    k->filled[c]++;
  }
  gn_rng_permutation(r, k->order, n);
  for (gn_int i = 0; i < n; i++)
    memcpy(d->order + i * pack, k->rows + k->order[i] * pack, sizeof *d->order * (size_t)pack);
}

int gn_loader_open(gn_loader *d, const gn_loader_options *o, gn_make_batch *make, void *arg) {
  *d = (gn_loader){
      .o = *o, .order_epoch = -1, .order_key = gn_rng_key(o->seed, "data.order", 10), .make = make, .arg = arg};
  d->order = gn_malloc(sizeof *d->order * (size_t)o->set);
  d->usable = o->set;
  if (!d->order || (o->pack > 1 && !open_packs(d))) {
    gn_loader_close(d);
    return 0;
  }
  if (o->prefetch) d->worker = gn_worker_new();
  return 1;
}

static gn_int whole(const gn_loader *d, gn_place p) { return GN_MIN(d->o.batch, d->usable - p.at); }

/* Where in a batch of n rows, whole packs, a shard's share begins; the share of the last one ends at n. */
static gn_int share(const gn_loader *d, gn_int n, gn_int shard) {
  return n / d->o.pack * shard / d->o.shards * d->o.pack;
}

gn_int gn_loader_rows(const gn_loader *d, gn_place p) {
  const gn_int n = whole(d, p);
  return share(d, n, d->o.shard + 1) - share(d, n, d->o.shard);
}

gn_place gn_loader_after(const gn_loader *d, gn_place p) {
  p.at += whole(d, p);
  return d->usable - p.at < (d->o.drop_last ? d->o.batch : 1) ? (gn_place){p.epoch + 1, 0} : p;
}

gn_int gn_loader_last(const gn_loader *d) { return d->o.drop_last ? d->usable - d->o.batch : d->usable - 1; }
gn_int gn_loader_epoch_rows(const gn_loader *d) {
  return d->o.drop_last ? d->usable - d->usable % d->o.batch : d->usable;
}

static void run_job(void *arg) { /* in the thread */
  gn_loader *d = arg;
  gn_place p = d->next;
  const gn_int n = gn_loader_rows(d, p);
  p.at += share(d, whole(d, p), d->o.shard);
  if (d->order_epoch != p.epoch) {
    gn_rng r = {.key = d->order_key + (uint64_t)p.epoch * 0x9E3779B97F4A7C15u}; /* a stream of its own for each epoch */
    gn_rng_permutation(&r, d->order, d->o.set);
    if (d->o.pack > 1) order_packs(d, &r);
    d->order_epoch = p.epoch;
  }
  memcpy(d->rows, d->order + p.at, sizeof *d->rows * (size_t)n);
  d->make(d->arg, d->rows, n, p);
}

void gn_loader_start(gn_loader *d, gn_place p, int32_t *rows) {
  d->next = p;
  d->rows = rows;
  d->ahead = 1;
  if (d->worker) gn_worker_start(d->worker, run_job, d);
  else run_job(d);
}

void gn_loader_wait(gn_loader *d) {
  if (d->worker) gn_worker_wait(d->worker);
}

void gn_loader_seek(gn_loader *d, gn_place p) {
  gn_loader_wait(d);
  d->ahead = 0;
  d->next = p;
}

void gn_loader_close(gn_loader *d) {
  gn_worker_free(d->worker);
  gn_free(d->order);
  gn_free(d->packs.labels);
  gn_free(d->packs.rows);
  gn_free(d->packs.order);
  gn_free(d->packs.start);
  gn_free(d->packs.filled);
  *d = (gn_loader){0};
}
