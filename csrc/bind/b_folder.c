/* b_folder.c - what lies in a folder, for Lua: names and kinds together, without a look at each file. */
#define _GNU_SOURCE /* d_type under -std=c11 */
#include "bind.h"
#include "order.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>

#define T_FOLDER GN_PREFIX "folder"

typedef struct folder {
  gn_guard guard;
  DIR *dir; /* NULL: closed */
} folder;

static void folder_close(void *object) {
  folder *f = object;
  if (f->dir) closedir(f->dir);
  f->dir = NULL;
}

/* core.folder(path) -> names, special; or nil, why. names: a list, sorted by bytes, without "." and ".."; special[name]
** is true of what may be no plain file. */
static int list(lua_State *L) {
  const char *path = gn_check_path(L, 1);
  lua_settop(L, 1);
  folder *f = lua_newuserdatauv(L, sizeof *f, 0); /* closes the folder whatever Lua raises */
  *f = (folder){0};
  luaL_setmetatable(L, T_FOLDER);
  lua_newtable(L);
  lua_newtable(L);
  f->dir = opendir(path);
  errno = f->dir ? 0 : errno;
  lua_Integer n = 0;
  for (const struct dirent *e; f->dir && (errno = 0, e = readdir(f->dir));) {
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
    lua_pushstring(L, e->d_name);
    lua_rawseti(L, 3, ++n);
    if (e->d_type == DT_REG) continue;
    lua_pushboolean(L, 1);
    lua_setfield(L, 4, e->d_name);
  }
  const int error = errno;
  folder_close(f);
  if (!error) {
    gn_sort_list(L, 3);
    return 2;
  }
  luaL_pushfail(L);
  lua_pushstring(L, strerror(error));
  return 2;
}

static const luaL_Reg methods[] = {{NULL, NULL}};
static const gn_class class = {T_FOLDER, "folder", "a folder", methods, folder_close};
static const luaL_Reg funcs[] = {{"folder", list}, {NULL, NULL}};

void gn_open_folder(lua_State *L) {
  gn_register_class(L, &class);
  gn_register(L, funcs);
}
