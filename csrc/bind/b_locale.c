/* b_locale.c - the host's locale kept out: numbers with a point, names in the order of their bytes, small and capital
** letters as ASCII has them. A thread has a locale of its own for a while, so that nobody else's is touched. */
#define _GNU_SOURCE /* newlocale, uselocale */
#include "bind.h"
#include "order.h"
#include <locale.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

/* Calls the first upvalue in the locale "C", the second. However it ends, nothing comes between that and the host's
** locale: no hook runs in here. */
static int call(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  const locale_t before = uselocale((locale_t)lua_touserdata(L, lua_upvalueindex(2)));
  const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  uselocale(before);
  return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/* core.without_locale(f) -> a function that does what f does, in the locale "C" whatever the host's is: Lua's numbers
** and order of strings, and all that C libraries print and read. It cannot yield. */
static int without_locale(lua_State *L) {
  if (lua_type(L, 1) != LUA_TFUNCTION) gn_expected(L, 1, "f", "a function");
  lua_settop(L, 1);
  const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant of the C library, which is never freed */
  if (!c) return 1;
  lua_pushlightuserdata(L, (void *)c);
  lua_pushcclosure(L, call, 2);
  return 1;
}

/* core.sort(list) -> list, a list of strings, now in the order of their bytes. */
static int sort(lua_State *L) {
  if (lua_type(L, 1) != LUA_TTABLE) gn_expected(L, 1, "list", "a list of strings");
  lua_settop(L, 1);
  gn_sort_list(L, 1);
  return 1;
}

/* core.before(a, b) -> whether a comes before b: strings by their bytes, numbers by their values. */
static int before(lua_State *L) {
  size_t m, n;
  if (lua_type(L, 1) == LUA_TNUMBER && lua_type(L, 2) == LUA_TNUMBER) {
    lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    return 1;
  }
  if (lua_type(L, 1) != LUA_TSTRING) gn_expected(L, 1, "a", "a string");
  if (lua_type(L, 2) != LUA_TSTRING) gn_expected(L, 2, "b", "a string");
  const char *a = lua_tolstring(L, 1, &m), *b = lua_tolstring(L, 2, &n);
  lua_pushboolean(L, gn_compare_bytes(a, m, b, n) < 0);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"without_locale", without_locale},
    {"sort", sort},
    {"before", before},
    {NULL, NULL},
};

void gn_open_locale(lua_State *L) { gn_register(L, funcs); }
