/* state.h - what the core keeps for each Lua state: when to collect next, and the choices made there. Nothing of it is
** shared, so that states in several threads need no lock for it. */
#ifndef GN_STATE_H
#define GN_STATE_H

#include "../storage.h"
#include <lua.h>

#define GN_GARBAGE ((size_t)32 << 20) /* bytes handed out for which a collection costs more than it frees */

typedef struct gn_state {
  size_t since;                 /* bytes handed out to this state since the last collection */
  size_t live_after;            /* bytes that the process held after it */
  int largest_tile;             /* of Winograd's engines that convolutions choose by themselves: 0 (none), 2 or 4 */
  void (*give_up)(lua_State *); /* lets go of buffers that can be made again, NULL: there are none */
} gn_state;

void gn_open_state(lua_State *L); /* before everything else */
gn_state *gn_state_of(lua_State *L);

/* Returns a buffer, counted in `since`; NULL: out of memory, after a full collection, the cache given back, and one
** more try. What other states hold stays theirs, also what is garbage there. */
gn_storage *gn_new_storage(lua_State *L, size_t bytes);
gn_storage *gn_try_storage(lua_State *L, size_t bytes); /* the same in one try, without a collection */
void gn_discard(lua_State *L, gn_storage *s); /* releases without waiting for the collector: not counted in `since` */
void gn_collect(lua_State *L);                /* a full collection, which is what returns tensors' memory */
void gn_trim(lua_State *L);                   /* gives cached buffers back to the system, and what give_up has */

#endif
