/* options.c - tables of options, and the names that errors suggest. See options.h. */
#include "options.h"
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#define MOST_OPTIONS 64
#define MOST_LETTERS 100

/* ---- names ---- */

/* Whether two words differ in their endings alone: penalty, penalties. */
static int same_stem(const char *a, size_t na, const char *b, size_t nb) {
  size_t stem = 0;
  while (stem < na && stem < nb && a[stem] == b[stem]) stem++;
  return stem >= 5 && na - stem <= 3 && nb - stem <= 3;
}

/* Whether two letters are the same but for capitals. */
static int same(char a, char b) { return tolower((unsigned char)a) == tolower((unsigned char)b); }

/* The least number of letters to insert, drop, change or swap with the next one to get from a to b, without regard to
** capitals. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb) {
  unsigned char rows[3][MOST_LETTERS + 1], *before = rows[0], *last = rows[1], *row = rows[2];
  for (size_t j = 0; j <= nb; j++) last[j] = (unsigned char)j;
  for (size_t i = 1; i <= na; i++) {
    row[0] = (unsigned char)i;
    for (size_t j = 1; j <= nb; j++) {
      size_t d = last[j - 1] + !same(a[i - 1], b[j - 1]);
      d = GN_MIN(d, GN_MIN(last[j], row[j - 1]) + 1u);
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) d = GN_MIN(d, before[j - 2] + 1u);
      row[j] = (unsigned char)d;
    }
    unsigned char *oldest = before;
    before = last;
    last = row;
    row = oldest;
  }
  return last[nb];
}

const char *gn_near_name(const char *word, const char *const *names, size_t count) {
  const size_t n = strlen(word);
  size_t best_d = SIZE_MAX;
  const char *best = NULL;
  for (size_t i = 0; i < count; i++) {
    const size_t m = strlen(names[i]);
    if (n > MOST_LETTERS || m > MOST_LETTERS) continue;
    size_t d = distance(word, n, names[i], m);
    if (d > 2 && same_stem(word, n, names[i], m)) d = 2;
    if (d < best_d) {
      best_d = d;
      best = names[i];
    }
  }
  return best && best_d <= GN_MAX(2, n / 3) && best_d < GN_MIN(n, strlen(best)) ? best : NULL;
}

static void sort(const char **names, size_t count) {
  for (size_t i = 1; i < count; i++)
    for (size_t j = i; j > 0 && strcmp(names[j - 1], names[j]) > 0; j--) {
      const char *t = names[j];
      names[j] = names[j - 1];
      names[j - 1] = t;
    }
}

/* Pushes "'a', 'b' or 'c'". */
static const char *push_words(lua_State *L, const char *const *words) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int i = 0; words[i]; i++) {
    if (i) luaL_addstring(&b, words[i + 1] ? ", " : " or ");
    luaL_addchar(&b, '\'');
    luaL_addstring(&b, words[i]);
    luaL_addchar(&b, '\'');
  }
  luaL_pushresult(&b);
  return lua_tostring(L, -1);
}

/* ---- errors ---- */

int gn_option_error(lua_State *L, const char *name, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  const char *msg = lua_pushvfstring(L, fmt, ap);
  va_end(ap);
  return gn_error(L, "option '%s': %s", name, msg);
}

/* The key at stack index `key` is the name of no option. */
static void unknown(lua_State *L, int key, const gn_option *known) {
  const char *names[MOST_OPTIONS], *word = lua_type(L, key) == LUA_TSTRING ? lua_tostring(L, key) : NULL;
  size_t count = 0;
  for (; known[count].name; count++) names[count] = known[count].name;
  sort(names, count);
  const char *near = word ? gn_near_name(word, names, count) : NULL;
  if (!word) word = lua_isnumber(L, key) ? luaL_tolstring(L, key, NULL) : luaL_typename(L, key);
  if (near) gn_error(L, "unknown option '%s' (did you mean '%s'?)", word, near);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (size_t i = 0; i < count; i++) {
    if (i) luaL_addstring(&b, ", ");
    luaL_addstring(&b, names[i]);
  }
  luaL_pushresult(&b);
  const char *hint = "";
  if (lua_isinteger(L, key) && lua_tointeger(L, key) == 1 && count > 0) {
    size_t first = 0; /* the one that is needed, or else the first in the code */
    while (first < count && !known[first].required) first++;
    hint = lua_pushfstring(L, "; options have names: {%s = ...}", known[first < count ? first : 0].name);
  }
  gn_error(L, "unknown option '%s' (known: %s)%s", word, lua_tostring(L, *hint ? -2 : -1), hint);
}

/* The value at stack index v is none of o's kind. */
static void wrong(lua_State *L, int v, const gn_option *o) {
  const char *want = "true or false", *got = gn_found(L, v);
  const int whole = lua_isinteger(L, v) && lua_tointeger(L, v) >= o->lo;
  switch (o->kind) {
  case GN_OPTION_INTEGER:
  case GN_OPTION_PAIR:
    want = whole ? lua_pushfstring(L, "an integer in %I..%I", (lua_Integer)o->lo, (lua_Integer)o->hi)
                 : lua_pushfstring(L, "an integer >= %I", (lua_Integer)o->lo);
    if (o->kind == GN_OPTION_PAIR) want = lua_pushfstring(L, "%s or a pair {height, width} of them", want);
    if (lua_type(L, v) == LUA_TTABLE) got = lua_pushfstring(L, "a table of %I", (lua_Integer)lua_rawlen(L, v));
    break;
  case GN_OPTION_NUMBER: want = "a number"; break;
  case GN_OPTION_FLAG: break;
  case GN_OPTION_WORD: {
    size_t count = 0;
    while (o->words[count]) count++;
    const char *near = lua_type(L, v) == LUA_TSTRING ? gn_near_name(lua_tostring(L, v), o->words, count) : NULL;
    want = push_words(L, o->words);
    if (near) want = lua_pushfstring(L, "%s (did you mean '%s'?)", want, near);
    break;
  }
  }
  gn_option_error(L, o->name, "expected %s, got %s", want, got);
}

/* ---- reading ---- */

/* out <- the integer at stack index v: 1, or 0 where it is none in o's range. */
static int read_integer(lua_State *L, int v, const gn_option *o, gn_int *out) {
  int ok = 0;
  *out = lua_type(L, v) == LUA_TNUMBER ? lua_tointegerx(L, v, &ok) : 0;
  return ok && *out >= o->lo && *out <= o->hi;
}

static void read_pair(lua_State *L, int v, const gn_option *o, gn_int *out) {
  if (lua_type(L, v) != LUA_TTABLE) {
    if (!read_integer(L, v, o, out)) wrong(L, v, o);
    out[1] = out[0];
    return;
  }
  if (lua_rawlen(L, v) != 2) wrong(L, v, o);
  for (int i = 0; i < 2; i++) {
    lua_rawgeti(L, v, i + 1);
    if (!read_integer(L, lua_gettop(L), o, out + i)) wrong(L, lua_gettop(L), o);
    lua_pop(L, 1);
  }
}

static void read_word(lua_State *L, int v, const gn_option *o, int *out) {
  const char *s = lua_type(L, v) == LUA_TSTRING ? lua_tostring(L, v) : "";
  for (*out = 0; o->words[*out]; ++*out)
    if (strcmp(s, o->words[*out]) == 0) return;
  wrong(L, v, o);
}

static void read_option(lua_State *L, int v, const gn_option *o, void *field) {
  switch (o->kind) {
  case GN_OPTION_INTEGER:
    if (!read_integer(L, v, o, field)) wrong(L, v, o);
    break;
  case GN_OPTION_PAIR: read_pair(L, v, o, field); break;
  case GN_OPTION_NUMBER:
    if (lua_type(L, v) != LUA_TNUMBER) wrong(L, v, o);
    *(double *)field = lua_tonumber(L, v);
    break;
  case GN_OPTION_FLAG:
    if (lua_type(L, v) != LUA_TBOOLEAN) wrong(L, v, o);
    *(int *)field = lua_toboolean(L, v);
    break;
  case GN_OPTION_WORD: read_word(L, v, o, field); break;
  }
}

uint64_t gn_read_options(lua_State *L, int arg, const gn_option *known, void *out) {
  uint64_t given = 0;
  luaL_checkstack(L, 8, "options");
  if (!lua_isnoneornil(L, arg)) {
    if (lua_type(L, arg) != LUA_TTABLE) gn_expected(L, arg, "options", "a table of options");
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
      const int v = lua_gettop(L), key = v - 1;
      const char *name = lua_type(L, key) == LUA_TSTRING ? lua_tostring(L, key) : "";
      const gn_option *o = known;
      while (o->name && strcmp(o->name, name) != 0) o++;
      if (!o->name) unknown(L, key, known);
      read_option(L, v, o, (char *)out + o->at);
      given |= (uint64_t)1 << (o - known);
    }
  }
  for (const gn_option *o = known; o->name; o++)
    if (o->required && !(given >> (o - known) & 1)) {
      lua_pushnil(L);
      wrong(L, lua_gettop(L), o);
    }
  return given;
}
