/* allocator.c - a Lua allocator that fails when it is told to, for spec/torture/allocations.lua.
** It stands in for the allocator that the state has: growing blocks count, and fail; shrinking ones never do. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static lua_Alloc inner;
static void *inner_data;
static lua_Integer count, first, times; /* allocations since `arm`; those numbered first .. first + times - 1 fail */
static lua_Integer held;                /* bytes of a state made by `state` */

static int fails(void *p, size_t before, size_t size) {
  if (size == 0 || (p && size <= before)) return 0;
  count++;
  return first > 0 && count >= first && count - first < times;
}

static void *failing(void *data, void *p, size_t before, size_t size) {
  return fails(p, before, size) ? NULL : inner(data, p, before, size);
}

static void *counting(void *data, void *p, size_t before, size_t size) {
  void *q = fails(p, before, size) ? NULL : inner(data, p, before, size);
  if (q || size == 0) held += (lua_Integer)size - (p ? (lua_Integer)before : 0);
  return q;
}

static void set(lua_Integer n, lua_Integer m) {
  count = 0;
  first = n;
  times = m;
}

/* arm(n, times): the n-th allocation from now fails, and the ones after it, `times` in all; n = 0: none does. */
static int arm(lua_State *L) {
  set(luaL_checkinteger(L, 1), luaL_checkinteger(L, 2));
  return 0;
}

/* disarm() -> how many allocations there were since `arm` */
static int disarm(lua_State *L) {
  first = 0;
  lua_pushinteger(L, count);
  return 1;
}

static int body(lua_State *S) {
  luaL_openlibs(S);
  if (luaL_loadstring(S, (const char *)lua_touserdata(S, 1)) != LUA_OK) return lua_error(S);
  lua_call(S, 0, 0);
  return 0;
}

/* state(chunk, n, times) -> ok, message, allocations, bytes left: runs a chunk in a state of its own, whose n-th
** allocation fails, and closes it. */
static int state(lua_State *L) {
  const char *chunk = luaL_checkstring(L, 1);
  lua_Integer n = luaL_checkinteger(L, 2), m = luaL_checkinteger(L, 3);
  held = 0;
  set(n, m);
  lua_State *S = lua_newstate(counting, inner_data);
  int ok = 0;
  char message[512] = "no state";
  if (S) {
    lua_pushcfunction(S, body); /* these two take no memory: the stack of a new state has room */
    lua_pushlightuserdata(S, (void *)chunk);
    ok = lua_pcall(S, 1, 0, 0) == LUA_OK;
    const char *text = ok ? "" : lua_type(S, -1) == LUA_TSTRING ? lua_tostring(S, -1) : "no string";
    size_t i = 0;
    for (; text[i] && i + 1 < sizeof message; i++) message[i] = text[i];
    message[i] = 0;
    first = 0;
    lua_close(S);
  }
  first = 0;
  lua_pushboolean(L, ok);
  lua_pushstring(L, message);
  lua_pushinteger(L, count);
  lua_pushinteger(L, held);
  return 4;
}

static const luaL_Reg functions[] = {{"arm", arm}, {"disarm", disarm}, {"state", state}, {NULL, NULL}};

int luaopen_allocator(lua_State *L);
int luaopen_allocator(lua_State *L) {
  if (!inner) {
    inner = lua_getallocf(L, &inner_data);
    lua_setallocf(L, failing, inner_data);
  }
  luaL_newlib(L, functions);
  return 1;
}
