/* b_data.c - data sets: reading files that may be gzip, the shapes, and the loader that makes batches ahead. */
#include "../kernels/batch.h"
#include "../kernels/shapes.h"
#include "../par.h"
#include "bind.h"
#include <errno.h>
#include <string.h>
#include <zlib.h>

static int push_failure(lua_State *L, const char *path, const char *why) {
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: %s", path, why);
  return 2;
}

static const char *check_path(lua_State *L, int arg) {
  size_t n = 0;
  const char *s = lua_type(L, arg) == LUA_TSTRING ? lua_tolstring(L, arg, &n) : NULL;
  if (!s || n == 0 || strlen(s) != n) gn_expected(L, arg, "path", "a file name");
  return s;
}

/* ---- reading ---- */

#define T_READER GN_PREFIX "reader"
#define READ_MOST ((gn_int)1 << 30)

typedef struct reader {
  gzFile file; /* NULL: closed */
} reader;

static reader *check_reader(lua_State *L) {
  reader *r = luaL_testudata(L, 1, T_READER);
  if (!r) gn_expected(L, 1, "reader", "a reader");
  if (!r->file) gn_error(L, "the reader is closed");
  return r;
}

/* core.reader(path) -> reader, or nil, message. What is gzip inside is inflated on the way, whatever its name. */
static int reader_open(lua_State *L) {
  const char *path = check_path(L, 1);
  reader *r = lua_newuserdatauv(L, sizeof *r, 1);
  r->file = NULL;
  luaL_setmetatable(L, T_READER);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  errno = 0;
  r->file = gzopen(path, "rbe");
  if (!r->file) return push_failure(L, path, errno ? strerror(errno) : "out of memory");
  gzbuffer(r->file, 1 << 17);
  return 1;
}

/* reader:read(n) -> a string of at most n bytes (shorter, or empty, only at the end), or nil, message where the file cannot be
** read, or is a gzip file that is cut off or fails its checksum. */
static int reader_read(lua_State *L) {
  reader *r = check_reader(L);
  gn_int n = gn_check_int(L, 2, "n", 0, READ_MOST);
  lua_getiuservalue(L, 1, 1);
  const char *path = lua_tostring(L, -1);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  size_t got = 0;
  while (got < (size_t)n) { /* piece by piece: asking for much must not cost much where the file is short */
    size_t want = GN_MIN((size_t)n - got, (size_t)1 << 18);
    int k = gzread(r->file, luaL_prepbuffsize(&b, want), (unsigned)want);
    if (k > 0) luaL_addsize(&b, (size_t)k);
    if (k < (int)want) {
      int code = Z_OK;
      const char *why = gzerror(r->file, &code);
      if (code == Z_ERRNO) return push_failure(L, path, strerror(errno));
      if (code == Z_BUF_ERROR) return push_failure(L, path, "truncated gzip file");
      if (code != Z_OK && code != Z_STREAM_END) return push_failure(L, path, lua_pushfstring(L, "corrupt gzip file (%s)", why));
      got += k > 0 ? (size_t)k : 0;
      break;
    }
    got += (size_t)k;
  }
  luaL_pushresult(&b);
  return 1;
}

static int reader_close(lua_State *L) {
  reader *r = luaL_testudata(L, 1, T_READER);
  if (!r) return gn_expected(L, 1, "reader", "a reader");
  if (r->file) gzclose_r(r->file);
  r->file = NULL;
  return 0;
}

static const luaL_Reg reader_methods[] = {{"read", reader_read}, {"close", reader_close}, {NULL, NULL}};

/* core.gzip(bytes) -> a gzip file as a string. */
static int gzip_(lua_State *L) {
  size_t n;
  if (lua_type(L, 1) != LUA_TSTRING) gn_expected(L, 1, "bytes", "a string");
  const char *p = lua_tolstring(L, 1, &n);
  if (n > (size_t)READ_MOST) gn_argerror(L, 1, "bytes", "more than %I bytes", (lua_Integer)READ_MOST);
  size_t cap = n + n / 1000 + 64;
  void *out = lua_newuserdatauv(L, cap, 0);
  z_stream z = {.next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n, .next_out = out, .avail_out = (uInt)cap};
  int rc = deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  if (rc == Z_OK) {
    rc = deflate(&z, Z_FINISH);
    deflateEnd(&z);
  }
  if (rc != Z_STREAM_END) return gn_error(L, "out of memory");
  lua_pushlstring(L, out, (size_t)z.total_out);
  return 1;
}

/* core.crc32(what [, crc = 0]) -> the CRC-32 of a string, or of a tensor's bytes as file:write writes them, behind bytes whose
** checksum is crc. */
static int crc32_(lua_State *L) {
  size_t n;
  const char *p;
  gn_tensor *t = gn_test_tensor(L, 1);
  uLong crc = (uLong)gn_opt_int(L, 2, "crc", 0, UINT32_MAX, 0);
  if (t) {
    if (!gn_is_contiguous(t)) {
      gn_tensor *c = gn_new_tensor(L, t->dtype, t->nd, t->size);
      gn_set_dense(c, t);
      t = c;
    }
    p = gn_tensor_ptr(t);
    n = (size_t)gn_numel(t->nd, t->size) * gn_dtype_size(t->dtype);
  } else {
    if (lua_type(L, 1) != LUA_TSTRING) gn_expected(L, 1, "what", "a string or a tensor");
    p = lua_tolstring(L, 1, &n);
  }
  if (n > 0) crc = crc32_z(crc, (const Bytef *)p, n); /* 0 bytes may lie at NULL, which zlib takes for a question */
  lua_pushinteger(L, (lua_Integer)crc);
  return 1;
}

/* ---- shapes ---- */

enum { SCENE = 2 + 6 * GN_SHAPE_MOST }; /* integers of one scene: ground, count, then kind, colour, y0, x0, y1, x1 of each */

static void store_scene(int32_t *out, const gn_shape_scene *s) {
  *out++ = s->ground;
  *out++ = s->count;
  for (int k = 0; k < GN_SHAPE_MOST; k++) {
    const gn_shape_object *o = &s->object[k];
    const int32_t v[6] = {o->kind, o->colour, o->y0, o->x0, o->y1, o->x1};
    memcpy(out, v, sizeof v);
    out += 6;
  }
}

static uint64_t shapes_key(gn_int seed) { return gn_rng_key((uint64_t)seed, "shapes", 6); }

/* core.shapes(count, size, seed, objects) -> images u8 (count,size,size,3), labels i32 (count), scenes i32 (count,20). */
static int shapes(lua_State *L) {
  gn_int n = gn_check_int(L, 1, "count", 0, INT32_MAX), size = gn_check_int(L, 2, "size", 16, 512);
  gn_int seed = gn_check_int(L, 3, "seed", INT64_MIN, INT64_MAX);
  int objects = (int)gn_check_int(L, 4, "objects", 1, GN_SHAPE_MOST);
  gn_int is[4] = {n, size, size, 3}, ss[2] = {n, SCENE};
  uint8_t *image = gn_u8_ptr(gn_new_tensor(L, GN_U8, 4, is));
  int32_t *label = gn_i32_ptr(gn_new_tensor(L, GN_I32, 1, &n)), *scene = gn_i32_ptr(gn_new_tensor(L, GN_I32, 2, ss));
  uint64_t key = shapes_key(seed);
  GN_PARALLEL_FOR
  for (gn_int i = 0; i < n; i++) {
    gn_shape_scene s;
    gn_shapes_draw(image + i * size * size * 3, NULL, &s, key, (uint64_t)i, size, objects);
    label[i] = s.object[0].kind;
    store_scene(scene + i * SCENE, &s);
  }
  return 3;
}

/* core.shapes_mask(i, size, seed, objects) -> u8 (size,size): 0 ground, k the k-th object of picture i (from 1). */
static int shapes_mask(lua_State *L) {
  gn_int i = gn_check_int(L, 1, "i", 1, INT32_MAX), size = gn_check_int(L, 2, "size", 16, 512);
  gn_int seed = gn_check_int(L, 3, "seed", INT64_MIN, INT64_MAX);
  int objects = (int)gn_check_int(L, 4, "objects", 1, GN_SHAPE_MOST);
  gn_int ms[2] = {size, size}, is[3] = {size, size, 3};
  uint8_t *mask = gn_u8_ptr(gn_new_tensor(L, GN_U8, 2, ms)), *image = gn_u8_ptr(gn_new_tensor(L, GN_U8, 3, is));
  gn_shape_scene s;
  gn_shapes_draw(image, mask, &s, shapes_key(seed), (uint64_t)(i - 1), size, objects);
  lua_pop(L, 1);
  return 1;
}

/* ---- loader ---- */

#define T_LOADER GN_PREFIX "loader"
enum { IMAGES = 1, LABELS, REAL, CLASSES, ROWS, NVALUES = ROWS }; /* user values: the set, then the batch being made */

/* Position: the batch to hand over next is number `at` .. of the permutation of `epoch`. That batch is being made, or is ready,
** where `ahead` is set. The worker sees the storages in `hold`, which the loader keeps alive itself: when a program ends, Lua
** may collect the tensors before the loader. */
typedef struct loader {
  gn_worker *worker; /* NULL: batches are made when asked for */
  gn_storage *hold[NVALUES];
  int32_t *order;    /* (set) the permutation of `order_epoch`; the worker's own */
  gn_int order_epoch;
  gn_int set, batch, epoch, at;
  int drop_last, ahead, open;
  uint64_t order_key;
  gn_batch job;
  gn_real *x;
  int32_t *y, *rows;
} loader;

static loader *check_loader(lua_State *L) {
  loader *d = luaL_testudata(L, 1, T_LOADER);
  if (!d) gn_expected(L, 1, "loader", "a loader");
  if (!d->open) gn_error(L, "the loader is closed");
  return d;
}

static void run_job(void *arg) { /* in the worker: touches neither Lua nor the allocator */
  loader *d = arg;
  if (d->order_epoch != (gn_int)d->job.epoch) {
    gn_rng r = {.key = d->order_key + d->job.epoch * 0x9E3779B97F4A7C15u}; /* a stream of its own for each epoch */
    gn_rng_permutation(&r, d->order, d->set);
    d->order_epoch = (gn_int)d->job.epoch;
  }
  memcpy(d->rows, d->order + d->job.first, sizeof *d->rows * (size_t)d->job.n);
  gn_batch_make(d->x, d->y, &d->job);
}

static void hold(loader *d, int slot, gn_storage *s) {
  if (s) gn_storage_retain(s);
  gn_storage_release(d->hold[slot - 1]);
  d->hold[slot - 1] = s;
}

static gn_int batch_at(const loader *d, gn_int at) { return GN_MIN(d->batch, d->set - at); }

static void advance(const loader *d, gn_int *epoch, gn_int *at) {
  *at += batch_at(d, *at);
  if (d->set - *at < (d->drop_last ? d->batch : 1)) {
    *at = 0;
    ++*epoch;
  }
}

/* Starts making the batch at (epoch, at). Everything that can fail comes first: after an error the loader is as it was. */
static void prepare(lua_State *L, loader *d, gn_int epoch, gn_int at) {
  gn_int n = batch_at(d, at), size[4] = {n, d->job.h, d->job.w, d->job.c};
  gn_tensor *x = gn_new_real(L, 4, size), *y = NULL;
  if (d->job.labels)
    y = gn_new_tensor(L, GN_I32, 1, &n);
  else
    lua_pushnil(L);
  gn_tensor *rows = gn_new_tensor(L, GN_I32, 1, &n);
  hold(d, ROWS, rows->storage);
  hold(d, CLASSES, y ? y->storage : NULL);
  hold(d, REAL, x->storage);
  d->x = gn_real_ptr(x);
  d->y = y ? gn_i32_ptr(y) : NULL;
  d->job.rows = d->rows = gn_i32_ptr(rows);
  lua_setiuservalue(L, 1, ROWS);
  lua_setiuservalue(L, 1, CLASSES);
  lua_setiuservalue(L, 1, REAL);
  d->epoch = epoch;
  d->at = at;
  d->job.n = n;
  d->job.epoch = (uint64_t)epoch;
  d->job.first = (uint64_t)at;
  d->ahead = 1;
  if (d->worker)
    gn_worker_start(d->worker, run_job, d);
  else
    run_job(d);
}

/* core.loader(images u8 (N,H,W,C), labels i32 (N) | nil, batch, seed, mirror, crop, drop_last, prefetch) -> loader. */
static int loader_new(lua_State *L) {
  gn_tensor *images = gn_check_dense_u8(L, 1, "images");
  if (images->nd != 4) gn_shape_error(L, 1, "images", "(N,H,W,C)", NULL);
  gn_int n = images->size[0];
  if (n < 1 || n > INT32_MAX) gn_shape_error(L, 1, "images", "1 to 2^31-1 images", NULL);
  gn_tensor *labels = lua_isnoneornil(L, 2) ? NULL : gn_check_dense_i32(L, 2, "labels");
  if (labels && (labels->nd != 1 || labels->size[0] != n)) gn_shape_error(L, 2, "labels", lua_pushfstring(L, "(%I)", (lua_Integer)n), "to match images");
  gn_int batch = gn_check_int(L, 3, "batch", 1, INT32_MAX);
  if (batch > n) gn_argerror(L, 3, "batch", "a batch of %I is more than the %I images there are", (lua_Integer)batch, (lua_Integer)n);
  gn_int seed = gn_check_int(L, 4, "seed", INT64_MIN, INT64_MAX);
  gn_int crop = gn_check_int(L, 6, "crop", 0, GN_MAX(0, GN_MIN(images->size[1], images->size[2]) - 1));
  loader *d = lua_newuserdatauv(L, sizeof *d, NVALUES);
  memset(d, 0, sizeof *d);
  luaL_setmetatable(L, T_LOADER);
  d->order = gn_malloc(sizeof *d->order * (size_t)n);
  if (!d->order) return gn_error(L, "out of memory (the order of %I images)", (lua_Integer)n);
  if (lua_toboolean(L, 8)) d->worker = gn_worker_new(); /* without one the batches come all the same */
  d->order_epoch = -1;
  d->set = n;
  d->batch = batch;
  d->drop_last = lua_toboolean(L, 7);
  d->order_key = gn_rng_key((uint64_t)seed, "data.order", 10);
  d->job = (gn_batch){.images = gn_u8_ptr(images), .labels = labels ? gn_i32_ptr(labels) : NULL, .rows = NULL,
                      .h = images->size[1], .w = images->size[2], .c = images->size[3], .mirror = lua_toboolean(L, 5),
                      .crop = crop, .key = gn_rng_key((uint64_t)seed, "data.change", 11)};
  hold(d, IMAGES, images->storage);
  hold(d, LABELS, labels ? labels->storage : NULL);
  d->open = 1;
  return 1;
}

/* loader:next() -> real (n,H,W,C) in [-1,1], labels i32 (n) or nil, rows i32 (n) (which images, from 0). */
static int loader_next(lua_State *L) {
  loader *d = check_loader(L);
  lua_settop(L, 1);
  if (!d->ahead) prepare(L, d, d->epoch, d->at);
  if (d->worker) gn_worker_wait(d->worker);
  for (int k = REAL; k <= ROWS; k++) lua_getiuservalue(L, 1, k);
  gn_int epoch = d->epoch, at = d->at;
  advance(d, &epoch, &at);
  if (d->worker) {
    prepare(L, d, epoch, at);
  } else {
    d->epoch = epoch;
    d->at = at;
    d->ahead = 0;
  }
  return 3;
}

/* loader:position() -> epoch, images of it already handed over, images handed over in each epoch. */
static int loader_position(lua_State *L) {
  loader *d = check_loader(L);
  lua_pushinteger(L, d->epoch);
  lua_pushinteger(L, d->at);
  lua_pushinteger(L, d->drop_last ? d->set - d->set % d->batch : d->set);
  return 3;
}

/* loader:seek(epoch, position): the next batch is the one at that position; it must be a multiple of the batch size. */
static int loader_seek(lua_State *L) {
  loader *d = check_loader(L);
  gn_int epoch = gn_check_int(L, 2, "epoch", 0, (gn_int)1 << 52), most = d->drop_last ? d->set - d->batch : d->set - 1;
  gn_int at = gn_check_int(L, 3, "position", 0, most);
  if (at % d->batch != 0) gn_argerror(L, 3, "position", "expected a multiple of the batch, %I, got %I", (lua_Integer)d->batch, (lua_Integer)at);
  if (d->worker) gn_worker_wait(d->worker);
  d->ahead = 0;
  d->epoch = epoch;
  d->at = at;
  return 0;
}

static int loader_close(lua_State *L) {
  loader *d = luaL_testudata(L, 1, T_LOADER);
  if (!d) return gn_expected(L, 1, "loader", "a loader");
  gn_worker_free(d->worker); /* waits for the batch being made */
  for (int k = 1; k <= NVALUES; k++) hold(d, k, NULL);
  gn_free(d->order);
  memset(d, 0, sizeof *d);
  return 0;
}

static const luaL_Reg loader_methods[] = {{"next", loader_next}, {"position", loader_position}, {"seek", loader_seek}, {"close", loader_close}, {NULL, NULL}};

static const luaL_Reg funcs[] = {
    {"reader", reader_open}, {"gzip", gzip_}, {"crc32", crc32_}, {"shapes", shapes}, {"shapes_mask", shapes_mask}, {"loader", loader_new}, {NULL, NULL},
};

static void make_class(lua_State *L, const char *type, const char *name, const luaL_Reg *methods, lua_CFunction close) {
  luaL_newmetatable(L, type);
  lua_newtable(L);
  gn_register(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, close);
  lua_setfield(L, -2, "__close");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

void gn_open_data(lua_State *L) {
  make_class(L, T_READER, "reader", reader_methods, reader_close);
  make_class(L, T_LOADER, "loader", loader_methods, loader_close);
  gn_register(L, funcs);
}
