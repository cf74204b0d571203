--- What a script makes up at run time, as part of a run's checkpoints: plain Lua values, tensors and random streams, in tables or alone.
local core = require "gan.core"
local check = require "gan.check"
local random = require "gan.random"

local M = {}

local STREAM = "rng" -- a stream is the list {"rng", key, counter}

local function plain(v) return type(v) == "number" or type(v) == "string" or type(v) == "boolean" or core.is_tensor(v) end

--- A value as a checkpoint takes it: streams become {"rng", key, counter}. Tensors are the same ones, not copies.
-- @tparam string name of the value, for errors
-- @param v number, string, boolean, tensor, stream, or a table of these (keys: strings or integers)
-- @tparam[opt] table above the tables that v lies in
-- @raise names the entry that is anything else, or a table that holds itself
function M.pack(name, v, above)
  if plain(v) then return v end
  if random.is_stream(v) then return {STREAM, v:state()} end
  above = above or {}
  if type(v) ~= "table" or above[v] then
    return check.fail("save_with", "'%s': expected numbers, strings, booleans, tensors, random streams and tables of these, got %s", name,
      above[v] and "a table that holds itself" or check.found(v))
  end
  above[v] = true
  local out = {}
  for k, x in pairs(v) do out[k] = M.pack(("%s.%s"):format(name, tostring(k)), x, above) end
  above[v] = nil
  return out
end

local function packed_stream(t)
  return type(t) == "table" and t[1] == STREAM and math.type(t[2]) == "integer" and math.type(t[3]) == "integer" and #t == 3
end

--- The value of what pack gave; streams are new ones in the same place.
function M.unpack(t)
  if type(t) ~= "table" then return t end
  if packed_stream(t) then return core.rng(0, ""):load(t[2], t[3]) end
  local out = {}
  for k, x in pairs(t) do out[k] = M.unpack(x) end
  return out
end

local function fits(a, b)
  return core.is_tensor(a) and core.is_tensor(b) and core.dtype(a) == core.dtype(b)
    and check.shape_string(core.shape(a)) == check.shape_string(core.shape(b))
end

--- Puts what pack gave back into the table it came from: its tensors, streams and tables stay the same objects where they can.
-- Entries that were not there go.
function M.into(own, t)
  for k in pairs(own) do if t[k] == nil then own[k] = nil end end
  for k, x in pairs(t) do
    local old = own[k]
    if fits(old, x) then core.copy_(old, x)
    elseif random.is_stream(old) and packed_stream(x) then old:load(x[2], x[3])
    elseif type(old) == "table" and type(x) == "table" and not packed_stream(x) then M.into(old, x)
    else own[k] = M.unpack(x) end
  end
end

--- A part of a run (something with methods state and load) of a script's own table.
--   a table with functions state and load: state() -> any value that pack takes, load(self, value) gets it back
--   any other table without a metatable: its entries are kept, and put back in place
-- Anything with methods state and load is returned as it is.
-- @raise if v is none of these
function M.part(name, v)
  if type(v) == "table" and type(v.state) == "function" and type(v.load) == "function" then
    if getmetatable(v) then return v end
    return {
      state = function() return M.pack(name, v:state()) end, load = function(_, t) v:load(M.unpack(t)) end,
      streams = v.streams and function() return v:streams() end,
    }
  end
  if type(v) ~= "table" or getmetatable(v) or v.state ~= nil or v.load ~= nil then
    return check.fail("save_with", "'%s': expected a table of plain values, or something with state() and load(), got %s", name, check.found(v))
  end
  M.pack(name, v) -- what cannot be kept is told at once
  return {state = function() return M.pack(name, v) end, load = function(_, t) M.into(v, t) end}
end

return M
