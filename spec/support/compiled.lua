-- A few lines of C as a Lua module, for what Lua cannot do: fork(), another locale's setlocale.
local temp = require "spec.support.temp"

local M = {}

--- Compiles and loads a module.
-- @tparam string name  of the module: its source defines luaopen_NAME
-- @tparam string source  C; lua.h and lauxlib.h are included
-- @treturn table  what it returns; nil where there is no compiler, or no headers of Lua
function M.module(name, source)
  local dir = temp.folder()
  local c, so = ("%s/%s.c"):format(dir, name), ("%s/%s.so"):format(dir, name)
  temp.write(c, "#define _GNU_SOURCE\n#include <lua.h>\n#include <lauxlib.h>\n" .. source)
  local flags = "$(pkg-config --cflags lua5.4 2>/dev/null || echo -I/usr/include/lua5.4)"
  local made = os.execute(("cc -shared -fPIC -O1 %s -o %s %s 2>/dev/null"):format(flags, so, c))
  local open = made and package.loadlib(so, "luaopen_" .. name)
  temp.remove(dir)
  return open and open() or nil
end

--- Runs a function in a child of this process, and waits for it. The child ends without closing its state.
-- @tparam function f  what the child does
-- @treturn integer  its exit code: 0, or 1 after an error; nil where this cannot be tested here
function M.fork(f)
  M.forks = M.forks or M.module("forks", [[
#include <sys/wait.h>
#include <unistd.h>
static int in_child(lua_State *L) {
  int status = 0;
  const pid_t pid = fork();
  if (pid == 0) _exit(lua_pcall(L, 0, 0, 0) != LUA_OK);
  if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status)) return luaL_error(L, "the child did not end");
  lua_pushinteger(L, WEXITSTATUS(status));
  return 1;
}
int luaopen_forks(lua_State *L) { lua_pushcfunction(L, in_child); return 1; }
]])
  return M.forks and M.forks(f)
end

return M
