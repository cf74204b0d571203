-- Finds the library beside the experiments, or else the installed one, and says in one line what is missing. The first
-- lines of every experiment run this file: that of the folder in which the script lies, links followed. Where there is
-- none, because the script was copied elsewhere, they load the installed library. Plain Lua 5.1 syntax, as that of the
-- scripts, so that another Lua gets as far as its message.
--
-- Nothing of the directory in which a script happens to be started is executed, for it may be a stranger's: the same
-- lines have left out the entries ./?.lua, ./?/init.lua and ./?.so, with which Lua's own search paths end. What else
-- LUA_PATH and LUA_CPATH name is their owner's wish, and stays.
local script = arg and arg[0] or "script"

local function stop(message)
  io.stderr:write((script:match("[^/\\]*$")), ": ", message, "\n")
  os.exit(1)
end

if _VERSION ~= "Lua 5.4" then stop("needs Lua 5.4, this is " .. _VERSION .. ": try lua5.4 " .. script) end

local here = debug.getinfo(1, "S").source:match("^@(.*)/") or "."
local root = here:match("^(.+)/[^/]+$") or here .. "/.."
local sources = io.open(root .. "/lua/gan/init.lua")
if sources then
  sources:close()
  package.path = root .. "/lua/?.lua;" .. root .. "/lua/?/init.lua;" .. package.path
  local build = os.getenv("GAN_BUILD") or "build" -- build/asan in `make asan`
  package.cpath = root .. "/" .. build .. "/?.so;" .. package.cpath
end

local ok, message = pcall(require, "gan.wait") -- before core, as in gan: what its libraries need
if ok then ok, message = pcall(require, "gan.core") end
if not ok then
  if message:find("^module 'gan%.%l+' not found") then
    stop("the library is not built: run `make` in " .. root .. " (or `luarocks make` to install it)")
  end
  stop((message:gsub("\n.*", "")))
end

for _, rock in ipairs {"argparse", "cjson", "lfs"} do
  if not pcall(require, rock) then
    local names = {argparse = "argparse", cjson = "lua-cjson", lfs = "luafilesystem"}
    stop("the Lua module '" .. rock .. "' is missing: run `make deps` in the checkout, or luarocks install "
      .. names[rock])
  end
end

os.setlocale "C" -- whatever LUA_INIT says: what programs print and read has points, not commas
require("gan.core").catch_interrupt(false) -- Ctrl-C ends a program without a traceback; a run ends its step first
return require("gan")
