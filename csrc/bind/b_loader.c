/* b_loader.c - loaders for Lua: the state machine of loader.h, whose batches are tensors of pictures and labels. The
** pictures lie in memory, or in files, from which several threads read them ahead of need. */
#include "../kernels/batch.h"
#include "../loader.h"
#include "b_pictures.h"
#include "bind.h"
#include "options.h"
#include <string.h>

#define T_LOADER GN_PREFIX "loader"
#define MOST_CLASSES ((gn_int)1 << 20) /* of packs */
/* User values: the set, then the batch being made. */
enum { IMAGES = 1, LABELS, STAGED, REAL, CLASSES, ROWS, GEOMETRY, NVALUES = GEOMETRY };

/* The thread sees the storages in `hold`, which the loader keeps alive itself: when a program ends, Lua may collect the
** tensors before the loader. */
typedef struct loader {
  gn_guard guard;
  gn_loader l;
  gn_storage *hold[NVALUES];
  int open;
  gn_batch job;
  const int32_t *labels; /* (N), or NULL */
  int elsewhere;         /* 1: the caller has the pictures, and makes the batches */
  gn_real *x;
  int32_t *y, *geometry;
  const uint8_t **pick;  /* (share of a batch) where the bytes of each picture are */
  const uint8_t *memory; /* (k,h,w,c) the first pictures of the set: k = N but of sets in files */
  gn_int nmemory;
  /* of a set in files */
  gn_pictures *files;
  const int32_t *map; /* (N) which of the files, or NULL */
  gn_readers *readers;
  uint8_t *staged; /* (share of a batch,h,w,c) */
  gn_read *reads;  /* (share of a batch) */
  gn_int nreads;
} loader;

static loader *check_loader(lua_State *L) {
  loader *d = luaL_checkudata(L, 1, T_LOADER);
  if (!d->open) gn_error(L, "the loader is closed");
  return d;
}

/* Where the pictures of a batch are; what lies in files is read first. */
static void fetch(loader *d, const int32_t *rows, gn_int n) {
  const gn_int bytes = d->job.h * d->job.w * d->job.c;
  d->nreads = 0;
  for (gn_int i = 0; i < n; i++) {
    const gn_int at = d->map ? d->map[rows[i]] : rows[i];
    if (at < d->nmemory) {
      d->pick[i] = d->memory + at * bytes;
    } else {
      uint8_t *out = d->staged + d->nreads * bytes;
      d->pick[i] = out;
      d->reads[d->nreads++] = (gn_read){.at = at, .out = out};
    }
  }
  if (d->nreads > 0) gn_pictures_read(d->readers, d->files, d->reads, d->nreads);
}

static void make(void *arg, const int32_t *rows, gn_int n, gn_place place) {
  loader *d = arg;
  d->job.n = n;
  d->job.epoch = (uint64_t)place.epoch;
  d->job.first = (uint64_t)place.at;
  gn_batch_draw(d->geometry, &d->job);
  if (!d->elsewhere) {
    fetch(d, rows, n);
    gn_batch_make(d->x, d->pick, d->geometry, &d->job);
  }
  for (gn_int i = 0; d->labels && i < n; i++) d->y[i] = d->labels[rows[i]];
}

static void hold(loader *d, int slot, gn_storage *s) {
  if (s) gn_storage_retain(s);
  gn_storage_release(d->hold[slot - 1]);
  d->hold[slot - 1] = s;
}

/* Starts making the batch at p. Everything that can fail comes first: after an error the loader is as it was. */
static void prepare(lua_State *L, loader *d, gn_place p) {
  gn_int n = gn_loader_rows(&d->l, p), size[4] = {n, d->job.h, d->job.w, d->job.c}, drawn[2] = {n, 3};
  gn_tensor *x = NULL, *y = NULL;
  if (d->elsewhere) lua_pushnil(L);
  else x = gn_new_real(L, 4, size);
  if (d->labels) y = gn_new_tensor(L, GN_I32, 1, &n);
  else lua_pushnil(L);
  gn_tensor *rows = gn_new_tensor(L, GN_I32, 1, &n), *geometry = gn_new_tensor(L, GN_I32, 2, drawn);
  hold(d, GEOMETRY, geometry->storage);
  hold(d, ROWS, rows->storage);
  hold(d, CLASSES, y ? y->storage : NULL);
  hold(d, REAL, x ? x->storage : NULL);
  d->x = x ? gn_real_ptr(x) : NULL;
  d->y = y ? gn_i32_ptr(y) : NULL;
  d->geometry = gn_i32_ptr(geometry);
  lua_setiuservalue(L, 1, GEOMETRY);
  lua_setiuservalue(L, 1, ROWS);
  lua_setiuservalue(L, 1, CLASSES);
  lua_setiuservalue(L, 1, REAL);
  gn_loader_start(&d->l, p, gn_i32_ptr(rows));
}

typedef struct options {
  gn_int batch, seed, crop, shard, shards, pack;
  int mirror, drop_last, prefetch;
} options;

static const gn_option known[] = {
    GN_OPT_INTEGER(options, batch, 1, INT32_MAX),
    GN_OPT_INTEGER(options, seed, INT64_MIN, INT64_MAX),
    GN_OPT_INTEGER(options, crop, 0, GN_BUDGET_SIDE),
    GN_OPT_INTEGER(options, shard, 0, INT32_MAX),
    GN_OPT_INTEGER(options, shards, 1, INT32_MAX),
    GN_OPT_INTEGER(options, pack, 1, INT32_MAX),
    GN_OPT_FLAG(options, mirror),
    GN_OPT_FLAG(options, drop_last),
    GN_OPT_FLAG(options, prefetch),
    GN_OPT_END,
};

/* The table at arg, for n images of h x w. */
static options check_options(lua_State *L, int arg, gn_int n, gn_int h, gn_int w) {
  options o = {.batch = 64, .shards = 1, .pack = 1, .drop_last = 1, .prefetch = 1};
  const gn_int least = GN_MAX(1, GN_MIN(h, w));
  gn_read_options(L, arg, known, &o);
  if (o.batch > n) gn_option_error(L, "batch", "a batch of %I of %s", (lua_Integer)o.batch, gn_count(L, n, "image"));
  if (o.crop >= least)
    gn_option_error(L, "crop", "expected less than the images' shorter side, %I, got %I", (lua_Integer)least,
                    (lua_Integer)o.crop);
  if (o.batch % o.shards != 0)
    gn_option_error(L, "shards", "expected a divisor of the batch, %I, got %I", (lua_Integer)o.batch,
                    (lua_Integer)o.shards);
  if (o.shard >= o.shards)
    gn_option_error(L, "shard", "expected 0 to %I, got %I", (lua_Integer)(o.shards - 1), (lua_Integer)o.shard);
  if (o.batch / o.shards % o.pack != 0)
    gn_option_error(L, "pack", "expected a divisor of the share of a batch, %I, got %I",
                    (lua_Integer)(o.batch / o.shards), (lua_Integer)o.pack);
  return o;
}

/* How many classes labels (n) tell, which make packs enough for a batch. */
static gn_int count_classes(lua_State *L, const int32_t *labels, gn_int n, const options *o) {
  if (!labels) gn_option_error(L, "pack", "packs are of one class, and there are no labels");
  gn_int classes = 0, usable = 0;
  for (gn_int i = 0; i < n; i++) {
    if (labels[i] < 0 || labels[i] >= MOST_CLASSES)
      gn_option_error(L, "pack", "expected labels in 0..%I, got %I", (lua_Integer)MOST_CLASSES - 1,
                      (lua_Integer)labels[i]);
    classes = GN_MAX(classes, labels[i] + 1);
  }
  gn_int *rows = lua_newuserdatauv(L, sizeof *rows * (size_t)classes, 0);
  memset(rows, 0, sizeof *rows * (size_t)classes);
  for (gn_int i = 0; i < n; i++) rows[labels[i]]++;
  for (gn_int c = 0; c < classes; c++) usable += rows[c] / o->pack * o->pack;
  lua_pop(L, 1);
  if (o->batch > usable)
    gn_option_error(L, "pack", "a batch of %I of %s that make whole packs of one class", (lua_Integer)o->batch,
                    gn_count(L, usable, "image"));
  return classes;
}

static void let_go(void *object) {
  loader *d = object;
  gn_loader_close(&d->l); /* waits for the batch being made, which all the rest is for */
  gn_readers_free(d->readers);
  gn_free(d->pick);
  gn_free(d->reads);
  gn_pictures_release(d->files);
  for (int k = 1; k <= NVALUES; k++) hold(d, k, NULL);
  *d = (loader){.guard = d->guard};
}

static void out_of_memory(lua_State *L, loader *d, gn_int n) {
  let_go(d);
  gn_error(L, "out of memory (a loader of %I images)", (lua_Integer)n);
}

/* The set at argument 1: its sizes, and what of it lies in memory. */
static void take_set(lua_State *L, loader *d, gn_int size[4]) {
  const gn_disk *disk = gn_test_pictures(L, 1);
  if (disk) {
    if (!disk->p) gn_error(L, "the pictures are closed");
    if (!disk->p->sealed) gn_error(L, "the pictures are not opened yet");
    memcpy(size, (gn_int[4]){disk->n, disk->p->h, disk->p->w, disk->p->c}, sizeof *size * 4);
    d->files = disk->p;
    gn_pictures_retain(d->files);
    d->map = disk->map ? disk->map->data : NULL;
    hold(d, IMAGES, disk->map);
    d->memory = d->files->held_at;
    d->nmemory = d->files->nheld;
  } else if (lua_type(L, 1) == LUA_TTABLE) {
    for (int k = 0; k < 4; k++) {
      int ok = 0;
      lua_rawgeti(L, 1, k + 1);
      size[k] = lua_tointegerx(L, -1, &ok);
      if (!ok || size[k] < 0 || size[k] > INT32_MAX) gn_expected(L, 1, "images", "u8 images, or sizes {N,H,W,C}");
      lua_pop(L, 1);
    }
    d->elsewhere = 1;
  } else {
    const gn_tensor *images = gn_check_dense_u8(L, 1, "images");
    if (images->nd != 4) gn_shape_error(L, 1, "images", "(N,H,W,C)", NULL);
    memcpy(size, images->size, sizeof *size * 4);
    hold(d, IMAGES, images->storage);
    d->memory = gn_u8_ptr(images);
    d->nmemory = size[0];
  }
  if (size[0] < 1 || size[0] > INT32_MAX) gn_shape_error(L, 1, "images", "1 to 2^31-1 images", NULL);
}

/* core.loader(images u8 (N,H,W,C) | pictures | sizes {N,H,W,C}, labels i32 (N) | nil, options) -> loader. Options:
** `known`. Of images that are elsewhere the sizes are given: the batches lack them. */
static int loader_new(lua_State *L) {
  lua_settop(L, 3);
  loader *d = lua_newuserdatauv(L, sizeof *d, NVALUES);
  *d = (loader){0};
  luaL_setmetatable(L, T_LOADER);
  gn_int size[4];
  take_set(L, d, size);
  const gn_int n = size[0];
  const gn_tensor *labels = lua_isnil(L, 2) ? NULL : gn_check_dense_i32(L, 2, "labels");
  if (labels && (labels->nd != 1 || labels->size[0] != n))
    gn_shape_error(L, 2, "labels", lua_pushfstring(L, "(%I)", (lua_Integer)n), "to match images");
  hold(d, LABELS, labels ? labels->storage : NULL);
  d->labels = labels ? gn_i32_ptr(labels) : NULL;
  const options o = check_options(L, 3, n, size[1], size[2]);
  const gn_loader_options state = {.set = n,
                                   .batch = o.batch,
                                   .seed = (uint64_t)o.seed,
                                   .drop_last = o.drop_last,
                                   .prefetch = o.prefetch,
                                   .shard = o.shard,
                                   .shards = o.shards,
                                   .pack = o.pack,
                                   .labels = d->labels,
                                   .classes = o.pack > 1 ? count_classes(L, d->labels, n, &o) : 0};
  if (!gn_loader_open(&d->l, &state, make, d)) out_of_memory(L, d, n);
  const gn_int most = o.batch / o.shards;
  d->pick = gn_malloc(sizeof *d->pick * (size_t)most);
  if (!d->pick) out_of_memory(L, d, n);
  if (d->files) {
    const gn_tensor *staged = gn_new_tensor(L, GN_U8, 4, (gn_int[4]){most, size[1], size[2], size[3]});
    hold(d, STAGED, staged->storage);
    d->staged = gn_u8_ptr(staged);
    d->reads = gn_malloc(sizeof *d->reads * (size_t)most);
    d->readers = gn_readers_new(gn_threads());
    if (!d->reads || !d->readers) out_of_memory(L, d, n);
  }
  d->job = (gn_batch){.h = size[1],
                      .w = size[2],
                      .c = size[3],
                      .mirror = o.mirror,
                      .crop = o.crop,
                      .key = gn_rng_key((uint64_t)o.seed, "data.change", 11)};
  d->open = 1;
  lua_settop(L, 4);
  return 1;
}

/* The first picture of the batch that could not be read, or NULL. */
static const gn_read *failure(const loader *d) {
  for (gn_int i = 0; i < d->nreads; i++)
    if (d->reads[i].rc != GN_CODEC_OK) return d->reads + i;
  return NULL;
}

/* loader:next() -> real (n,H,W,C) in [-1,1] (nil: the images are elsewhere), labels i32 (n) or nil, rows i32 (n) (which
** images, from 0), geometry i32 (n,3): flip, dy, dx of each (kernels/batch.h). */
static int loader_next(lua_State *L) {
  loader *d = check_loader(L);
  lua_settop(L, 1);
  for (int tried = 0;; tried++) {
    if (!d->l.ahead) prepare(L, d, d->l.next);
    gn_loader_wait(&d->l);
    const gn_read *bad = failure(d);
    if (!bad) break;
    gn_loader_seek(&d->l, d->l.next); /* the same batch next time */
    if (bad->rc != GN_CODEC_MEMORY) return gn_error(L, "%s", gn_push_problem(L, d->files, bad, 1));
    if (tried) return gn_picture_memory(L, d->files->entries[bad->at].name, &bad->pic);
    gn_collect(L);
    gn_trim(L);
  }
  for (int k = REAL; k <= GEOMETRY; k++) lua_getiuservalue(L, 1, k);
  const gn_place after = gn_loader_after(&d->l, d->l.next);
  if (d->l.worker) prepare(L, d, after);
  else gn_loader_seek(&d->l, after);
  return NVALUES - REAL + 1;
}

/* loader:position() -> epoch, images of it already handed over, images handed over in each epoch. */
static int loader_position(lua_State *L) {
  loader *d = check_loader(L);
  lua_pushinteger(L, d->l.next.epoch);
  lua_pushinteger(L, d->l.next.at);
  lua_pushinteger(L, gn_loader_epoch_rows(&d->l));
  return 3;
}

/* loader:seek(epoch, position): the next batch is the one at that position; it must be a multiple of the batch size. */
static int loader_seek(lua_State *L) {
  loader *d = check_loader(L);
  const gn_int epoch = gn_check_int(L, 2, "epoch", 0, (gn_int)1 << 52), batch = d->l.o.batch;
  const gn_int at = gn_check_int(L, 3, "position", 0, gn_loader_last(&d->l));
  if (at % batch != 0)
    gn_argerror(L, 3, "position", "expected a multiple of the batch, %I, got %I", (lua_Integer)batch, (lua_Integer)at);
  gn_loader_seek(&d->l, (gn_place){epoch, at});
  return 0;
}

static const luaL_Reg methods[] = {
    {"next", loader_next},
    {"position", loader_position},
    {"seek", loader_seek},
    {NULL, NULL},
};
static const gn_class class = {T_LOADER, "loader", "a loader", methods, let_go};

/* core.batch(images u8 (n,H,W,C), geometry i32 (n,3)) -> real (n,H,W,C) in [-1,1]: flipped and shifted. */
static int batch(lua_State *L) {
  lua_settop(L, 2);
  const gn_tensor *images = gn_check_dense_u8(L, 1, "images"), *geometry = gn_check_dense_i32(L, 2, "geometry");
  if (images->nd != 4) gn_shape_error(L, 1, "images", "(N,H,W,C)", NULL);
  const gn_int *size = images->size;
  if (geometry->nd != 2 || geometry->size[0] != size[0] || geometry->size[1] != 3)
    gn_shape_error(L, 2, "geometry", lua_pushfstring(L, "(%I,3)", (lua_Integer)size[0]), "to match images");
  const gn_batch b = {.n = size[0], .h = size[1], .w = size[2], .c = size[3]};
  const gn_int bytes = b.h * b.w * b.c;
  const uint8_t **pick = lua_newuserdatauv(L, sizeof *pick * (size_t)b.n + 1, 0);
  for (gn_int i = 0; i < b.n; i++) pick[i] = gn_u8_ptr(images) + i * bytes;
  gn_tensor *x = gn_new_real(L, 4, size);
  if (bytes > 0) gn_batch_make(gn_real_ptr(x), pick, gn_i32_ptr(geometry), &b);
  return 1;
}

static const luaL_Reg funcs[] = {{"loader", loader_new}, {"batch", batch}, {NULL, NULL}};

void gn_open_loader(lua_State *L) {
  gn_register_class(L, &class);
  gn_register(L, funcs);
}
