/* b_pictures.h - what other bindings need of pictures in files: see b_pictures.c. */
#ifndef GN_B_PICTURES_H
#define GN_B_PICTURES_H

#include "../codec/pictures.h"
#include "class.h"

/* The userdata: all pictures of a list, or some of them. */
typedef struct gn_disk {
  gn_guard guard;
  gn_pictures *p;
  gn_storage *map; /* i32 (n): which of p; NULL: all */
  gn_int n;
  gn_readers *readers; /* of the Lua thread, while it reads; or NULL */
} gn_disk;

gn_disk *gn_test_pictures(lua_State *L, int arg); /* NULL if it is none */

/* The message of a job that failed: "NAME: what is wrong", pushed. later: "PATH has changed ...", as it could be read
** before. */
const char *gn_push_problem(lua_State *L, const gn_pictures *p, const gn_read *job, int later);

/* Raises that there was no memory for a picture, which is no fault of its file. name: its, or NULL. */
int gn_picture_memory(lua_State *L, const char *name, const gn_picture *pic);

#endif
