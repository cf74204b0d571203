/* options.h - the one reader of tables of options in C, and the names that errors suggest.
**
**   conv2d: unknown option 'strid' (did you mean 'stride'?)
**   conv2d: option 'stride': expected an integer >= 1 or a pair {height, width} of them, got 0 */
#ifndef GN_OPTIONS_H
#define GN_OPTIONS_H

#include "check.h"

typedef enum {
  GN_OPTION_INTEGER, /* gn_int */
  GN_OPTION_PAIR,    /* gn_int[2]: an integer for both, or {height, width} */
  GN_OPTION_NUMBER,  /* double */
  GN_OPTION_FLAG,    /* int: true or false */
  GN_OPTION_WORD     /* int: its place in `words` */
} gn_option_kind;

typedef struct gn_option {
  const char *name;
  gn_option_kind kind;
  size_t at;                /* where its value goes in the struct that is filled: offsetof */
  gn_int lo, hi;            /* least and largest, of integers and pairs */
  const char *const *words; /* ends with NULL */
  int required;             /* 1: an error where it is missing */
} gn_option;

/* Entries of a list of options, for field f of struct S. */
#define GN_OPT_INTEGER(S, f, least, most)                                                                              \
  { .name = #f, .kind = GN_OPTION_INTEGER, .at = offsetof(S, f), .lo = least, .hi = most }
#define GN_OPT_PAIR(S, f, least, most, needed)                                                                         \
  { .name = #f, .kind = GN_OPTION_PAIR, .at = offsetof(S, f), .lo = least, .hi = most, .required = needed }
#define GN_OPT_NUMBER(S, f, needed)                                                                                    \
  { .name = #f, .kind = GN_OPTION_NUMBER, .at = offsetof(S, f), .required = needed }
#define GN_OPT_FLAG(S, f)                                                                                              \
  { .name = #f, .kind = GN_OPTION_FLAG, .at = offsetof(S, f) }
#define GN_OPT_WORD(S, f, list)                                                                                        \
  { .name = #f, .kind = GN_OPTION_WORD, .at = offsetof(S, f), .words = list }
#define GN_OPT_END                                                                                                     \
  { .name = NULL }

/* Reads the table at arg (nil or none: an empty one) into the struct at out; known (at most 64) ends with
** GN_OPT_END. What the table lacks stays as the caller has set it. Returns the set of those that were given: bit i
** for known[i]. Raises for an unknown option, a value that is none of its kind, and a required one that is missing.
** Runs no metamethod. */
uint64_t gn_read_options(lua_State *L, int arg, const gn_option *known, void *out);

/* Raises `op: option 'name': message`, for what only all options together can tell. */
int gn_option_error(lua_State *L, const char *name, const char *fmt, ...);

/* The name in the list that is nearest to a misspelt word; NULL: none is near, i.e. within two letters or a third of
** the word. Letters are inserted, dropped, changed, or swapped with the next one. Names of more than 100 bytes are
** near nothing. */
const char *gn_near_name(const char *word, const char *const *names, size_t count);

#endif
