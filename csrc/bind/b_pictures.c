/* b_pictures.c - the pictures of a set for Lua: some of them by number, and their checksums. */
#include "../kernels/index.h"
#include "../par.h"
#include "bind.h"
#include <zlib.h>

/* The u8 tensor (N,...) at arg: a set's pictures. */
static gn_tensor *check_set(lua_State *L, int arg) {
  gn_tensor *t = gn_check_dense_u8(L, arg, "images");
  if (t->nd < 1) gn_shape_error(L, arg, "images", "(N,...)", NULL);
  return t;
}

/* What the table or tensor at arg lists: numbers of pictures, each in 0 .. n-1. Puts i32 (how many) in its place. */
static gn_tensor *check_list(lua_State *L, int arg, const char *name, gn_int n) {
  gn_tensor *t;
  if (lua_type(L, arg) == LUA_TTABLE) {
    const gn_int count = (gn_int)lua_rawlen(L, arg);
    t = gn_new_tensor(L, GN_I32, 1, &count);
    for (gn_int i = 0; i < count; i++) {
      int ok = 0;
      lua_rawgeti(L, arg, (lua_Integer)i + 1);
      const lua_Integer v = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &ok) : 0;
      if (!ok || v < 0 || v >= n)
        gn_argerror(L, arg, name, "expected integers in 0..%I, got %s at entry %I", (lua_Integer)(n - 1),
                    gn_found(L, lua_gettop(L)), (lua_Integer)(i + 1));
      gn_i32_ptr(t)[i] = (int32_t)v;
      lua_pop(L, 1);
    }
    lua_replace(L, arg);
    return t;
  }
  t = gn_test_tensor(L, arg);
  if (!t || t->dtype != GN_I32 || t->nd != 1) gn_expected(L, arg, name, "a list of integers or an i32 tensor (n)");
  t = gn_check_dense_i32(L, arg, name);
  for (gn_int i = 0; i < t->size[0]; i++) {
    const int32_t v = gn_i32_ptr(t)[i];
    if (v < 0 || v >= n)
      gn_argerror(L, arg, name, "expected integers in 0..%I, got %d at entry %I", (lua_Integer)(n - 1), (int)v,
                  (lua_Integer)(i + 1));
  }
  return t;
}

/* core.rows(list, images u8 (N,...)) -> u8 (n,...): those that a table of integers or i32 (n) lists, from 0. */
static int rows(lua_State *L) {
  lua_settop(L, 2);
  const gn_tensor *t = check_set(L, 2), *list = check_list(L, 1, "list", t->size[0]);
  gn_int size[GN_MAXD] = {list->size[0]};
  for (int k = 1; k < t->nd; k++) size[k] = t->size[k];
  gn_tensor *y = gn_new_tensor(L, GN_U8, t->nd, size);
  if (gn_numel(t->nd, size) > 0)
    gn_gather_rows(gn_u8_ptr(y), gn_u8_ptr(t), gn_i32_ptr(list), size[0], gn_numel(t->nd - 1, size + 1));
  return 1;
}

/* core.row_crcs(images u8 (N,...)) -> i32 (N): the CRC-32 of each picture's bytes, its 32 bits as they are. */
static int row_crcs(lua_State *L) {
  const gn_tensor *t = check_set(L, 1);
  const gn_int n = t->size[0], row = gn_numel(t->nd - 1, t->size + 1);
  gn_tensor *y = gn_new_tensor(L, GN_I32, 1, &n);
  const uint8_t *p = gn_u8_ptr(t);
  int32_t *out = gn_i32_ptr(y);
  GN_PARALLEL_FOR_IF(n * row > GN_PAR_MIN)
  for (gn_int i = 0; i < n; i++) out[i] = (int32_t)(uint32_t)(row > 0 ? crc32_z(0, p + i * row, (size_t)row) : 0);
  return 1;
}

static const luaL_Reg funcs[] = {{"rows", rows}, {"row_crcs", row_crcs}, {NULL, NULL}};

void gn_open_pictures(lua_State *L) { gn_register(L, funcs); }
