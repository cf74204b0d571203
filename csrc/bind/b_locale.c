/* b_locale.c - the host's locale kept out: numbers with a point, names in the order of their bytes, small and capital
** letters as ASCII has them. A thread has a locale of its own for a while, so that nobody else's is touched. */
#define _GNU_SOURCE /* newlocale, uselocale */
#include "bind.h"
#include "order.h"
#include <locale.h>
#include <string.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

#define T_LOCALE GN_PREFIX "locale"

/* The locale that a call found, until it is put back. */
typedef struct found {
  gn_guard guard;
  locale_t before; /* 0: none is to be put back */
} found;

static void put_back(void *object) {
  found *f = object;
  if (f->before) uselocale(f->before);
  f->before = (locale_t)0;
}

/* Calls the first upvalue in the locale "C", the second. An error puts the host's locale back when it is caught. */
static int call(lua_State *L) {
  const int n = lua_gettop(L);
  found *f = lua_newuserdatauv(L, sizeof *f, 0);
  memset(f, 0, sizeof *f);
  luaL_setmetatable(L, T_LOCALE);
  lua_insert(L, 1);
  lua_toclose(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 2);
  f->before = uselocale((locale_t)lua_touserdata(L, lua_upvalueindex(2)));
  lua_call(L, n, LUA_MULTRET);
  put_back(f);
  return lua_gettop(L) - 1;
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

static const luaL_Reg methods[] = {{NULL, NULL}};
static const luaL_Reg funcs[] = {
    {"without_locale", without_locale},
    {"sort", sort},
    {"before", before},
    {NULL, NULL},
};
static const gn_class class = {T_LOCALE, "locale", "a locale", methods, put_back};

void gn_open_locale(lua_State *L) {
  gn_register_class(L, &class);
  gn_register(L, funcs);
}
