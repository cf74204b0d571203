/* b_rng.c - named random streams: core.rng(seed, name) and its methods. */
#include "bind.h"

static gn_rng *check_self(lua_State *L) { return gn_check_rng(L, 1, "rng"); }

/* core.rng(seed [, name = ""]) -> stream; the same seed and name give the same numbers. */
static int rng(lua_State *L) {
  size_t len = 0;
  gn_int seed = gn_check_int(L, 1, "seed", INT64_MIN, INT64_MAX);
  if (!lua_isnoneornil(L, 2) && lua_type(L, 2) != LUA_TSTRING) gn_expected(L, 2, "name", "a string");
  const char *name = lua_isnoneornil(L, 2) ? "" : lua_tolstring(L, 2, &len);
  gn_rng *r = lua_newuserdatauv(L, sizeof *r, 0);
  *r = (gn_rng){.key = gn_rng_key((uint64_t)seed, name, len)};
  luaL_setmetatable(L, GN_T_RNG);
  return 1;
}

/* rng:uniform(shape [, lo = 0 [, hi = 1]]) -> real tensor in [lo,hi). */
static int uniform(lua_State *L) {
  gn_rng *r = check_self(L);
  gn_shape s;
  gn_check_shape(L, 2, "shape", &s);
  gn_real lo = gn_opt_number(L, 3, "lo", 0), hi = gn_opt_number(L, 4, "hi", 1);
  gn_tensor *t = gn_new_real(L, s.nd, s.size);
  gn_rng_uniform(r, gn_real_ptr(t), gn_numel(s.nd, s.size), lo, hi);
  return 1;
}

/* rng:normal(shape [, mean = 0 [, std = 1]]) -> real tensor. */
static int normal(lua_State *L) {
  gn_rng *r = check_self(L);
  gn_shape s;
  gn_check_shape(L, 2, "shape", &s);
  gn_real mean = gn_opt_number(L, 3, "mean", 0), std = gn_opt_number(L, 4, "std", 1);
  gn_tensor *t = gn_new_real(L, s.nd, s.size);
  gn_rng_normal(r, gn_real_ptr(t), gn_numel(s.nd, s.size), mean, std);
  return 1;
}

/* rng:integer(shape, lo, hi) -> i32 tensor of integers in lo..hi. */
static int integer(lua_State *L) {
  gn_rng *r = check_self(L);
  gn_shape s;
  gn_check_shape(L, 2, "shape", &s);
  int32_t lo = (int32_t)gn_check_int(L, 3, "lo", INT32_MIN, INT32_MAX),
          hi = (int32_t)gn_check_int(L, 4, "hi", lo, INT32_MAX);
  gn_tensor *t = gn_new_tensor(L, GN_I32, s.nd, s.size);
  gn_rng_integer(r, gn_i32_ptr(t), gn_numel(s.nd, s.size), lo, hi);
  return 1;
}

/* rng:permutation(n) -> i32 tensor (n): 0..n-1 in random order. */
static int permutation(lua_State *L) {
  gn_rng *r = check_self(L);
  gn_int n = gn_check_int(L, 2, "n", 0, INT32_MAX);
  gn_tensor *t = gn_new_tensor(L, GN_I32, 1, &n);
  gn_rng_permutation(r, gn_i32_ptr(t), n);
  return 1;
}

/* rng:choose(sub, rows i32 (n), counts i32 (n)) -> i32 (n): of each row one of its so many things, from 0; -1 where it
** has none. The choice is floor(w * count / 2^32), w the first word of block `row` of sequence `sub`: a function of the
** stream's key, sub and row, which neither reads nor moves the stream's place. */
static int choose(lua_State *L) {
  const gn_rng *r = check_self(L);
  const gn_int sub = gn_check_int(L, 2, "sub", 0, INT64_MAX);
  const gn_tensor *rows = gn_check_dense_i32(L, 3, "rows"), *counts = gn_check_dense_i32(L, 4, "counts");
  if (rows->nd != 1) gn_shape_error(L, 3, "rows", "(n)", NULL);
  if (counts->nd != 1 || counts->size[0] != rows->size[0]) gn_shape_error(L, 4, "counts", "(n)", "to match rows");
  const gn_int n = rows->size[0];
  int32_t *out = gn_i32_ptr(gn_new_tensor(L, GN_I32, 1, &n));
  const int32_t *row = gn_i32_ptr(rows), *count = gn_i32_ptr(counts);
  for (gn_int i = 0; i < n; i++) {
    uint32_t w[4];
    gn_philox(r->key, (uint64_t)sub, (uint64_t)row[i], w);
    out[i] = count[i] > 0 ? (int32_t)((uint64_t)w[0] * (uint64_t)count[i] >> 32) : -1;
  }
  return 1;
}

/* rng:state() -> key, counter (two integers); rng:load(key, counter) restores them. */
static int state(lua_State *L) {
  gn_rng *r = check_self(L);
  lua_pushinteger(L, (lua_Integer)r->key);
  lua_pushinteger(L, (lua_Integer)r->counter);
  return 2;
}

static int load(lua_State *L) {
  gn_rng *r = check_self(L);
  gn_int key = gn_check_int(L, 2, "key", INT64_MIN, INT64_MAX),
         counter = gn_check_int(L, 3, "counter", INT64_MIN, INT64_MAX);
  *r = (gn_rng){.key = (uint64_t)key, .counter = (uint64_t)counter};
  lua_settop(L, 1);
  return 1;
}

static const luaL_Reg methods[] = {
    {"uniform", uniform}, {"normal", normal}, {"integer", integer}, {"permutation", permutation},
    {"choose", choose},   {"state", state},   {"load", load},       {NULL, NULL},
};
/* core.is_rng(v) -> whether v is a stream. */
static int is_rng(lua_State *L) {
  lua_pushboolean(L, luaL_testudata(L, 1, GN_T_RNG) != NULL);
  return 1;
}

static const luaL_Reg funcs[] = {{"rng", rng}, {"is_rng", is_rng}, {NULL, NULL}};

static const gn_class class = {GN_T_RNG, "rng", "a random stream", methods, NULL};

void gn_open_rng(lua_State *L) {
  gn_register_class(L, &class);
  gn_register(L, funcs);
}
