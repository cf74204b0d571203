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

static cached kernels[PLACES];
static uint64_t uses;

static void drop(cached *k) {
  if (k->u) gn_storage_discard(k->u);
  *k = (cached){0};
}

void gn_forget_kernels(void) {
  for (int i = 0; i < PLACES; i++) drop(kernels + i);
}

/* Tells whether k is the same place in memory and the same use of it. Whether the numbers are the same, the version
** tells. */
static int same_kernel(const cached *k, const gn_tensor *w, int form, gn_conv_pass pass) {
  return k->id == w->storage->id && k->offset == w->offset && k->pass == pass && k->form == form &&
         memcmp(k->size, w->size, sizeof k->size) == 0;
}

/* Makes room for `bytes` more. Kernels whose weights are gone cannot be told, so the longest unused go. 0: too
** large. */
static int make_room(size_t bytes) {
  for (;;) {
    size_t sum = bytes;
    cached *old = NULL;
    for (int i = 0; i < PLACES; i++)
      if (kernels[i].u) {
        sum += kernels[i].u->bytes;
        if (!old || kernels[i].last < old->last) old = kernels + i;
      }
    if (sum <= MOST_BYTES) return 1;
    if (!old) return 0;
    drop(old);
  }
}

/* Finds the entry of w, or empties the one that was longest unused for it. */
static cached *entry_of(const gn_tensor *w, int form, gn_conv_pass pass) {
  cached *k = NULL, *oldest = kernels;
  for (int i = 0; i < PLACES; i++) {
    if (same_kernel(kernels + i, w, form, pass)) k = kernels + i;
    if (kernels[i].last < oldest->last) oldest = kernels + i;
  }
  if (k && k->version == w->storage->version) return k;
  if (!k) k = oldest;
  drop(k);
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
  cached *k = entry_of(w, gn_conv2d_kernel_form(d, pass), pass);
  k->last = ++uses;
  const size_t bytes = (size_t)size * sizeof(gn_real);
  const int wanted = !k->u && (++k->uses >= LEAST_USES || pass == GN_CONV_RELU);
  if (wanted && make_room(bytes) && (k->u = gn_storage_new(bytes)) != NULL)
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
