/* b_pointwise.c - every function of pointwise.def for Lua: core.f(x [, y [, z]] [, parameters]). */
#include "../kernels/pointwise.h"
#include "bind.h"
#include <string.h>

static const char *const arg_names[] = {"a", "b", "c"};

/* Fills t[i] from a tensor or a number (which becomes a 0-dimensional tensor over the caller's storage). */
static const gn_tensor *operand(lua_State *L, int arg, const char *name, gn_tensor *tmp, gn_storage *st,
                                gn_real *value) {
  if (lua_type(L, arg) == LUA_TNUMBER) {
    *value = (gn_real)lua_tonumber(L, arg);
    *st = (gn_storage){.data = value, .bytes = sizeof *value, .refs = 1};
    *tmp = (gn_tensor){.storage = st, .dtype = GN_REAL};
    return tmp;
  }
  gn_tensor *t = gn_test_tensor(L, arg);
  if (!t || t->dtype != GN_REAL) gn_expected(L, arg, name, "a real tensor or a number");
  return t;
}

/* core.<name>(a [, b [, c]] [, p...]) -> new tensor of the broadcast shape. Upvalues: name, the table entry. */
static int pointwise(lua_State *L) {
  const gn_pointwise *f = lua_touserdata(L, lua_upvalueindex(2));
  const gn_tensor *op[GN_MAXARG];
  gn_tensor tmp[3];
  gn_storage st[3];
  gn_real value[3], p[2] = {0}, *x[GN_MAXARG];
  gn_shape s = {0};
  for (int i = 0; i < f->narg; i++) {
    const char *name = f->narg == 1 ? "x" : arg_names[i];
    const gn_tensor *t = op[i + 1] = operand(L, i + 1, name, &tmp[i], &st[i], &value[i]);
    if (!gn_broadcast(s.nd, s.size, t->nd, t->size, &s)) {
      const char *want = gn_shape_str(L, op[i]->nd, op[i]->size);
      gn_shape_error(L, i + 1, name, "a shape that broadcasts with", want);
    }
    x[i + 1] = gn_real_ptr(t);
  }
  for (int i = 0; i < f->nparam; i++) p[i] = gn_check_number(L, f->narg + 1 + i, "parameter");
  if (!gn_size_ok(s.nd, s.size)) gn_error(L, "result too large: %s", gn_shape_str(L, s.nd, s.size));
  gn_tensor *y = gn_new_real(L, s.nd, s.size);
  op[0] = y;
  x[0] = gn_real_ptr(y);
  gn_plan plan;
  gn_plan_make(&plan, &s, op, f->narg + 1);
  gn_pointwise_run(f, &plan, x, p);
  return 1;
}

static int same_layout(const gn_tensor *a, const gn_tensor *b) {
  return a->offset == b->offset && gn_same_size(a, b) &&
         memcmp(a->stride, b->stride, sizeof *a->stride * (size_t)a->nd) == 0;
}

/* core.<name>_(x, y [, p...]): x <- f(x, y) in place; y a tensor that broadcasts to x, or a number. Returns x. */
static int pointwise_inplace(lua_State *L) {
  const gn_pointwise *f = lua_touserdata(L, lua_upvalueindex(2));
  gn_tensor *t = gn_check_real(L, 1, "x"), tmp;
  gn_storage st;
  gn_real value, p[2] = {0};
  const gn_tensor *op[GN_MAXARG] = {t, t, NULL};
  gn_real *x[GN_MAXARG] = {gn_real_ptr(t), gn_real_ptr(t), NULL};
  gn_shape s = {.nd = t->nd};
  memcpy(s.size, t->size, sizeof t->size);
  gn_check_writable(L, 1, "x");
  if (f->narg == 2) {
    gn_shape both;
    const gn_tensor *b = op[2] = operand(L, 2, "y", &tmp, &st, &value);
    if (b->storage == t->storage && !same_layout(b, t)) { /* elements would be read after they were written */
      gn_tensor *c = gn_new_real_like(L, b);
      gn_set_dense(c, b);
      b = op[2] = c;
    }
    if (!gn_broadcast(s.nd, s.size, b->nd, b->size, &both) || both.nd != s.nd ||
        memcmp(both.size, s.size, sizeof *s.size * (size_t)s.nd) != 0) {
      const char *want = gn_shape_str(L, s.nd, s.size);
      gn_shape_error(L, 2, "y", "a shape that broadcasts to", want);
    }
    x[2] = gn_real_ptr(b);
  }
  for (int i = 0; i < f->nparam; i++) p[i] = gn_check_number(L, f->narg + 1 + i, "parameter");
  gn_plan plan;
  gn_plan_make(&plan, &s, op, f->narg + 1);
  gn_pointwise_run(f, &plan, x, p);
  gn_touch(t);
  lua_settop(L, 1);
  return 1;
}

static void set(lua_State *L, const char *name, const gn_pointwise *f, lua_CFunction fn) {
  lua_pushstring(L, name);
  lua_pushlightuserdata(L, (void *)(uintptr_t)f);
  lua_pushcclosure(L, fn, 2);
  lua_setfield(L, -2, name);
}

static const gn_pointwise *find(const char *name) {
  for (const gn_pointwise *f = gn_pointwise_table; f->name; f++)
    if (strcmp(f->name, name) == 0) return f;
  return NULL;
}

void gn_open_pointwise(lua_State *L) {
  for (const gn_pointwise *f = gn_pointwise_table; f->name; f++) set(L, f->name, f, pointwise);
  static const char *const inplace[][2] = {{"add_", "add"},
                                           {"sub_", "sub"},
                                           {"mul_", "mul"},
                                           {"div_", "div"},
                                           {"clamp_", "clamp"},
                                           {"bias_leaky_relu_", "bias_leaky_relu"},
                                           {"leaky_relu_dx_", "leaky_relu_dx"}};
  for (size_t i = 0; i < sizeof inplace / sizeof *inplace; i++)
    set(L, inplace[i][0], find(inplace[i][1]), pointwise_inplace);
}
