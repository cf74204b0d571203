/* kernel_cache.c - transformed kernels of convolutions. See kernel_cache.h.
**
** A kernel is cached from its fourth use on: alternating training changes it before that (D: the G step, then real
** and fake), and needs the memory for itself. Kernels of inference are cached from their first use on. */
#include "kernel_cache.h"
#include <string.h>

#define PLACES 160 /* Inception-v3 has 94 convolutions, whose kernels are 140 MB then */
#define LEAST_USES 4
#define MOST_BYTES ((size_t)256 << 20)

typedef struct cached {
  uint64_t id, version; /* of w's storage */
  gn_int offset, size[4];
  gn_conv_pass pass;
  int form, uses;
  uint64_t last;
  gn_storage *u; /* NULL: only counted */
} cached;

typedef struct cache {
  cached kernels[PLACES];
  uint64_t uses;
  int closed; /* 1: the state is closing, and nobody would let go of a kernel that is cached now */
} cache;

static const char CACHE_KEY = 0; /* its address: registry[&CACHE_KEY] = the state's cache */

static cache *cache_of(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &CACHE_KEY);
  cache *c = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return c;
}

static void drop(lua_State *L, cached *k) {
  if (k->u) gn_discard(L, k->u);
  *k = (cached){0};
}

void gn_forget_kernels(lua_State *L) {
  cache *c = cache_of(L);
  for (int i = 0; i < PLACES; i++) drop(L, c->kernels + i);
}

static int close_cache(lua_State *L) {
  cache_of(L)->closed = 1;
  gn_forget_kernels(L);
  return 0;
}

void gn_open_kernels(lua_State *L) {
  cache *c = lua_newuserdatauv(L, sizeof *c, 0);
  memset(c, 0, sizeof *c);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, close_cache);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &CACHE_KEY);
  gn_state_of(L)->give_up = gn_forget_kernels;
}

/* Tells whether k is the same place in memory and the same use of it. Whether the numbers are the same, the version
** tells. */
static int same_kernel(const cached *k, const gn_tensor *w, int form, gn_conv_pass pass) {
  return k->id == w->storage->id && k->offset == w->offset && k->pass == pass && k->form == form &&
         memcmp(k->size, w->size, sizeof k->size) == 0;
}

/* Makes room for `bytes` more. Kernels whose weights are gone cannot be told, so the longest unused go. 0: too
** large. */
static int make_room(lua_State *L, cache *c, size_t bytes) {
  for (;;) {
    size_t sum = bytes;
    cached *old = NULL;
    for (int i = 0; i < PLACES; i++)
      if (c->kernels[i].u) {
        sum += c->kernels[i].u->bytes;
        if (!old || c->kernels[i].last < old->last) old = c->kernels + i;
      }
    if (sum <= MOST_BYTES) return 1;
    if (!old) return 0;
    drop(L, old);
  }
}

/* Finds the entry of w, or empties the one that was longest unused for it. */
static cached *entry_of(lua_State *L, cache *c, const gn_tensor *w, int form, gn_conv_pass pass) {
  cached *k = NULL, *oldest = c->kernels;
  for (int i = 0; i < PLACES; i++) {
    if (same_kernel(c->kernels + i, w, form, pass)) k = c->kernels + i;
    if (c->kernels[i].last < oldest->last) oldest = c->kernels + i;
  }
  if (k && k->version == w->storage->version) return k;
  if (!k) k = oldest;
  drop(L, k);
  *k = (cached){.id = w->storage->id, .version = w->storage->version, .offset = w->offset, .pass = pass, .form = form};
  memcpy(k->size, w->size, sizeof k->size);
  return k;
}

const gn_real *gn_push_kernel(lua_State *L, const gn_tensor *w, const gn_conv *d, gn_conv_pass pass) {
  const gn_int size = gn_conv2d_kernel_size(d, pass);
  if (size == 0) {
    lua_pushnil(L);
    return NULL;
  }
  cache *c = cache_of(L);
  cached *k = entry_of(L, c, w, gn_conv2d_kernel_form(d, pass), pass);
  k->last = ++c->uses;
  const size_t bytes = (size_t)size * sizeof(gn_real);
  const int wanted = !k->u && !c->closed && (++k->uses >= LEAST_USES || pass == GN_CONV_RELU);
  if (wanted && make_room(L, c, bytes) && (k->u = gn_try_storage(L, bytes)) != NULL)
    gn_conv2d_kernel(k->u->data, gn_real_ptr(w), d, pass);
  if (k->u) {
    lua_pushnil(L);
    return k->u->data;
  }
  gn_real *u = gn_scratch(L, size);
  gn_conv2d_kernel(u, gn_real_ptr(w), d, pass);
  return u;
}

void gn_pop_kernel(lua_State *L) {
  if (!lua_isnil(L, -1)) gn_scratch_free(L, -1);
  lua_pop(L, 1);
}
