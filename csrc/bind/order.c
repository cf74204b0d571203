/* order.c - see order.h. */
#include "order.h"
#include <stdlib.h>
#include <string.h>

typedef struct text {
  const char *bytes;
  size_t n;
  lua_Integer at; /* in the list */
} text;

int gn_compare_bytes(const char *a, size_t m, const char *b, size_t n) {
  const int c = memcmp(a, b, GN_MIN(m, n));
  return c ? c : (m > n) - (m < n);
}

static int by_bytes(const void *a, const void *b) {
  const text *s = a, *t = b;
  return gn_compare_bytes(s->bytes, s->n, t->bytes, t->n);
}

void gn_sort_list(lua_State *L, int list) {
  const lua_Integer n = (lua_Integer)lua_rawlen(L, list);
  text *texts = lua_newuserdatauv(L, sizeof *texts * (size_t)n + 1, 0);
  lua_createtable(L, (int)GN_MIN(n, 1 << 20), 0); /* keeps the strings alive */
  for (lua_Integer i = 0; i < n; i++) {
    if (lua_rawgeti(L, list, i + 1) != LUA_TSTRING) gn_expected(L, list, "list", "a list of strings");
    texts[i].bytes = lua_tolstring(L, -1, &texts[i].n);
    texts[i].at = i + 1;
    lua_rawseti(L, -2, i + 1);
  }
  qsort(texts, (size_t)n, sizeof *texts, by_bytes);
  for (lua_Integer i = 0; i < n; i++) {
    lua_rawgeti(L, -1, texts[i].at);
    lua_rawseti(L, list, i + 1);
  }
  lua_pop(L, 2);
}
