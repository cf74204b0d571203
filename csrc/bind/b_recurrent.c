/* b_recurrent.c - recurrent nets for Lua. */
#include "../kernels/recurrent.h"
#include "bind.h"

/* Raises unless t is of the given size. */
static void check_size(lua_State *L, int arg, const char *name, const gn_tensor *t, int nd, const gn_int *size) {
  int same = t->nd == nd;
  for (int i = 0; same && i < nd; i++) same = t->size[i] == size[i];
  if (!same) gn_shape_error(L, arg, name, gn_shape_str(L, nd, size), "to match a and u");
}

/* The shape that a (N,L,3H), at argument `arg`, and u (H,3H) at arg + 1 have. */
static gn_gru_shape check_shapes(lua_State *L, int arg, const gn_int *size, const gn_tensor *u) {
  const gn_gru_shape s = {size[0], size[1], u->size[0]};
  if (s.h < 1 || s.h > INT32_MAX || u->size[1] != 3 * s.h) gn_shape_error(L, arg + 1, "u", "(H,3H)", "with H >= 1");
  return s;
}

/* nil, or i32 (N), each 0..L; to be read by lengths_of when the last allocation is done. */
static const gn_tensor *opt_lengths(lua_State *L, int arg, gn_int n) {
  if (lua_isnoneornil(L, arg)) return NULL;
  const gn_tensor *t = gn_check_dense_i32(L, arg, "lengths");
  if (t->nd != 1 || t->size[0] != n) {
    const gn_int size[1] = {n};
    gn_shape_error(L, arg, "lengths", gn_shape_str(L, 1, size), "one for each sequence");
  }
  return t;
}

static const int32_t *lengths_of(lua_State *L, int arg, const gn_tensor *t, gn_int most) {
  if (!t) return NULL;
  const int32_t *v = gn_i32_ptr(t);
  for (gn_int i = 0; i < t->size[0]; i++)
    if (v[i] < 0 || v[i] > most)
      gn_argerror(L, arg, "lengths", "expected lengths in 0..%I, got %d at element %I", (lua_Integer)most, (int)v[i],
                  (lua_Integer)i + 1);
  return v;
}

/* gru(a (N,L,3H), u (H,3H), c (3H) [, h0 (N,H), lengths i32 (N)]) -> y (N,L,H), gates (N,L,5H) */
static int gru(lua_State *L) {
  const gn_tensor *a = gn_check_dense_nd(L, 1, "a", 3), *u = gn_check_dense_nd(L, 2, "u", 2);
  const gn_gru_shape s = check_shapes(L, 1, a->size, u);
  const gn_int size[3] = {s.n, s.l, s.h}, gates_size[3] = {s.n, s.l, 5 * s.h}, a_size[3] = {s.n, s.l, 3 * s.h};
  const gn_int state[2] = {s.n, s.h};
  check_size(L, 1, "a", a, 3, a_size);
  const gn_tensor *c = gn_check_dense_nd(L, 3, "c", 1);
  check_size(L, 3, "c", c, 1, a_size + 2);
  lua_settop(L, 5);
  const gn_tensor *h0 = gn_opt_dense(L, 4, "h0");
  if (h0) check_size(L, 4, "h0", h0, 2, state);
  const gn_tensor *lengths = opt_lengths(L, 5, s.n);
  gn_real *work = gn_scratch(L, gn_gru_work(s));
  const int at = lua_gettop(L);
  gn_tensor *y = gn_new_real(L, 3, size), *gates = gn_new_real(L, 3, gates_size);
  const int32_t *steps = lengths_of(L, 5, lengths, s.l);
  gn_gru(gn_real_ptr(y), gn_real_ptr(gates), gn_real_ptr(a), gn_real_ptr(u), gn_real_ptr(c),
         h0 ? gn_real_ptr(h0) : NULL, steps, s, work);
  gn_scratch_free(L, at);
  return 2;
}

/* gru_grad(dy (N,L,H), gates (N,L,5H), u (H,3H) [, lengths i32 (N)]) -> da (N,L,3H), dp (N,L,3H), dh0 (N,H): for the
** op's rule */
static int gru_grad(lua_State *L) {
  const gn_tensor *dy = gn_check_dense_nd(L, 1, "dy", 3), *gates = gn_check_dense_nd(L, 2, "gates", 3);
  const gn_tensor *u = gn_check_dense_nd(L, 3, "u", 2);
  const gn_gru_shape s = check_shapes(L, 2, dy->size, u);
  const gn_int size[3] = {s.n, s.l, s.h}, gates_size[3] = {s.n, s.l, 5 * s.h}, a_size[3] = {s.n, s.l, 3 * s.h};
  const gn_int state[2] = {s.n, s.h};
  check_size(L, 1, "dy", dy, 3, size);
  check_size(L, 2, "gates", gates, 3, gates_size);
  lua_settop(L, 4);
  const gn_tensor *lengths = opt_lengths(L, 4, s.n);
  gn_real *work = gn_scratch(L, gn_gru_work(s));
  const int at = lua_gettop(L);
  gn_tensor *da = gn_new_real(L, 3, a_size), *dp = gn_new_real(L, 3, a_size), *dh0 = gn_new_real(L, 2, state);
  const int32_t *steps = lengths_of(L, 4, lengths, s.l);
  gn_gru_grad(gn_real_ptr(da), gn_real_ptr(dp), gn_real_ptr(dh0), gn_real_ptr(dy), gn_real_ptr(gates), gn_real_ptr(u),
              steps, s, work);
  gn_scratch_free(L, at);
  return 3;
}

static const luaL_Reg funcs[] = {
    {"gru", gru},
    {"gru_grad", gru_grad},
    {NULL, NULL},
};

void gn_open_recurrent(lua_State *L) { gn_register(L, funcs); }
