/* order.h - the order of strings by their bytes, the same in every locale (Lua's own follows the locale). */
#ifndef GN_ORDER_H
#define GN_ORDER_H

#include "check.h"

/* < 0, 0, > 0 as a (m bytes) comes before b (n bytes), is it, comes behind it. */
int gn_compare_bytes(const char *a, size_t m, const char *b, size_t n);

/* Puts the strings of the list at a positive stack index in order. Raises if it holds anything else. */
void gn_sort_list(lua_State *L, int list);

#endif
