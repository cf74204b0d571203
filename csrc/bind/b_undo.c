/* b_undo.c - a change that holds while a function runs, and is undone however that ends. */
#include "bind.h"

#define T_UNDO GN_PREFIX "undo"

/* Lies on the stack of core.with_undo while its function runs. User value: the function that undoes. */
typedef struct pending {
  int due;
} pending;

/* Calls the function at stack index f without arguments, where no hook can come between; pops nothing. Returns its
** status, and leaves an error on the stack. */
static int call_alone(lua_State *L, int f) {
  const lua_Hook hook = lua_gethook(L);
  const int mask = lua_gethookmask(L), count = lua_gethookcount(L);
  lua_sethook(L, NULL, 0, 0);
  lua_pushvalue(L, f);
  const int status = lua_pcall(L, 0, 0, 0);
  if (hook && !lua_gethook(L)) lua_sethook(L, hook, mask, count); /* Ctrl-C may have set its own meanwhile */
  return status;
}

/* The coroutine was closed, or is forgotten. */
static int abandoned(lua_State *L) {
  pending *p = luaL_checkudata(L, 1, T_UNDO);
  if (!p->due) return 0;
  p->due = 0;
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, 1);
  return call_alone(L, 2) == LUA_OK ? 0 : lua_error(L);
}

/* After f, also where it was resumed. */
static int undo_end(lua_State *L, int status, lua_KContext context) {
  (void)context;
  pending *p = lua_touserdata(L, 1);
  int undone = LUA_OK;
  if (lua_checkstack(L, 4)) { /* else leaving this function calls `abandoned` */
    p->due = 0;
    undone = call_alone(L, 2);
  }
  if (status != LUA_OK && status != LUA_YIELD) {
    if (undone != LUA_OK) lua_pop(L, 1);
    return lua_error(L);
  }
  return undone == LUA_OK ? lua_gettop(L) - 2 : lua_error(L);
}

/* core.with_undo(change, undo, f, ...) -> what f(...) returns. Calls change() first, and undo() when f has ended: it
** has returned or raised, or its coroutine is closed or collected while f yields. No hook comes into change and undo,
** so that either is done whole; if change raises, undo is called, too. What undo needs was made before this call: a
** coroutine may be collected together with all that it alone holds. */
static int with_undo(lua_State *L) {
  luaL_checkany(L, 3);
  pending *p = lua_newuserdatauv(L, sizeof *p, 1);
  p->due = 0;
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, 1);
  lua_insert(L, 1); /* the userdata, change, undo, f, ... */
  if (call_alone(L, 2) != LUA_OK) {
    if (call_alone(L, 3) != LUA_OK) lua_pop(L, 1);
    return lua_error(L);
  }
  p->due = 1;
  lua_pushvalue(L, 1);
  luaL_setmetatable(L, T_UNDO); /* not before: what is marked last is finalized first */
  lua_pop(L, 1);
  lua_remove(L, 2);
  lua_toclose(L, 1);
  return undo_end(L, lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 0, 0, undo_end), 0);
}

static const luaL_Reg funcs[] = {{"with_undo", with_undo}, {NULL, NULL}};

void gn_open_undo(lua_State *L) {
  luaL_newmetatable(L, T_UNDO);
  lua_pushcfunction(L, abandoned);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, abandoned);
  lua_setfield(L, -2, "__close");
  lua_pop(L, 1);
  gn_register(L, funcs);
}
