/* b_minibatch.c - minibatch discrimination for Lua. */
#include "../kernels/minibatch.h"
#include "bind.h"

/* core.minibatch_similarity(m (N,B,C)) -> (N,B) */
static int minibatch_similarity(lua_State *L) {
  const gn_tensor *m = gn_check_dense_nd(L, 1, "m", 3);
  const gn_int n = m->size[0], b = m->size[1], c = m->size[2];
  gn_real *work = gn_scratch(L, gn_minibatch_work(n, b, c));
  const int at = lua_gettop(L);
  gn_tensor *o = gn_new_real(L, 2, m->size);
  gn_minibatch(gn_real_ptr(o), gn_real_ptr(m), n, b, c, work);
  gn_scratch_free(L, at);
  return 1;
}

/* core.minibatch_similarity_grad(g (N,B), m (N,B,C)) -> dm */
static int minibatch_similarity_grad(lua_State *L) {
  const gn_tensor *g = gn_check_dense_nd(L, 1, "g", 2), *m = gn_check_dense_nd(L, 2, "m", 3);
  const gn_int n = m->size[0], b = m->size[1], c = m->size[2];
  if (g->size[0] != n || g->size[1] != b) {
    const char *want = gn_shape_str(L, 2, m->size);
    gn_shape_error(L, 1, "g", want, "to match m");
  }
  gn_real *work = gn_scratch(L, gn_minibatch_work(n, b, c));
  const int at = lua_gettop(L);
  gn_tensor *dm = gn_new_real_like(L, m);
  gn_minibatch_grad(gn_real_ptr(dm), gn_real_ptr(g), gn_real_ptr(m), n, b, c, work);
  gn_scratch_free(L, at);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"minibatch_similarity", minibatch_similarity},
    {"minibatch_similarity_grad", minibatch_similarity_grad},
    {NULL, NULL},
};

void gn_open_minibatch(lua_State *L) { gn_register(L, funcs); }
