/* bind.h - what the families of bindings share: each b_<family>.c registers its functions in one opener. */
#ifndef GN_BIND_H
#define GN_BIND_H

#include "class.h"

/* Each adds its functions to the table on top of the stack. Called by core.c. */
#define FAMILY(f) void gn_open_##f(lua_State *L);
#include "families.def"
#undef FAMILY

#endif
