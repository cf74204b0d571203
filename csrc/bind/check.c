/* check.c - named argument errors, new tensors on the stack, memory pressure. See check.h. */
#include "check.h"
#include "../kernels/copy.h"
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

static const char LIBDIR_KEY = 0; /* its address: registry[&LIBDIR_KEY] = "@…/gan/", the library's own chunks */

void gn_register(lua_State *L, const luaL_Reg *funcs) {
  for (; funcs->name; funcs++) {
    lua_pushstring(L, funcs->name);
    lua_pushcclosure(L, funcs->func, 1);
    lua_setfield(L, -2, funcs->name);
  }
}

void gn_set_library(lua_State *L, const char *prefix) {
  lua_pushstring(L, prefix);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &LIBDIR_KEY);
}

/* Pushes "file:line: " of the innermost Lua function outside the library (the innermost of all if there is none). */
static void push_user_where(lua_State *L) {
  lua_Debug ar;
  char first[LUA_IDSIZE + 32] = "";
  lua_rawgetp(L, LUA_REGISTRYINDEX, &LIBDIR_KEY);
  const char *lib = lua_tostring(L, -1);
  size_t len = lib ? strlen(lib) : 0;
  for (int lv = 0; lua_getstack(L, lv, &ar); lv++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0) continue;
    if (!len || strncmp(ar.source, lib, len) != 0) {
      lua_pop(L, 1);
      lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
      return;
    }
    if (!first[0]) {
      size_t n = strlen(ar.short_src);
      memcpy(first, ar.short_src, n);
      first[n] = '\0';
      lua_pushfstring(L, "%s:%d: ", first, ar.currentline);
      const char *s = lua_tostring(L, -1);
      n = GN_MIN(strlen(s), sizeof first - 1);
      memcpy(first, s, n);
      first[n] = '\0';
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  lua_pushstring(L, first);
}

int gn_raise(lua_State *L, const char *op, const char *msg) {
  lua_pushstring(L, op); /* copies: both may live in stack slots that go */
  lua_pushstring(L, msg);
  push_user_where(L);
  lua_pushfstring(L, "%s%s: %s", lua_tostring(L, -1), lua_tostring(L, -3), lua_tostring(L, -2));
  return lua_error(L);
}

static const char *op_name(lua_State *L) {
  const char *s = lua_tostring(L, lua_upvalueindex(1));
  return s ? s : "gan";
}

static const char EXHAUSTED_KEY = 0;

void gn_set_exhausted(lua_State *L) {
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &EXHAUSTED_KEY);
}

void gn_exhausted(lua_State *L, const char *op, const char *msg) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &EXHAUSTED_KEY) == LUA_TFUNCTION) {
    lua_pushfstring(L, "%s%s%s", op, *op ? ": " : "", msg);
    lua_call(L, 1, 0);
  } else {
    lua_pop(L, 1);
  }
}

int gn_error(lua_State *L, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  const char *msg = lua_pushvfstring(L, fmt, ap);
  va_end(ap);
  if (strncmp(fmt, "out of memory", 13) == 0) gn_exhausted(L, op_name(L), msg);
  return gn_raise(L, op_name(L), msg);
}

int gn_argerror(lua_State *L, int arg, const char *name, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  const char *msg = lua_pushvfstring(L, fmt, ap);
  va_end(ap);
  return gn_error(L, "bad argument #%d '%s' (%s)", arg, name, msg);
}

const char *gn_shape_str(lua_State *L, int nd, const gn_int *size) {
  luaL_Buffer b;
  char num[32];
  luaL_buffinit(L, &b);
  luaL_addchar(&b, '(');
  for (int i = 0; i < nd; i++) {
    lua_Integer v = size[i];
    int n = 0, neg = v < 0;
    uint64_t u = neg ? 0 - (uint64_t)v : (uint64_t)v;
    do num[n++] = (char)('0' + u % 10);
    while (u /= 10);
    if (neg) num[n++] = '-';
    if (i) luaL_addchar(&b, ',');
    while (n) luaL_addchar(&b, num[--n]);
  }
  luaL_addchar(&b, ')');
  luaL_pushresult(&b);
  return lua_tostring(L, -1);
}

const char *gn_count(lua_State *L, gn_int n, const char *noun) {
  return lua_pushfstring(L, "%I %s%s", (lua_Integer)n, noun, n == 1 ? "" : "s");
}

static const char *const dtype_names[] = {
#define DTYPE(TAG, name, ...) #name,
#include "../dtype.def"
#undef DTYPE
};
const char *gn_dtype_name(gn_dtype t) { return dtype_names[t]; }

const char *gn_found(lua_State *L, int arg) {
  gn_tensor *t = gn_test_tensor(L, arg);
  if (t) {
    const char *s = gn_shape_str(L, t->nd, t->size);
    return lua_pushfstring(L, "%s tensor %s", dtype_names[t->dtype], s);
  }
  switch (lua_type(L, arg)) {
  case LUA_TNUMBER:
    return lua_isinteger(L, arg) ? lua_pushfstring(L, "%I", lua_tointeger(L, arg))
                                 : lua_pushfstring(L, "%f", lua_tonumber(L, arg));
  case LUA_TSTRING: {
    size_t n;
    const char *s = lua_tolstring(L, arg, &n);
    luaL_Buffer b; /* one line, which no terminal obeys: it may come out of a file */
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < (n > 60 ? 57 : n); i++) {
      const unsigned c = (unsigned char)s[i];
      char code[8];
      if (c >= 32 && c != 127) {
        luaL_addchar(&b, s[i]);
      } else {
        snprintf(code, sizeof code, "\\x%02x", c);
        luaL_addstring(&b, code);
      }
    }
    luaL_pushresult(&b);
    return lua_pushfstring(L, "string '%s%s'", lua_tostring(L, -1), n > 60 ? "..." : "");
  }
  case LUA_TNONE:
  case LUA_TNIL: return lua_pushstring(L, "nil");
  case LUA_TBOOLEAN: return lua_pushstring(L, lua_toboolean(L, arg) ? "true" : "false");
  default: return lua_pushstring(L, luaL_typename(L, arg));
  }
}

/* Makes an absent argument nil, so that a text pushed now does not lie in its place. */
static void fill_arguments(lua_State *L, int arg) {
  if (lua_gettop(L) < arg) lua_settop(L, arg);
}

static const char *const dtype_wanted[] = {
#define DTYPE(TAG, name, article, ...) article " " #name " tensor",
#include "../dtype.def"
#undef DTYPE
};

/* Pushes what makes the argument what was wanted, where that is plain: numbers in tables where a tensor is wanted, a
** tensor of another dtype, or one where a list is; a number where a table of them is. check.lua has the same rule. */
static const char *advice(lua_State *L, int arg, const char *want) {
  const gn_tensor *t = gn_test_tensor(L, arg);
  const char *tensor = strstr(want, " tensor");
  if (t && strstr(want, " of tensors")) return "; write braces around it";
  if (strcmp(want, "a table of options") == 0) return "; write {...}, with braces";
  if (lua_type(L, arg) == LUA_TNUMBER &&
      (strncmp(want, "a table of", 10) == 0 || strncmp(want, "a permutation", 13) == 0))
    return "; write braces around them";
  if (!tensor || tensor[7] == 's') return "";
  for (int i = 0; i < GN_DTYPES; i++) {
    const size_t n = strlen(dtype_wanted[i]);
    if (strncmp(want, dtype_wanted[i], n) != 0) continue;
    const char *how = i == GN_REAL ? NULL : dtype_names[i];
    if (t && t->dtype != (gn_dtype)i)
      return how ? lua_pushfstring(L, "; x:to '%s' makes one", how) : "; x:to() makes one";
    if (how && lua_istable(L, arg) && !lua_getmetatable(L, arg))
      return lua_pushfstring(L, "; gan.tensor(t, '%s') makes a tensor of it", how);
  }
  return lua_istable(L, arg) && !lua_getmetatable(L, arg) ? "; gan.tensor makes a tensor of it" : "";
}

int gn_expected(lua_State *L, int arg, const char *name, const char *fmt, ...) {
  va_list ap;
  fill_arguments(L, arg);
  va_start(ap, fmt);
  const char *want = lua_pushvfstring(L, fmt, ap);
  va_end(ap);
  const char *got = gn_found(L, arg);
  return gn_argerror(L, arg, name, "expected %s, got %s%s", want, got, advice(L, arg, want));
}

int gn_shape_error(lua_State *L, int arg, const char *name, const char *expected_shape, const char *why) {
  gn_tensor *t = gn_test_tensor(L, arg);
  const char *got = t ? gn_shape_str(L, t->nd, t->size) : gn_found(L, arg);
  return gn_argerror(L, arg, name, "expected %s%s%s, got %s", expected_shape, why && *why ? " " : "", why ? why : "",
                     got);
}

gn_tensor *gn_test_tensor(lua_State *L, int arg) {
  gn_tensor *t = luaL_testudata(L, arg, GN_T_TENSOR);
  return t && t->storage ? t : NULL;
}

gn_tensor *gn_check_tensor(lua_State *L, int arg, const char *name) {
  gn_tensor *t = gn_test_tensor(L, arg);
  if (!t) gn_expected(L, arg, name, "a tensor");
  return t;
}

static gn_tensor *check_dtype(lua_State *L, int arg, const char *name, gn_dtype dt) {
  gn_tensor *t = gn_test_tensor(L, arg);
  if (!t || t->dtype != dt) gn_expected(L, arg, name, dtype_wanted[dt]);
  return t;
}

gn_tensor *gn_check_real(lua_State *L, int arg, const char *name) { return check_dtype(L, arg, name, GN_REAL); }

static gn_tensor *check_dense(lua_State *L, int arg, const char *name, gn_dtype dt) {
  gn_tensor *t = check_dtype(L, arg, name, dt);
  if (gn_is_contiguous(t)) return t;
  gn_tensor *c = gn_new_tensor(L, t->dtype, t->nd, t->size);
  gn_set_dense(c, t);
  lua_replace(L, arg);
  return c;
}

gn_tensor *gn_check_dense(lua_State *L, int arg, const char *name) { return check_dense(L, arg, name, GN_REAL); }
gn_tensor *gn_check_dense_i32(lua_State *L, int arg, const char *name) { return check_dense(L, arg, name, GN_I32); }
gn_tensor *gn_check_dense_u8(lua_State *L, int arg, const char *name) { return check_dense(L, arg, name, GN_U8); }
gn_tensor *gn_check_dense_f64(lua_State *L, int arg, const char *name) { return check_dense(L, arg, name, GN_F64); }
gn_tensor *gn_check_dense_any(lua_State *L, int arg, const char *name) {
  return check_dense(L, arg, name, gn_check_tensor(L, arg, name)->dtype);
}

gn_tensor *gn_check_dense_nd(lua_State *L, int arg, const char *name, int nd) {
  gn_tensor *t = check_dtype(L, arg, name, GN_REAL);
  if (t->nd != nd) {
    gn_shape_error(L, arg, name, gn_count(L, nd, "dimension"), NULL);
  }
  return gn_check_dense(L, arg, name);
}

gn_tensor *gn_opt_dense(lua_State *L, int arg, const char *name) {
  return lua_isnoneornil(L, arg) ? NULL : gn_check_dense(L, arg, name);
}

/* Raises that one of the dtypes in the set `may` was expected: "'real', 'u8', 'i32' or 'f64'". */
static void dtype_expected(lua_State *L, int arg, const char *name, unsigned may) {
  luaL_Buffer b;
  int left = 0;
  for (int i = 0; i < GN_DTYPES; i++) left += may >> i & 1;
  fill_arguments(L, arg);
  luaL_buffinit(L, &b);
  for (int i = 0; i < GN_DTYPES; i++) {
    if (!(may >> i & 1)) continue;
    luaL_addchar(&b, '\'');
    luaL_addstring(&b, dtype_names[i]);
    luaL_addstring(&b, --left > 1 ? "', " : left == 1 ? "' or " : "'");
  }
  luaL_pushresult(&b);
  gn_expected(L, arg, name, "%s", lua_tostring(L, -1));
}

gn_dtype gn_check_dtype(lua_State *L, int arg, const char *name, unsigned may) {
  const char *s = lua_type(L, arg) == LUA_TSTRING ? lua_tostring(L, arg) : "";
  for (int i = 0; i < GN_DTYPES; i++)
    if (may >> i & 1 && strcmp(s, dtype_names[i]) == 0) return (gn_dtype)i;
  dtype_expected(L, arg, name, may);
  return GN_REAL;
}

gn_rng *gn_check_rng(lua_State *L, int arg, const char *name) {
  gn_rng *r = luaL_testudata(L, arg, GN_T_RNG);
  if (!r) gn_expected(L, arg, name, "a random stream (gan.rng)");
  return r;
}

const char *gn_check_path(lua_State *L, int arg) {
  size_t n = 0;
  const char *s = lua_type(L, arg) == LUA_TSTRING ? lua_tolstring(L, arg, &n) : NULL;
  if (!s) gn_expected(L, arg, "path", "a string");
  if (n == 0 || n > GN_PATH_MAX || strlen(s) != n)
    gn_argerror(L, arg, "path", "expected 1 to %d bytes without a zero byte, got %I", GN_PATH_MAX, (lua_Integer)n);
  return s;
}

gn_int gn_check_int(lua_State *L, int arg, const char *name, gn_int lo, gn_int hi) {
  int ok = 0;
  lua_Integer v = lua_type(L, arg) == LUA_TNUMBER ? lua_tointegerx(L, arg, &ok) : 0;
  if (ok && v >= lo && v <= hi) return v;
  if (hi == INT64_MAX && lo == INT64_MIN) gn_expected(L, arg, name, "an integer");
  if (hi == INT64_MAX) gn_expected(L, arg, name, "an integer >= %I", (lua_Integer)lo);
  gn_expected(L, arg, name, "an integer in %I..%I", (lua_Integer)lo, (lua_Integer)hi);
  return v;
}

gn_int gn_opt_int(lua_State *L, int arg, const char *name, gn_int lo, gn_int hi, gn_int def) {
  return lua_isnoneornil(L, arg) ? def : gn_check_int(L, arg, name, lo, hi);
}

gn_real gn_check_number(lua_State *L, int arg, const char *name) {
  if (lua_type(L, arg) != LUA_TNUMBER) gn_expected(L, arg, name, "a number");
  return (gn_real)lua_tonumber(L, arg);
}

gn_real gn_opt_number(lua_State *L, int arg, const char *name, gn_real def) {
  return lua_isnoneornil(L, arg) ? def : gn_check_number(L, arg, name);
}

/* The axis 0..nd-1 that the number at stack index idx is, or -1. */
static int to_axis(lua_State *L, int idx, int nd) {
  int ok = 0;
  lua_Integer v = lua_type(L, idx) == LUA_TNUMBER ? lua_tointegerx(L, idx, &ok) : 0;
  if (!ok || v == 0 || v > nd || v < -nd) return -1;
  return (int)(v > 0 ? v - 1 : nd + v);
}

static void refuse_scalar(lua_State *L, int arg, const char *name, int nd) {
  if (nd == 0) gn_argerror(L, arg, name, "a tensor without dimensions has no axis");
}

int gn_check_axis(lua_State *L, int arg, const char *name, int nd) {
  const int axis = to_axis(L, arg, nd);
  if (axis >= 0) return axis;
  refuse_scalar(L, arg, name, nd);
  gn_expected(L, arg, name, "an axis in 1..%d or -%d..-1", nd, nd);
  return 0;
}

int gn_check_axis_entry(lua_State *L, int arg, const char *name, int i, int nd) {
  lua_rawgeti(L, arg, i);
  const int axis = to_axis(L, -1, nd);
  if (axis < 0) {
    refuse_scalar(L, arg, name, nd);
    gn_argerror(L, arg, name, "entry %d: expected an axis in 1..%d or -%d..-1, got %s", i, nd, nd,
                gn_found(L, lua_gettop(L)));
  }
  lua_pop(L, 1);
  return axis;
}

void gn_check_shape(lua_State *L, int arg, const char *name, gn_shape *s) {
  if (lua_type(L, arg) != LUA_TTABLE) gn_expected(L, arg, name, "a table of sizes");
  size_t n = lua_rawlen(L, arg);
  if (n > GN_MAXD) gn_argerror(L, arg, name, "expected at most %d dimensions, got %I", GN_MAXD, (lua_Integer)n);
  s->nd = (int)n;
  for (int i = 0; i < s->nd; i++) {
    int ok = 0;
    lua_rawgeti(L, arg, i + 1);
    s->size[i] = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &ok) : 0;
    if (!ok || s->size[i] < 0)
      gn_argerror(L, arg, name, "size %d: expected an integer >= 0, got %s", i + 1, gn_found(L, lua_gettop(L)));
    lua_pop(L, 1);
  }
  if (!gn_size_ok(s->nd, s->size)) gn_argerror(L, arg, name, "too large: %s", gn_shape_str(L, s->nd, s->size));
}

void gn_check_same_size(lua_State *L, int arg, const char *name, const gn_tensor *t, const gn_tensor *like,
                        const char *like_name) {
  if (gn_same_size(t, like)) return;
  const char *want = gn_shape_str(L, like->nd, like->size);
  gn_shape_error(L, arg, name, want, lua_pushfstring(L, "to match %s", like_name));
}

void gn_check_writable(lua_State *L, int arg, const char *name) {
  const gn_tensor *t = gn_check_tensor(L, arg, name);
  for (int i = 0; i < t->nd; i++)
    if (t->size[i] > 1 && t->stride[i] == 0)
      gn_argerror(L, arg, name, "an expanded tensor cannot be written; make it contiguous first");
}

int gn_in_finalizer(lua_State *L) { return lua_gc(L, LUA_GCCOUNT) < 0; }

void gn_not_in_finalizer(lua_State *L) {
  if (gn_in_finalizer(L)) gn_error(L, "not in a finalizer: what it has interrupted may rely on things as they are");
}

static gn_storage *new_storage(lua_State *L, size_t bytes) {
  gn_storage *s = gn_new_storage(L, bytes);
  if (!s) {
    const gn_memory m = gn_memory_stats();
    gn_error(L, "out of memory (requested %I bytes; %I live, %I cached)", (lua_Integer)bytes, (lua_Integer)m.live,
             (lua_Integer)m.cached);
  }
  return s;
}

static _Atomic uint64_t serials; /* one row of numbers for all states: it only has to grow */
uint64_t gn_next_serial(void) { return atomic_load_explicit(&serials, memory_order_relaxed); }

static gn_tensor *new_handle(lua_State *L) {
  gn_tensor *t = lua_newuserdatauv(L, sizeof *t, 1);
  t->storage = NULL; /* closed until memory is attached */
  t->serial = atomic_fetch_add_explicit(&serials, 1, memory_order_relaxed);
  luaL_setmetatable(L, GN_T_TENSOR);
  return t;
}

gn_tensor *gn_new_tensor(lua_State *L, gn_dtype dt, int nd, const gn_int *size) {
  luaL_checkstack(L, 8, "tensor");
  if (!gn_size_ok(nd, size)) gn_error(L, "result too large: %s", gn_shape_str(L, nd, size));
  gn_tensor *t = new_handle(L);
  t->dtype = dt;
  t->nd = nd;
  t->offset = 0;
  if (nd > 0) memcpy(t->size, size, sizeof *size * (size_t)nd);
  gn_strides(nd, size, t->stride);
  t->storage = new_storage(L, (size_t)gn_numel(nd, size) * gn_dtype_size(dt));
  return t;
}

gn_tensor *gn_new_real(lua_State *L, int nd, const gn_int *size) { return gn_new_tensor(L, GN_REAL, nd, size); }
gn_tensor *gn_new_real_like(lua_State *L, const gn_tensor *t) { return gn_new_tensor(L, GN_REAL, t->nd, t->size); }

gn_tensor *gn_new_view(lua_State *L, const gn_tensor *t, int nd, const gn_int *size, const gn_int *stride,
                       gn_int offset) {
  gn_tensor *v = new_handle(L);
  v->dtype = t->dtype;
  v->nd = nd;
  v->offset = offset;
  if (nd > 0) {
    memcpy(v->size, size, sizeof *size * (size_t)nd);
    memcpy(v->stride, stride, sizeof *stride * (size_t)nd);
  }
  gn_storage_retain(t->storage);
  v->storage = t->storage;
  return v;
}

gn_tensor *gn_opt_channels(lua_State *L, int arg, const char *name, const gn_int size[4]) {
  if (lua_isnoneornil(L, arg)) {
    gn_new_real(L, 4, size);
    lua_replace(L, arg);
    return gn_test_tensor(L, arg);
  }
  gn_tensor *t = gn_check_real(L, arg, name);
  if (t->nd != 4 || memcmp(t->size, size, 4 * sizeof *size) != 0)
    gn_shape_error(L, arg, name, gn_shape_str(L, 4, size), NULL);
  const gn_int ld = t->stride[2];
  if ((size[3] > 1 && t->stride[3] != 1) || ld < size[3] || t->stride[1] != size[2] * ld ||
      t->stride[0] != size[1] * size[2] * ld)
    gn_argerror(L, arg, name, "expected a dense tensor or some of its channels, got other strides");
  return t;
}

#define T_SCRATCH GN_PREFIX "scratch"

static int scratch_gc(lua_State *L) {
  gn_storage **p = luaL_checkudata(L, 1, T_SCRATCH);
  gn_storage_release(*p);
  *p = NULL;
  return 0;
}

static void *scratch(lua_State *L, gn_int n, size_t width) {
  luaL_checkstack(L, 4, "scratch");
  if (n < 0 || !gn_size_ok(1, &n)) gn_error(L, "workspace too large");
  gn_storage **p = lua_newuserdatauv(L, sizeof *p, 0);
  *p = NULL;
  if (luaL_newmetatable(L, T_SCRATCH)) {
    lua_pushcfunction(L, scratch_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  *p = new_storage(L, (size_t)n * width);
  return (*p)->data;
}

gn_real *gn_scratch(lua_State *L, gn_int n) { return scratch(L, n, sizeof(gn_real)); }
double *gn_scratch_f64(lua_State *L, gn_int n) { return scratch(L, n, sizeof(double)); }

void gn_scratch_free(lua_State *L, int idx) {
  gn_storage **p = luaL_checkudata(L, idx, T_SCRATCH);
  if (*p) gn_discard(L, *p);
  *p = NULL;
}

void gn_set_dense(gn_tensor *dst, const gn_tensor *src) {
  gn_shape s = {.nd = dst->nd};
  memcpy(s.size, dst->size, sizeof dst->size);
  const gn_tensor *ops[2] = {dst, src};
  gn_plan p;
  gn_plan_make(&p, &s, ops, 2);
  gn_copy(gn_tensor_ptr(dst), gn_tensor_ptr(src), gn_dtype_size(dst->dtype), &p);
}
