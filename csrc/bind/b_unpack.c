/* b_unpack.c - numbers in the formats of foreign files, into tensors. */
#include "../kernels/unpack.h"
#include "bind.h"
#include <string.h>

/* in the order of gn_packed */
static const char *const formats[] = {"f2", "bf2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1"};

static gn_packed check_format(lua_State *L, int arg) {
  const char *s = lua_type(L, arg) == LUA_TSTRING ? lua_tostring(L, arg) : "";
  for (int i = 0; i < (int)(sizeof formats / sizeof *formats); i++)
    if (strcmp(s, formats[i]) == 0) return (gn_packed)i;
  gn_expected(L, arg, "format", "f2, bf2, f4, f8, i1, i2, i4, i8, u1 or b1");
  return GN_PACKED_U1;
}

/* A dtype that holds what the format does: floats, or integers. */
static gn_dtype check_dtype(lua_State *L, int arg, gn_packed format) {
  unsigned may = 0;
  for (int i = 0; i < GN_DTYPES; i++)
    if (gn_dtype_is_float((gn_dtype)i) == gn_packed_is_float(format)) may |= 1u << i;
  return gn_check_dtype(L, arg, "dtype", may);
}

/* Strides of the packed elements: argument arg, row-major where there is none. */
static void opt_strides(lua_State *L, int arg, const gn_shape *s, gn_int *stride) {
  gn_strides(s->nd, s->size, stride);
  if (lua_isnoneornil(L, arg)) return;
  if (lua_type(L, arg) != LUA_TTABLE || (gn_int)lua_rawlen(L, arg) != s->nd)
    gn_expected(L, arg, "strides", "%d strides", s->nd);
  for (int d = 0; d < s->nd; d++) {
    int ok = 0;
    lua_rawgeti(L, arg, d + 1);
    stride[d] = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &ok) : 0;
    lua_pop(L, 1);
    if (!ok || stride[d] < 0) gn_argerror(L, arg, "strides", "stride %d: expected an integer >= 0", d + 1);
  }
}

/* 1: all elements of a view that begins at `first` lie within n. */
static int inside(const gn_shape *s, const gn_int *stride, gn_int first, gn_int n) {
  if (gn_numel(s->nd, s->size) == 0) return 1;
  if (first >= n) return 0;
  gn_int room = n - 1 - first;
  for (int d = 0; d < s->nd; d++) {
    if (stride[d] > 0 && s->size[d] - 1 > room / stride[d]) return 0;
    room -= (s->size[d] - 1) * stride[d];
  }
  return 1;
}

static int bad(lua_State *L, const char *message) {
  luaL_pushfail(L);
  lua_pushstring(L, message);
  return 2;
}

/* core.unpack(bytes, format, dtype, shape [, first = 0 [, strides]]) -> tensor of dtype, or nil, message. bytes: u8,
** the numbers as a file has them, little-endian; format: f2, bf2 (bfloat16), f4, f8, i1, i2, i4, i8, u1 or b1 (truth
** values); dtype: real or f64 for floats, i32 or u8 for the others. The result's elements begin at number `first`
** (from 0) and lie `strides` apart (default: row-major). Refused with a message: elements beyond the bytes, integers
** that do not fit. */
static int unpack(lua_State *L) {
  gn_tensor *bytes = gn_check_dense_u8(L, 1, "bytes");
  const gn_packed format = check_format(L, 2);
  const gn_dtype dtype = check_dtype(L, 3, format);
  gn_shape s;
  gn_check_shape(L, 4, "shape", &s);
  const gn_int first = gn_opt_int(L, 5, "first", 0, INT64_MAX, 0),
               n = gn_numel(bytes->nd, bytes->size) / (gn_int)gn_packed_size(format);
  gn_tensor from = {.dtype = dtype, .nd = s.nd};
  memcpy(from.size, s.size, sizeof s.size);
  opt_strides(L, 6, &s, from.stride);
  if (!inside(&s, from.stride, first, n))
    return bad(L, lua_pushfstring(L, "elements beyond the %I that are there", (lua_Integer)n));
  gn_tensor *t = gn_new_tensor(L, dtype, s.nd, s.size);
  if (gn_numel(s.nd, s.size) == 0) return 1;
  const gn_tensor *ops[2] = {t, &from};
  gn_plan p;
  gn_plan_make(&p, &s, ops, 2);
  const gn_int at =
      gn_unpack(gn_tensor_ptr(t), dtype, gn_u8_ptr(bytes) + (size_t)first * gn_packed_size(format), format, &p);
  if (at >= 0)
    return bad(L, lua_pushfstring(L, "element %I does not fit %s", (lua_Integer)at + 1, gn_dtype_name(dtype)));
  return 1;
}

static const luaL_Reg funcs[] = {{"unpack", unpack}, {NULL, NULL}};

void gn_open_unpack(lua_State *L) {
  lua_newtable(L); /* core.packed: format -> bytes of one number */
  for (int i = 0; i < (int)(sizeof formats / sizeof *formats); i++) {
    lua_pushinteger(L, (lua_Integer)gn_packed_size((gn_packed)i));
    lua_setfield(L, -2, formats[i]);
  }
  lua_setfield(L, -2, "packed");
  gn_register(L, funcs);
}
