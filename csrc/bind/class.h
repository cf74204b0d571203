/* class.h - classes of userdata. Methods of an object that can be closed exclude each other: a finalizer runs wherever
** Lua allocates, also in the middle of a method, and may call another one of the same object, or close it. */
#ifndef GN_CLASS_H
#define GN_CLASS_H

#include "check.h"

/* The first member of an object that can be closed; zero at first. */
typedef struct gn_guard {
  int busy;   /* a method is at work */
  int closes; /* it was asked to close meanwhile: that waits for the method's end */
} gn_guard;

typedef struct gn_class {
  const char *type, *name; /* in the registry, and in messages */
  const char *expected;    /* what messages say was expected in its place */
  const luaL_Reg *methods; /* where `close` is given, they are called with `busy` set; one meeting another raises */
  /* NULL, or gives back what the object has: called by obj:close(), by <close>, and when the object is collected.
  ** Leaves the guard alone, may be called twice, and calls nothing of Lua. */
  void (*close)(void *object);
} gn_class;

/* Makes the metatable of a class. c lives as long as the state. */
void gn_register_class(lua_State *L, const gn_class *c);

#endif
