--- Opens nets of one's own: a Lua file that returns `{generator = f, discriminator = f}`.
--
--     return {
--       generator = function(opt) return nn.chain {nn.linear {opt.z, 2 * opt.ngf, rng = opt.rng}, ...} end,
--       discriminator = function(opt) return nn.chain {...} end,
--     }
--
-- A function gets the options that gan.model's have: `size`, `channels`, `classes` (nil where the run is not
-- conditional), `z` and `ngf` (a generator), `ndf` (a discriminator), `rng` (the stream of the starting values; nil
-- where weights will be loaded), and what the script adds to them.
--
-- The file is executed, with all that Lua can do. So nothing executes it but a script that names it, or a command line:
-- `run:generator "nets.lua"` and `--net nets.lua`. The copy that a run keeps is text until somebody names it.
-- @module gan.model.own
local core = require "gan.core"
local check = require "gan.check"
local module = require "gan.nn.module"
local nn = require "gan.nn"
local text = require "gan.file.text"

local M = {}

local File = {}
File.__index = File

-- nil and an error of the file, in one line that begins with its path.
local function failed(path, message)
  message = tostring(message):match "^[^\n]*"
  return nil, message:sub(1, #path + 1) == path .. ":" and message or ("%s: %s"):format(path, message)
end

--- Tells whether a net's name is that of a Lua file. Cannot fail.
-- @tparam string name  "nets.lua", or of gan.model: "dcgan"
-- @treturn boolean
function M.is_file(name) return type(name) == "string" and name:find "%.lua$" ~= nil end

--- Opens a file of nets, and executes it.
-- @tparam string path  of the file
-- @tparam[opt] string hash  the file must have it: another one is not executed
-- @treturn File  with `name` (the path's end), `hash` ("crc32:" and 8 digits) and `text` (what was executed)
-- @error if it cannot be read, is no Lua, fails, or returns something else; with its hash as a third value if it is
--   another file
-- @raise if path is no string
function M.open(path, hash)
  if type(path) ~= "string" then return check.expected("model.own.open", 1, "path", "a path", path) end
  local source, message = text.read(path)
  if not source then return nil, message end
  local found = ("crc32:%08x"):format(core.crc32(source))
  if hash and hash ~= found then return nil, ("%s: expected %s, found %s"):format(path, hash, found), found end
  local chunk
  chunk, message = load(source:gsub("^#[^\n]*", ""), "@" .. path, "t")
  if not chunk then return failed(path, message) end
  local ok, nets = pcall(chunk)
  if not ok then return failed(path, nets) end
  if type(nets) ~= "table" or not (check.callable(nets.generator) or check.callable(nets.discriminator)) then
    return nil, ("%s: expected a file that returns {generator = f, discriminator = f}, it returns %s"):format(path,
      type(nets) == "table" and "a table without them" or check.found(nets))
  end
  return setmetatable({path = path, name = path:match "[^/]*$", text = source, nets = nets, hash = found}, File)
end

local function plain(v)
  if type(v) ~= "table" then return type(v) == "string" or type(v) == "number" or type(v) == "boolean" end
  for k, e in pairs(v) do if type(k) == "table" or not plain(e) then return false end end
  return true
end

--- Makes a net.
-- @function File:make
-- @tparam string kind  "generator" or "discriminator"
-- @tparam table opt  options, given to the file's function
-- @treturn Module
-- @raise if the file has no such function, or it returns no net; and what the function raises
function File:make(kind, opt)
  local f = self.nets[kind]
  if not check.callable(f) then
    return check.fail("model.own", "%s: has no function '%s'", self.path, kind)
  end
  local net = f(opt)
  if not nn.is_module(net) then
    return check.fail("model.own", "%s: %s: expected a net, it returns %s", self.path, kind, check.found(net))
  end
  return net
end

--- Makes a net, or says why not.
-- @function File:try
-- @tparam string kind  "generator" or "discriminator"
-- @tparam table opt  options, given to the file's function
-- @tparam[opt] integer numbers  that its weights may have together
-- @treturn Module
-- @error in one line, whatever it is that `make` raises
function File:try(kind, opt, numbers)
  local ok, net = pcall(module.within, numbers or math.huge, self.make, self, kind, opt)
  if not ok then return failed(self.path, net) end
  return net
end

--- Checks that options can be kept, so that the net is made again from them.
-- @function File:check_plain
-- @tparam[opt] table opt  name -> value
-- @raise naming one that is no plain value
function File:check_plain(opt)
  for name, v in pairs(opt or {}) do
    if not plain(v) then
      return check.fail("model.own", "%s: option '%s': expected a plain value, from which the net can be made again, "
        .. "got %s", self.path, tostring(name), check.found(v))
    end
  end
end

return M
