/* b_optim.c - optimiser updates in place over whole parameter lists: f_(params, grads, state..., options). */
#include "../kernels/optim.h"
#include "bind.h"
#include "options.h"
#include <string.h>

#define MAX_LISTS 5
static const char *const step_roles[MAX_LISTS] = {"params", "grads", "m", "v", "averages"},
                         *const ema_roles[MAX_LISTS] = {"averages", "values", "", "", ""};

#define NUMBER(S, name) GN_OPT_NUMBER(S, name, 1)
static const gn_option of_adam[] = {NUMBER(gn_adam, lr),
                                    NUMBER(gn_adam, beta1),
                                    NUMBER(gn_adam, beta2),
                                    NUMBER(gn_adam, eps),
                                    NUMBER(gn_adam, weight_decay),
                                    NUMBER(gn_adam, t),
                                    GN_OPT_END};
static const gn_option of_sgd[] = {NUMBER(gn_sgd, lr), NUMBER(gn_sgd, momentum), NUMBER(gn_sgd, weight_decay),
                                   GN_OPT_FLAG(gn_sgd, nesterov), GN_OPT_END};
static const gn_option of_rmsprop[] = {NUMBER(gn_rmsprop, lr), NUMBER(gn_rmsprop, alpha), NUMBER(gn_rmsprop, eps),
                                       NUMBER(gn_rmsprop, weight_decay), GN_OPT_END};

/* Entry i of the list at stack index idx: a dense real tensor of the shape of `like`. Errors speak of argument
** `arg`. */
static gn_tensor *entry(lua_State *L, int idx, int arg, const char *const *roles, int k, gn_int i,
                        const gn_tensor *like) {
  lua_rawgeti(L, idx, i);
  gn_tensor *t = gn_test_tensor(L, -1);
  const char *name = roles[0];
  if (!t || t->dtype != GN_REAL || !gn_is_contiguous(t) || (like && !gn_same_size(t, like)))
    name = lua_pushfstring(L, "%s[%I]", roles[k], (lua_Integer)i);
  if (!t) gn_argerror(L, arg, name, "expected a real tensor, got %s", luaL_typename(L, -2));
  if (t->dtype != GN_REAL) gn_argerror(L, arg, name, "expected a real tensor, got %s", gn_dtype_name(t->dtype));
  if (!gn_is_contiguous(t)) gn_argerror(L, arg, name, "not contiguous: it cannot be updated in place");
  if (like && !gn_same_size(t, like)) {
    const char *want = gn_shape_str(L, like->nd, like->size), *got = gn_shape_str(L, t->nd, t->size);
    gn_argerror(L, arg, name, "expected %s to match %s[%I], got %s", want, roles[0], (lua_Integer)i, got);
  }
  lua_pop(L, 1);
  return t;
}

typedef struct lists {
  gn_param *list;
  gn_int count, blocks;
  int arg[MAX_LISTS]; /* stack index of params, grads, m, v, averages; 0: not used */
} lists;

/* Checks the lists and fills one gn_param per parameter (in scratch on the stack). Gradients with gaps are copied. All
** allocation comes before the first pointer is taken: a collection may run finalisers that change the lists. */
static lists check_lists(lua_State *L, const char *const *roles, int has_m, int has_v, int averages) {
  lists s = {.arg = {1, 2, has_m ? 3 : 0, has_v ? 3 + has_m : 0, averages}};
  luaL_checkstack(L, 16, "parameter lists");
  for (int k = 0; k < MAX_LISTS; k++) {
    if (!s.arg[k]) continue;
    const int grads = strcmp(roles[k], "grads") == 0;
    if (lua_type(L, s.arg[k]) != LUA_TTABLE)
      gn_expected(L, s.arg[k], roles[k], grads ? "a list of gradients, as gan.grad returns it" : "a list of tensors");
    gn_int n = (gn_int)lua_rawlen(L, s.arg[k]);
    if (k == 0) s.count = n;
    else if (n != s.count)
      gn_argerror(L, s.arg[k], roles[k], "expected a list of %s, one for each of %s, got %I",
                  gn_count(L, s.count, "tensor"), roles[0], (lua_Integer)n);
  }
  s.list = (gn_param *)(void *)gn_scratch(L, s.count * (gn_int)(sizeof(gn_param) / sizeof(gn_real)));
  lua_newtable(L); /* the gradients, dense */
  int dense = lua_gettop(L);
  for (gn_int i = 1; i <= s.count; i++) {
    lua_rawgeti(L, 2, i);
    gn_tensor *g = gn_test_tensor(L, -1);
    if (g && g->dtype == GN_REAL && !gn_is_contiguous(g)) {
      gn_tensor *c = gn_new_real_like(L, g);
      gn_set_dense(c, g);
      lua_remove(L, -2);
    }
    lua_rawseti(L, dense, i);
  }
  for (gn_int i = 1; i <= s.count; i++) {
    gn_tensor *p = entry(L, 1, 1, roles, 0, i, NULL), *g = entry(L, dense, 2, roles, 1, i, p);
    gn_param q = {.p = gn_real_ptr(p), .g = gn_real_ptr(g), .n = gn_numel(p->nd, p->size)};
    if (s.arg[2]) q.m = gn_real_ptr(entry(L, s.arg[2], s.arg[2], roles, 2, i, p));
    if (s.arg[3]) q.v = gn_real_ptr(entry(L, s.arg[3], s.arg[3], roles, 3, i, p));
    if (s.arg[4]) q.average = gn_real_ptr(entry(L, s.arg[4], s.arg[4], roles, 4, i, p));
    s.list[i - 1] = q;
  }
  s.blocks = gn_param_blocks(s.list, s.count);
  return s;
}

/* Tells autograd that parameters and state were written. */
static int touch(lua_State *L, const lists *s) {
  for (int k = 0; k < MAX_LISTS; k++) {
    if (k == 1 || !s->arg[k]) continue;
    for (gn_int i = 1; i <= s->count; i++) {
      lua_rawgeti(L, s->arg[k], i);
      gn_touch(gn_test_tensor(L, -1));
      lua_pop(L, 1);
    }
  }
  return 0;
}

/* core.adam_(params, grads, m, v, {lr, beta1, beta2, eps, weight_decay, t}, averages or nil, rate): the averages
** take in the new params, as by ema_ */
static int adam_(lua_State *L) {
  lua_settop(L, 7);
  gn_adam o = {0};
  gn_read_options(L, 5, of_adam, &o);
  const int averages = lua_isnil(L, 6) ? 0 : 6;
  if (averages) o.rate = (double)gn_check_number(L, 7, "rate");
  lists s = check_lists(L, step_roles, 1, 1, averages);
  gn_adam_step(s.list, s.count, s.blocks, &o);
  return touch(L, &s);
}

/* core.sgd_(params, grads, m, {lr, momentum, weight_decay, nesterov}); m is nil where momentum is 0 */
static int sgd_(lua_State *L) {
  lua_settop(L, 4);
  gn_sgd o = {0};
  gn_read_options(L, 4, of_sgd, &o);
  lists s = check_lists(L, step_roles, !lua_isnil(L, 3), 0, 0);
  gn_sgd_step(s.list, s.count, s.blocks, &o);
  return touch(L, &s);
}

/* core.rmsprop_(params, grads, v, {lr, alpha, eps, weight_decay}) */
static int rmsprop_(lua_State *L) {
  lua_settop(L, 4);
  gn_rmsprop o = {0};
  gn_read_options(L, 4, of_rmsprop, &o);
  lists s = check_lists(L, step_roles, 0, 1, 0);
  gn_rmsprop_step(s.list, s.count, s.blocks, &o);
  return touch(L, &s);
}

/* core.ema_(averages, values, rate): r <- (1 - rate) r + rate x, for two tensors or two lists of them */
static int ema_(lua_State *L) {
  lua_settop(L, 3);
  double rate = (double)gn_check_number(L, 3, "rate");
  for (int i = 1; i <= 2 && gn_test_tensor(L, 1); i++) {
    if (!gn_test_tensor(L, 2)) gn_expected(L, 2, "values", "a tensor");
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, 1);
    if (i == 2) {
      lua_replace(L, 2);
      lua_replace(L, 1);
    }
  }
  lists s = check_lists(L, ema_roles, 0, 0, 0);
  gn_ema_step(s.list, s.count, s.blocks, rate);
  return touch(L, &s);
}

static const luaL_Reg funcs[] = {
    {"adam_", adam_}, {"sgd_", sgd_}, {"rmsprop_", rmsprop_}, {"ema_", ema_}, {NULL, NULL}};

void gn_open_optim(lua_State *L) { gn_register(L, funcs); }
