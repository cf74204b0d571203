/* b_autograd.c - what the tape asks at every op: which arguments are tracked, whether the running coroutine records.
**
** Each coroutine records unless it has itself switched that off. Its switch is a userdata of one byte in a table whose
** weak keys are the threads: a coroutine that is dropped in the middle leaves nothing behind. */
#include "bind.h"

/* Upvalues behind a function's name. */
enum { SWITCHES = 2, TENSOR, MAIN };

/* What the main thread does, which is asked most. */
typedef struct main_switch {
  const lua_State *thread;
  char on;
} main_switch;

/* Pushes the userdata in which the running coroutine's switch lies, or nil where it never had one: it records. */
static char *push_switch(lua_State *L) {
  main_switch *m = lua_touserdata(L, lua_upvalueindex(MAIN));
  if (L == m->thread) {
    lua_pushvalue(L, lua_upvalueindex(MAIN));
    return &m->on;
  }
  lua_pushthread(L);
  lua_rawget(L, lua_upvalueindex(SWITCHES));
  return lua_touserdata(L, -1);
}

static int records(lua_State *L) {
  const main_switch *m = lua_touserdata(L, lua_upvalueindex(MAIN));
  if (L == m->thread) return m->on;
  const char *s = push_switch(L);
  const int on = !s || *s;
  lua_pop(L, 1);
  return on;
}

/* core.recording() -> whether ops are being recorded. */
static int recording(lua_State *L) {
  lua_pushboolean(L, records(L));
  return 1;
}

/* core.tracked(...) -> {[i] = node of argument i}, or nil where no argument is tracked or nothing is recorded. */
static int tracked(lua_State *L) {
  const int n = lua_gettop(L), list = n + 1;
  if (!records(L)) return 0;
  for (int i = 1; i <= n; i++) {
    const gn_tensor *t = lua_touserdata(L, i);
    if (!t || !lua_getmetatable(L, i)) continue;
    const int is_tensor = lua_rawequal(L, -1, lua_upvalueindex(TENSOR)) && t->storage;
    lua_pop(L, 1);
    if (!is_tensor) continue;
    if (lua_getiuservalue(L, i, 1) == LUA_TNIL) {
      lua_pop(L, 1);
      continue;
    }
    if (lua_gettop(L) == list) {
      lua_createtable(L, n, 0);
      lua_insert(L, list);
    }
    lua_rawseti(L, list, i);
  }
  return lua_gettop(L) == list;
}

/* After f, also where it was resumed: sets the switch back before anything else can run. */
static int with_end(lua_State *L, int status, lua_KContext before) {
  main_switch *m = lua_touserdata(L, lua_upvalueindex(MAIN));
  *(L == m->thread ? &m->on : (char *)lua_touserdata(L, 1)) = (char)before;
  if (status != LUA_OK && status != LUA_YIELD) return lua_error(L);
  return lua_gettop(L) - 1;
}

/* core.with_recording(on, f, ...) -> what f(...) returns; meanwhile this coroutine records, or not. f may yield.
** Nothing can come between f's end, however it ends, and the switch's return to what it was: no hook runs in here. */
static int with_recording(lua_State *L) {
  const int on = lua_toboolean(L, 1);
  luaL_checkany(L, 2);
  char *s = push_switch(L);
  if (!s) {
    lua_pop(L, 1);
    lua_pushthread(L);
    s = lua_newuserdatauv(L, 1, 0);
    *s = 1;
    lua_pushvalue(L, -1);
    lua_insert(L, -3);
    lua_rawset(L, lua_upvalueindex(SWITCHES));
  }
  lua_replace(L, 1);
  const char before = *s;
  *s = (char)on;
  return with_end(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, before, with_end), before);
}

static const luaL_Reg funcs[] = {
    {"recording", recording}, {"tracked", tracked}, {"with_recording", with_recording}, {NULL, NULL}};

void gn_open_autograd(lua_State *L) {
  main_switch *m = lua_newuserdatauv(L, sizeof *m, 0);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  *m = (main_switch){lua_tothread(L, -1), 1};
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  for (const luaL_Reg *f = funcs; f->name; f++) {
    lua_pushstring(L, f->name);
    lua_pushvalue(L, -2);
    luaL_getmetatable(L, GN_T_TENSOR);
    lua_pushvalue(L, -5);
    lua_pushcclosure(L, f->func, 4);
    lua_setfield(L, -4, f->name);
  }
  lua_pop(L, 2);
}
