/* b_tensor.c - creating, viewing, reading and writing tensors. Axes and element positions count from 1 in Lua. */
#include "../kernels/copy.h"
#include "bind.h"
#include <string.h>

static gn_dtype opt_dtype(lua_State *L, int arg) {
  return lua_isnoneornil(L, arg) ? GN_REAL : gn_check_dtype(L, arg, "dtype", GN_ANY_DTYPE);
}

static char *element(const gn_tensor *t, gn_int at) {
  return (char *)t->storage->data + (size_t)at * gn_dtype_size(t->dtype);
}

static void store(gn_tensor *t, gn_int at, double v) { gn_store_elements(element(t, at), t->dtype, 1, &v, 1); }

static void push_element(lua_State *L, const gn_tensor *t, gn_int at) {
  double v;
  gn_load_elements(&v, element(t, at), t->dtype, 1, 1);
  if (gn_dtype_is_float(t->dtype)) lua_pushnumber(L, v);
  else lua_pushinteger(L, (lua_Integer)v);
}

/* core.full(shape, value [, dtype]) -> tensor filled with value. */
static int full(lua_State *L) {
  gn_shape s;
  gn_check_shape(L, 1, "shape", &s);
  if (lua_type(L, 2) != LUA_TNUMBER) gn_expected(L, 2, "value", "a number");
  lua_Number v = lua_tonumber(L, 2);
  gn_tensor *t = gn_new_tensor(L, opt_dtype(L, 3), s.nd, s.size);
  gn_int n = gn_numel(s.nd, s.size);
  double many[256];
  const gn_int most = sizeof many / sizeof *many;
  for (gn_int i = 0; i < most; i++) many[i] = v;
  if (v == 0) memset(t->storage->data, 0, (size_t)n * gn_dtype_size(t->dtype));
  else
    for (gn_int i = 0; i < n; i += most) gn_store_elements(element(t, i), t->dtype, 1, many, GN_MIN(most, n - i));
  return 1;
}

static void infer_shape(lua_State *L, int idx, gn_shape *s) {
  s->nd = 0;
  lua_pushvalue(L, idx);
  int top = lua_gettop(L);
  while (lua_type(L, -1) == LUA_TTABLE) {
    if (s->nd == GN_MAXD) gn_argerror(L, 1, "values", "nested deeper than %d dimensions", GN_MAXD);
    gn_int n = (gn_int)lua_rawlen(L, -1);
    s->size[s->nd++] = n;
    if (n == 0) break;
    lua_rawgeti(L, -1, 1);
  }
  lua_settop(L, top - 1);
}

static gn_int fill_from(lua_State *L, int idx, gn_tensor *t, int d, gn_int at) {
  if (d == t->nd) {
    if (lua_type(L, idx) != LUA_TNUMBER)
      gn_argerror(L, 1, "values", "element %I: expected a number, got %s%s", (lua_Integer)at + 1, gn_found(L, idx),
                  gn_test_tensor(L, idx) ? "; gan.stack {x, y} makes one tensor of several" : "");
    store(t, at, lua_tonumber(L, idx));
    return at + 1;
  }
  if (lua_type(L, idx) != LUA_TTABLE || (gn_int)lua_rawlen(L, idx) != t->size[d])
    gn_argerror(L, 1, "values", "ragged table: dimension %d should have %s everywhere", d + 1,
                gn_count(L, t->size[d], "number"));
  luaL_checkstack(L, 2, "nested table");
  for (gn_int i = 1; i <= t->size[d]; i++) {
    lua_rawgeti(L, idx, i);
    at = fill_from(L, lua_gettop(L), t, d + 1, at);
    lua_pop(L, 1);
  }
  return at;
}

/* core.tensor(values [, dtype]) -> tensor from a number or nested tables of numbers. */
static int tensor(lua_State *L) {
  gn_shape s;
  if (lua_type(L, 1) != LUA_TTABLE && lua_type(L, 1) != LUA_TNUMBER)
    gn_expected(L, 1, "values", "a number or nested tables of numbers");
  gn_dtype dt = opt_dtype(L, 2);
  infer_shape(L, 1, &s);
  if (!gn_size_ok(s.nd, s.size)) gn_argerror(L, 1, "values", "too large");
  gn_tensor *t = gn_new_tensor(L, dt, s.nd, s.size);
  memset(t->storage->data, 0, t->storage->bytes);
  if (gn_numel(s.nd, s.size) > 0) fill_from(L, 1, t, 0, 0);
  return 1;
}

static void push_table(lua_State *L, const gn_tensor *t, int d, gn_int at) {
  if (d == t->nd) {
    push_element(L, t, at);
    return;
  }
  luaL_checkstack(L, 2, "nested table");
  lua_createtable(L, (int)GN_MIN(t->size[d], 1 << 20), 0);
  for (gn_int i = 0; i < t->size[d]; i++) {
    push_table(L, t, d + 1, at + i * t->stride[d]);
    lua_rawseti(L, -2, i + 1);
  }
}

/* core.to_table(t) -> number (0 dimensions) or nested tables. */
static int to_table(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  push_table(L, t, 0, t->offset);
  return 1;
}

/* core.item(t) -> the number in a tensor of one element. */
static int item(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  if (gn_numel(t->nd, t->size) != 1) gn_shape_error(L, 1, "t", "one element", NULL);
  push_element(L, t, t->offset);
  return 1;
}

static gn_int check_position(lua_State *L, const gn_tensor *t, int first) {
  gn_int at = t->offset;
  for (int d = 0; d < t->nd; d++) {
    gn_int i = gn_check_int(L, first + d, "position", 1, t->size[d]);
    at += (i - 1) * t->stride[d];
  }
  return at;
}

/* core.get(t, i, j, ...) -> number; one position per dimension. */
static int get(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  push_element(L, t, check_position(L, t, 2));
  return 1;
}

/* core.set_(t, value, i, j, ...) -> t. */
static int set_(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  gn_check_writable(L, 1, "t");
  if (lua_type(L, 2) != LUA_TNUMBER) gn_expected(L, 2, "value", "a number");
  store(t, check_position(L, t, 3), lua_tonumber(L, 2));
  gn_touch(t);
  lua_settop(L, 1);
  return 1;
}

/* core.shape(t) -> table of sizes. */
static int shape(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  lua_createtable(L, t->nd, 0);
  for (int i = 0; i < t->nd; i++) {
    lua_pushinteger(L, t->size[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* core.size(t, axis) -> integer. */
static int size(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  lua_pushinteger(L, t->size[gn_check_axis(L, 2, "axis", t->nd)]);
  return 1;
}

static int dim(lua_State *L) {
  lua_pushinteger(L, gn_check_tensor(L, 1, "t")->nd);
  return 1;
}

static int numel(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  lua_pushinteger(L, gn_numel(t->nd, t->size));
  return 1;
}

static int dtype(lua_State *L) {
  lua_pushstring(L, gn_dtype_name(gn_check_tensor(L, 1, "t")->dtype));
  return 1;
}

static int is_contiguous(lua_State *L) {
  lua_pushboolean(L, gn_is_contiguous(gn_check_tensor(L, 1, "t")));
  return 1;
}

static int is_tensor(lua_State *L) {
  lua_pushboolean(L, gn_test_tensor(L, 1) != NULL);
  return 1;
}

/* core.clone(t) -> contiguous copy. */
static int clone(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  gn_set_dense(gn_new_tensor(L, t->dtype, t->nd, t->size), t);
  return 1;
}

/* core.contiguous(t) -> a view of t if its elements are in row-major order, else a copy. */
static int contiguous(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  if (!gn_is_contiguous(t)) return clone(L);
  gn_new_view(L, t, t->nd, t->size, t->stride, t->offset);
  return 1;
}

/* core.alias(t) -> a view of all of t: the same elements, no graph node. */
static int alias(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  gn_new_view(L, t, t->nd, t->size, t->stride, t->offset);
  return 1;
}

/* core.copy_(dst, src) -> dst; src broadcasts to dst; dtypes are converted. */
static int copy_(lua_State *L) {
  gn_tensor *d = gn_check_tensor(L, 1, "dst"), *s = gn_check_tensor(L, 2, "src");
  gn_check_writable(L, 1, "dst");
  gn_shape sh;
  if (!gn_broadcast(d->nd, d->size, s->nd, s->size, &sh) || sh.nd != d->nd ||
      memcmp(sh.size, d->size, sizeof *d->size * (size_t)d->nd) != 0)
    gn_shape_error(L, 2, "src", "a shape that broadcasts to", gn_shape_str(L, d->nd, d->size));
  if (s->storage == d->storage) { /* views may overlap */
    gn_tensor *c = gn_new_tensor(L, s->dtype, s->nd, s->size);
    gn_set_dense(c, s);
    s = c;
  }
  const gn_tensor *ops[2] = {d, s};
  gn_plan p;
  gn_plan_make(&p, &sh, ops, 2);
  gn_convert(gn_tensor_ptr(d), d->dtype, gn_tensor_ptr(s), s->dtype, &p);
  gn_touch(d);
  lua_settop(L, 1);
  return 1;
}

/* core.to(t, dtype) -> converted copy. real, f64 -> u8, i32 rounds and saturates. */
static int to(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  gn_dtype dt = opt_dtype(L, 2);
  gn_tensor *y = gn_new_tensor(L, dt, t->nd, t->size);
  gn_shape s = {.nd = t->nd};
  memcpy(s.size, t->size, sizeof s.size);
  const gn_tensor *ops[2] = {y, t};
  gn_plan p;
  gn_plan_make(&p, &s, ops, 2);
  gn_convert(gn_tensor_ptr(y), dt, gn_tensor_ptr(t), t->dtype, &p);
  return 1;
}

/* core.reshape(t, shape) -> view where strides allow it, else a copy; one size may be -1. */
static int reshape(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  if (lua_type(L, 2) != LUA_TTABLE) gn_expected(L, 2, "shape", "a table of sizes");
  gn_int n = gn_numel(t->nd, t->size), known = 1;
  size_t nd = lua_rawlen(L, 2);
  gn_shape s = {.nd = (int)nd};
  int hole = -1;
  if (nd > GN_MAXD) gn_argerror(L, 2, "shape", "expected at most %d dimensions, got %I", GN_MAXD, (lua_Integer)nd);
  for (int i = 0; i < s.nd; i++) {
    int ok = 0;
    lua_rawgeti(L, 2, i + 1);
    s.size[i] = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &ok) : 0;
    lua_pop(L, 1);
    if (!ok || s.size[i] < -1 || (s.size[i] == -1 && hole >= 0))
      gn_argerror(L, 2, "shape", "size %d: expected an integer >= 0, or -1 once", i + 1);
    if (s.size[i] == -1) hole = i;
    else if (s.size[i] != 0 && known > ((gn_int)1 << 43) / s.size[i]) gn_argerror(L, 2, "shape", "too large");
    else known *= s.size[i];
  }
  if (hole >= 0 && known > 0 && n % known == 0) s.size[hole] = n / known;
  if ((hole >= 0 && s.size[hole] < 0) || gn_numel(s.nd, s.size) != n)
    gn_shape_error(L, 1, "t", lua_pushfstring(L, "a shape with as many elements as %s", gn_shape_str(L, s.nd, s.size)),
                   NULL);
  gn_int st[GN_MAXD];
  if (!gn_view_strides(t, s.nd, s.size, st)) {
    gn_tensor *c = gn_new_tensor(L, t->dtype, t->nd, t->size);
    gn_set_dense(c, t);
    t = c;
    gn_strides(s.nd, s.size, st);
  }
  gn_new_view(L, t, s.nd, s.size, st, t->offset);
  return 1;
}

/* core.permute(t, axes) -> view; axes is a permutation of 1..dim. */
static int permute(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  if (lua_type(L, 2) != LUA_TTABLE || (int)lua_rawlen(L, 2) != t->nd)
    gn_expected(L, 2, "axes", "a permutation of 1..%d", t->nd);
  gn_int sz[GN_MAXD], st[GN_MAXD];
  unsigned seen = 0;
  for (int i = 0; i < t->nd; i++) {
    const int a = gn_check_axis_entry(L, 2, "axes", i + 1, t->nd);
    if (seen & 1u << a) gn_argerror(L, 2, "axes", "axis %d appears twice", a + 1);
    seen |= 1u << a;
    sz[i] = t->size[a];
    st[i] = t->stride[a];
  }
  gn_new_view(L, t, t->nd, sz, st, t->offset);
  return 1;
}

/* core.expand(t, shape) -> view with stride 0 where a size 1 (or a missing leading one) is stretched. */
static int expand(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  gn_shape s, both;
  gn_check_shape(L, 2, "shape", &s);
  if (!gn_broadcast(s.nd, s.size, t->nd, t->size, &both) || both.nd != s.nd ||
      memcmp(both.size, s.size, sizeof *s.size * (size_t)s.nd) != 0)
    gn_shape_error(L, 1, "t", "a shape that broadcasts to", gn_shape_str(L, s.nd, s.size));
  gn_int st[GN_MAXD];
  for (int i = 0; i < s.nd; i++) {
    int j = i - (s.nd - t->nd);
    st[i] = j >= 0 && t->size[j] != 1 ? t->stride[j] : 0;
  }
  gn_new_view(L, t, s.nd, s.size, st, t->offset);
  return 1;
}

/* Pushes the view of t's elements start, start + step, ... along an axis; axis, start, length and step are the
** arguments from `first` on. */
static gn_tensor *narrowed(lua_State *L, const gn_tensor *t, int first) {
  int a = gn_check_axis(L, first, "axis", t->nd);
  gn_int start = gn_check_int(L, first + 1, "start", 1, t->size[a] + 1);
  gn_int step = gn_opt_int(L, first + 3, "step", 1, GN_MAX(t->size[a], 1), 1);
  gn_int len = gn_check_int(L, first + 2, "length", 0, (t->size[a] - start + step) / step);
  gn_int sz[GN_MAXD], st[GN_MAXD];
  memcpy(sz, t->size, sizeof sz);
  memcpy(st, t->stride, sizeof st);
  sz[a] = len;
  st[a] *= step;
  return gn_new_view(L, t, t->nd, sz, st, len > 0 ? t->offset + (start - 1) * t->stride[a] : t->offset);
}

/* core.narrow(t, axis, start, length [, step = 1]) -> view of elements start, start + step, ... along axis. */
static int narrow(lua_State *L) {
  narrowed(L, gn_check_tensor(L, 1, "t"), 2);
  return 1;
}

/* core.narrow_dx(g, shape, axis, start, length [, step = 1]) -> zeros of that shape, but g where narrow takes from. */
static int narrow_dx(lua_State *L) {
  lua_settop(L, 6);
  const gn_tensor *g = gn_check_real(L, 1, "g");
  gn_shape s;
  gn_check_shape(L, 2, "shape", &s);
  gn_tensor *x = gn_new_real(L, s.nd, s.size), *view = narrowed(L, x, 3);
  gn_check_same_size(L, 1, "g", g, view, "what is taken");
  memset(x->storage->data, 0, (size_t)gn_numel(s.nd, s.size) * sizeof(gn_real));
  const gn_tensor *ops[2] = {view, g};
  gn_shape taken = {.nd = view->nd};
  memcpy(taken.size, view->size, sizeof taken.size);
  gn_plan p;
  gn_plan_make(&p, &taken, ops, 2);
  gn_copy(gn_tensor_ptr(view), gn_tensor_ptr(g), sizeof(gn_real), &p);
  lua_pushvalue(L, 7);
  return 1;
}

/* core.to_bytes(t) -> string of the elements in row-major order; core.from_bytes(s, shape, dtype) is its inverse. */
static int to_bytes(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  if (!gn_is_contiguous(t)) {
    gn_tensor *c = gn_new_tensor(L, t->dtype, t->nd, t->size);
    gn_set_dense(c, t);
    t = c;
  }
  lua_pushlstring(L, gn_tensor_ptr(t), (size_t)gn_numel(t->nd, t->size) * gn_dtype_size(t->dtype));
  return 1;
}

static int from_bytes(lua_State *L) {
  gn_shape s;
  size_t len;
  if (lua_type(L, 1) != LUA_TSTRING) gn_expected(L, 1, "bytes", "a string");
  const char *p = lua_tolstring(L, 1, &len);
  gn_check_shape(L, 2, "shape", &s);
  gn_dtype dt = opt_dtype(L, 3);
  size_t want = (size_t)gn_numel(s.nd, s.size) * gn_dtype_size(dt);
  if (len != want)
    gn_argerror(L, 1, "bytes", "expected %s, got %I", gn_count(L, (gn_int)want, "byte"), (lua_Integer)len);
  gn_tensor *t = gn_new_tensor(L, dt, s.nd, s.size);
  memcpy(t->storage->data, p, len);
  return 1;
}

/* core.node(v) -> the graph node kept with a tensor (gan.autograd), nil if it has none or v is no tensor. */
static int node(lua_State *L) {
  if (gn_test_tensor(L, 1)) lua_getiuservalue(L, 1, 1);
  else lua_pushnil(L);
  return 1;
}

static int set_node(lua_State *L) {
  gn_check_tensor(L, 1, "t");
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, 1);
  return 0;
}

/* core.version(t) -> number of in-place writes to t's storage so far. */
static int version(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)gn_check_tensor(L, 1, "t")->storage->version);
  return 1;
}

/* core.same_storage(a, b) -> whether both are views of one buffer. */
static int same_storage(lua_State *L) {
  lua_pushboolean(L, gn_check_tensor(L, 1, "a")->storage == gn_check_tensor(L, 2, "b")->storage);
  return 1;
}

/* core.serial() -> the number that the next tensor handle gets. */
static int serial(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)gn_next_serial());
  return 1;
}

/* core.release_since(t, serial): lets go of t's memory now if t was made since core.serial() gave that number; t
** cannot be used any more. For the temporaries of gan.autograd. A finalizer leaves it to the collector. */
static int release_since(lua_State *L) {
  gn_tensor *t = gn_check_tensor(L, 1, "t");
  if (t->serial < (uint64_t)gn_check_int(L, 2, "serial", INT64_MIN, INT64_MAX) || gn_in_finalizer(L)) return 0;
  gn_discard(L, t->storage);
  t->storage = NULL;
  return 0;
}

/* core.sole_since(t, serial) -> whether t was made since core.serial() gave that number, is dense, and nothing else
** shares its memory. */
static int sole_since(lua_State *L) {
  const gn_tensor *t = gn_check_tensor(L, 1, "t");
  const int born = t->serial >= (uint64_t)gn_check_int(L, 2, "serial", INT64_MIN, INT64_MAX);
  lua_pushboolean(L, born && t->storage->refs == 1 && gn_is_contiguous(t));
  return 1;
}

static int tensor_gc(lua_State *L) {
  gn_tensor *t = luaL_checkudata(L, 1, GN_T_TENSOR);
  gn_storage_release(t->storage);
  t->storage = NULL;
  return 0;
}

/* Pushes {name = {size = bytes, float = boolean, safetensors = name, npy = descr}, ...}: what dtype.def knows. */
static void push_dtypes(lua_State *L) {
  static const struct {
    const char *name, *safetensors, *npy;
  } names[] = {
#define DTYPE(TAG, name, article, type, KIND, safetensors, npy) {#name, safetensors, npy},
#include "../dtype.def"
#undef DTYPE
  };
  lua_createtable(L, 0, GN_DTYPES);
  for (int i = 0; i < GN_DTYPES; i++) {
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, (lua_Integer)gn_dtype_size((gn_dtype)i));
    lua_setfield(L, -2, "size");
    lua_pushboolean(L, gn_dtype_is_float((gn_dtype)i));
    lua_setfield(L, -2, "float");
    lua_pushstring(L, names[i].safetensors);
    lua_setfield(L, -2, "safetensors");
    lua_pushstring(L, names[i].npy);
    lua_setfield(L, -2, "npy");
    lua_setfield(L, -2, names[i].name);
  }
}

static const luaL_Reg funcs[] = {
    {"tensor", tensor},
    {"full", full},
    {"from_bytes", from_bytes},
    {"to_bytes", to_bytes},
    {"to_table", to_table},
    {"item", item},
    {"get", get},
    {"set_", set_},
    {"shape", shape},
    {"size", size},
    {"dim", dim},
    {"numel", numel},
    {"dtype", dtype},
    {"to", to},
    {"is_tensor", is_tensor},
    {"is_contiguous", is_contiguous},
    {"contiguous", contiguous},
    {"clone", clone},
    {"alias", alias},
    {"copy_", copy_},
    {"reshape", reshape},
    {"permute", permute},
    {"expand", expand},
    {"narrow", narrow},
    {"narrow_dx", narrow_dx},
    {"node", node},
    {"set_node", set_node},
    {"version", version},
    {"same_storage", same_storage},
    {"serial", serial},
    {"release_since", release_since},
    {"sole_since", sole_since},
    {NULL, NULL},
};

void gn_open_tensor(lua_State *L) {
  luaL_newmetatable(L, GN_T_TENSOR);
  lua_pushcfunction(L, tensor_gc);
  lua_setfield(L, -2, "__gc");
  lua_pushstring(L, "tensor");
  lua_setfield(L, -2, "__name");
  /* gan.tensor adds methods and operators; hidden from scripts by __metatable there */
  lua_setfield(L, -2, "tensor_mt");
  push_dtypes(L);
  lua_setfield(L, -2, "dtypes");
  gn_register(L, funcs);
}
