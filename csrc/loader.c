/* loader.c - the state machine of batches. See loader.h. */
#include "loader.h"
#include "rng.h"
#include "storage.h"
#include <string.h>

int gn_loader_open(gn_loader *d, const gn_loader_options *o, gn_make_batch *make, void *arg) {
  *d = (gn_loader){
      .o = *o, .order_epoch = -1, .order_key = gn_rng_key(o->seed, "data.order", 10), .make = make, .arg = arg};
  d->order = gn_malloc(sizeof *d->order * (size_t)o->set);
  if (!d->order) return 0;
  if (o->prefetch) d->worker = gn_worker_new();
  return 1;
}

static gn_int whole(const gn_loader *d, gn_place p) { return GN_MIN(d->o.batch, d->o.set - p.at); }

/* Where in a batch of n rows a shard's share begins; the share of the last one ends at n. */
static gn_int share(const gn_loader *d, gn_int n, gn_int shard) { return n * shard / d->o.shards; }

gn_int gn_loader_rows(const gn_loader *d, gn_place p) {
  const gn_int n = whole(d, p);
  return share(d, n, d->o.shard + 1) - share(d, n, d->o.shard);
}

gn_place gn_loader_after(const gn_loader *d, gn_place p) {
  p.at += whole(d, p);
  return d->o.set - p.at < (d->o.drop_last ? d->o.batch : 1) ? (gn_place){p.epoch + 1, 0} : p;
}

gn_int gn_loader_last(const gn_loader *d) { return d->o.drop_last ? d->o.set - d->o.batch : d->o.set - 1; }
gn_int gn_loader_epoch_rows(const gn_loader *d) { return d->o.drop_last ? d->o.set - d->o.set % d->o.batch : d->o.set; }

static void run_job(void *arg) { /* in the thread */
  gn_loader *d = arg;
  gn_place p = d->next;
  const gn_int n = gn_loader_rows(d, p);
  p.at += share(d, whole(d, p), d->o.shard);
  if (d->order_epoch != p.epoch) {
    gn_rng r = {.key = d->order_key + (uint64_t)p.epoch * 0x9E3779B97F4A7C15u}; /* a stream of its own for each epoch */
    gn_rng_permutation(&r, d->order, d->o.set);
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
  *d = (gn_loader){0};
}
