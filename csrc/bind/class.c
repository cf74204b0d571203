/* class.c - classes of userdata. See class.h. */
#include "class.h"

/* Upvalues behind a method's name. */
enum { CLASS = 2, BODY };

static const gn_class *class_of(lua_State *L) { return lua_touserdata(L, lua_upvalueindex(CLASS)); }

/* obj:close(), __close and __gc of all classes. */
static int close_object(lua_State *L) {
  const gn_class *c = class_of(L);
  gn_guard *g = luaL_testudata(L, 1, c->type);
  if (!g) return gn_expected(L, 1, c->name, "%s", c->expected);
  g->closes = g->busy;
  if (!g->busy) c->close(g);
  return 0;
}

/* Calls a method, alone on its object until it ends, however it ends. */
static int call_method(lua_State *L) {
  const gn_class *c = class_of(L);
  gn_guard *g = luaL_testudata(L, 1, c->type);
  const int n = lua_gettop(L);
  if (!g) return gn_expected(L, 1, c->name, "%s", c->expected);
  if (g->busy) return gn_error(L, "the %s is in the middle of another call", c->name);
  luaL_checkstack(L, 2, "method");
  lua_pushvalue(L, 1); /* the object, below, is not collected before the end */
  lua_insert(L, 1);
  lua_pushvalue(L, lua_upvalueindex(BODY));
  lua_insert(L, 2);
  g->busy = 1;
  const int status = lua_pcall(L, n, LUA_MULTRET, 0);
  g->busy = 0;
  if (g->closes) {
    g->closes = 0;
    c->close(g);
  }
  return status == LUA_OK ? lua_gettop(L) - 1 : lua_error(L);
}

/* Sets field `name` of the table on top of the stack. */
static void set(lua_State *L, const char *field, const char *name, const gn_class *c, lua_CFunction f,
                lua_CFunction body) {
  lua_pushstring(L, name);
  lua_pushlightuserdata(L, (void *)(uintptr_t)c);
  lua_pushstring(L, name);
  lua_pushcclosure(L, body, 1);
  lua_pushcclosure(L, f, 3);
  lua_setfield(L, -2, field);
}

void gn_register_class(lua_State *L, const gn_class *c) {
  luaL_newmetatable(L, c->type);
  lua_newtable(L);
  if (!c->close) gn_register(L, c->methods);
  else {
    for (const luaL_Reg *m = c->methods; m->name; m++) set(L, m->name, m->name, c, call_method, m->func);
    set(L, "close", "close", c, close_object, close_object);
  }
  lua_setfield(L, -2, "__index");
  if (c->close) {
    set(L, "__gc", "close", c, close_object, close_object);
    set(L, "__close", "close", c, close_object, close_object);
  }
  lua_pushstring(L, c->name);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}
