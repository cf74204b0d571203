/* b_index.c - joining tensors, and rows and elements by index, for Lua. Axes count from 1; indices in i32 tensors
** from 0. */
#include "../kernels/index.h"
#include "bind.h"
#include <string.h>

/* The indices idx, i32 and contiguous, each in 0 .. n-1. To be called when the result is allocated: before that a
** finalizer may write into them. */
static const int32_t *check_indices(lua_State *L, int arg, const gn_tensor *idx, gn_int n) {
  const int32_t *p = gn_i32_ptr(idx);
  const gn_int count = gn_numel(idx->nd, idx->size);
  for (gn_int i = 0; i < count; i++)
    if (p[i] < 0 || p[i] >= n)
      gn_argerror(L, arg, "idx", "expected indices in 0..%I, got %d at element %I", (lua_Integer)(n - 1), (int)p[i],
                  (lua_Integer)(i + 1));
  return p;
}

/* The product of sizes from .. to-1. */
static gn_int span_numel(const gn_tensor *t, int from, int to) { return gn_numel(to - from, t->size + from); }

/* cat(list, axis): tensors of one dtype whose sizes agree except along axis */
static int cat(lua_State *L) {
  lua_settop(L, 2);
  if (lua_type(L, 1) != LUA_TTABLE) gn_expected(L, 1, "list", "a table of tensors");
  lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
  if (n < 1 || n > 100000) gn_argerror(L, 1, "list", "expected 1..100000 tensors, got %I", n);
  luaL_checkstack(L, (int)n + 16, "cat: too many tensors");
  const gn_tensor *first = NULL;
  gn_int size[GN_MAXD];
  int axis = 0;
  for (int i = 1; i <= (int)n; i++) { /* stack: list, axis, tensor 1 .. i, each contiguous */
    char name[32] = "list[";
    int len = 5, digits = 1;
    for (int v = i; v >= 10; v /= 10) digits++;
    for (int v = i, d = len + digits; d > len; v /= 10) name[--d] = (char)('0' + v % 10);
    memcpy(name + len + digits, "]", 2);
    lua_rawgeti(L, 1, i);
    gn_tensor *t = gn_test_tensor(L, 2 + i);
    if (!t) {
      const char *got = luaL_tolstring(L, -1, NULL);
      gn_argerror(L, 1, name, "expected a tensor, got %s", got);
    }
    if (!first) {
      if (t->nd == 0) gn_argerror(L, 1, name, "a tensor without dimensions has no axis to join");
      axis = gn_check_axis(L, 2, "axis", t->nd);
      memcpy(size, t->size, sizeof size);
      size[axis] = 0;
    }
    int same = !first || (t->nd == first->nd && t->dtype == first->dtype);
    for (int d = 0; same && first && d < t->nd; d++) same = d == axis || t->size[d] == first->size[d];
    if (!same)
      gn_argerror(L, 1, name, "%s does not join %s along axis %d, or has another dtype",
                  gn_shape_str(L, t->nd, t->size), gn_shape_str(L, first->nd, first->size), axis + 1);
    size[axis] += t->size[axis];
    t = gn_check_dense_any(L, 2 + i, name);
    if (!first) first = t;
  }
  gn_tensor *y = gn_new_tensor(L, first->dtype, first->nd, size);
  if (gn_numel(y->nd, size) == 0) return 1;
  gn_int outer = span_numel(y, 0, axis), at = 0;
  gn_int unit = span_numel(y, axis + 1, y->nd) * (gn_int)gn_dtype_size(y->dtype);
  for (int i = 1; i <= (int)n; i++) {
    const gn_tensor *t = gn_test_tensor(L, 2 + i);
    gn_int part = t->size[axis] * unit;
    if (part > 0) gn_cat_part(gn_tensor_ptr(y), gn_tensor_ptr(t), outer, part, size[axis] * unit, at);
    at += part;
  }
  return 1;
}

/* gather_rows(x (R,...) of any dtype, idx i32 of any shape) -> idx's shape followed by x's row shape */
static int gather_rows(lua_State *L) {
  gn_tensor *x = gn_check_tensor(L, 1, "x");
  gn_int size[GN_MAXD];
  if (x->nd < 1) gn_shape_error(L, 1, "x", "(R,...)", NULL);
  x = gn_check_dense_any(L, 1, "x");
  const gn_tensor *idx = gn_check_dense_i32(L, 2, "idx");
  int nd = idx->nd + x->nd - 1;
  if (nd > GN_MAXD)
    gn_shape_error(L, 2, "idx", lua_pushfstring(L, "at most %d dimensions", GN_MAXD - (x->nd - 1)), "for this x");
  memcpy(size, idx->size, sizeof *size * (size_t)idx->nd);
  memcpy(size + idx->nd, x->size + 1, sizeof *size * (size_t)(x->nd - 1));
  gn_tensor *y = gn_new_tensor(L, x->dtype, nd, size);
  const int32_t *at = check_indices(L, 2, idx, x->size[0]);
  gn_int row = span_numel(x, 1, x->nd) * (gn_int)gn_dtype_size(x->dtype);
  if (gn_numel(nd, size) > 0) gn_gather_rows(gn_tensor_ptr(y), gn_tensor_ptr(x), at, gn_numel(idx->nd, idx->size), row);
  return 1;
}

/* scatter_rows(y (idx's shape, ...), idx i32, rows) -> (rows,...): row idx[i] += y[i] on zeros */
static int scatter_rows(lua_State *L) {
  const gn_tensor *y = gn_check_dense(L, 1, "y");
  gn_int size[GN_MAXD];
  gn_int rows = gn_check_int(L, 3, "rows", 0, INT32_MAX);
  const gn_tensor *idx = gn_check_dense_i32(L, 2, "idx");
  int same = y->nd >= idx->nd;
  for (int i = 0; same && i < idx->nd; i++) same = y->size[i] == idx->size[i];
  if (!same) {
    const char *want = gn_shape_str(L, idx->nd, idx->size);
    gn_shape_error(L, 1, "y", lua_pushfstring(L, "idx's shape %s, then a row's shape", want), NULL);
  }
  int nd = y->nd - idx->nd + 1;
  if (nd > GN_MAXD)
    gn_shape_error(L, 1, "y", lua_pushfstring(L, "at most %d dimensions", GN_MAXD - 1), "for one index");
  size[0] = rows;
  memcpy(size + 1, y->size + idx->nd, sizeof *size * (size_t)(nd - 1));
  gn_tensor *x = gn_new_real(L, nd, size);
  const int32_t *at = check_indices(L, 2, idx, rows);
  if (gn_numel(nd, size) > 0)
    gn_scatter_rows(gn_real_ptr(x), gn_real_ptr(y), at, gn_numel(idx->nd, idx->size), rows,
                    span_numel(y, idx->nd, y->nd));
  return 1;
}

/* Raises unless t has the dimensions of idx, equal except along axis. */
static void check_along(lua_State *L, int arg, const char *name, const gn_tensor *t, const gn_tensor *idx, int axis) {
  int same = t->nd == idx->nd;
  for (int i = 0; same && i < t->nd; i++) same = i == axis || t->size[i] == idx->size[i];
  if (same) return;
  const char *want = gn_shape_str(L, idx->nd, idx->size);
  gn_shape_error(L, arg, name, lua_pushfstring(L, "idx's shape %s except along axis %d", want, axis + 1), NULL);
}

/* take_along(x, idx i32, axis) -> idx's shape: y[.., j, ..] = x[.., idx[.., j, ..], ..] */
static int take_along(lua_State *L) {
  const gn_tensor *x = gn_check_dense(L, 1, "x");
  int axis = gn_check_axis(L, 3, "axis", x->nd);
  const gn_tensor *idx = gn_check_dense_i32(L, 2, "idx");
  check_along(L, 1, "x", x, idx, axis);
  gn_tensor *y = gn_new_real_like(L, idx);
  const int32_t *at = check_indices(L, 2, idx, x->size[axis]);
  if (gn_numel(y->nd, y->size) > 0)
    gn_take_along(gn_real_ptr(y), gn_real_ptr(x), at, span_numel(x, 0, axis), x->size[axis], idx->size[axis],
                  span_numel(x, axis + 1, x->nd));
  return 1;
}

/* put_along(y, idx i32 of y's shape, axis, n) -> y's shape with n along axis: x[.., idx[.., j, ..], ..] += y[.., j,
** ..] */
static int put_along(lua_State *L) {
  const gn_tensor *y = gn_check_dense(L, 1, "y");
  gn_int size[GN_MAXD];
  int axis = gn_check_axis(L, 3, "axis", y->nd);
  gn_int n = gn_check_int(L, 4, "n", 0, INT32_MAX);
  const gn_tensor *idx = gn_check_dense_i32(L, 2, "idx");
  gn_check_same_size(L, 1, "y", y, idx, "idx");
  memcpy(size, y->size, sizeof *size * (size_t)y->nd);
  size[axis] = n;
  gn_tensor *x = gn_new_real(L, y->nd, size);
  const int32_t *at = check_indices(L, 2, idx, n);
  if (gn_numel(x->nd, size) > 0)
    gn_put_along(gn_real_ptr(x), gn_real_ptr(y), at, span_numel(y, 0, axis), n, y->size[axis],
                 span_numel(y, axis + 1, y->nd));
  return 1;
}

/* one_hot(idx i32, classes) -> idx's shape followed by classes */
static int one_hot(lua_State *L) {
  gn_int classes = gn_check_int(L, 2, "classes", 1, INT32_MAX);
  const gn_tensor *idx = gn_check_dense_i32(L, 1, "idx");
  gn_int size[GN_MAXD];
  if (idx->nd + 1 > GN_MAXD)
    gn_shape_error(L, 1, "idx", lua_pushfstring(L, "at most %d dimensions", GN_MAXD - 1), NULL);
  memcpy(size, idx->size, sizeof *size * (size_t)idx->nd);
  size[idx->nd] = classes;
  gn_tensor *y = gn_new_real(L, idx->nd + 1, size);
  gn_one_hot(gn_real_ptr(y), check_indices(L, 1, idx, classes), gn_numel(idx->nd, idx->size), classes);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"cat", cat},
    {"gather_rows", gather_rows},
    {"one_hot", one_hot},
    {"put_along", put_along},
    {"scatter_rows", scatter_rows},
    {"take_along", take_along},
    {NULL, NULL},
};

void gn_open_index(lua_State *L) { gn_register(L, funcs); }
