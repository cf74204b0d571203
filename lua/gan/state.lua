--- Saves and loads what an object has in its fields: lists of tensors, and numbers.
-- @internal gan.state
local core = require "gan.core"
local check = require "gan.check"

local M = {}

--- Returns one flat table of an object's lists and numbers: `{["m.1"] = tensor, ..., t = 3}`. Cannot fail.
-- The tensors are the live ones, not copies.
-- @tparam table self  the object
-- @tparam table lists  names of fields that are lists of tensors
-- @tparam table numbers  names of fields that are numbers
-- @treturn table
function M.state(self, lists, numbers)
  local out = {}
  for _, name in ipairs(lists) do
    for i, t in ipairs(self[name]) do out[("%s.%d"):format(name, i)] = t end
  end
  for _, name in ipairs(numbers) do out[name] = self[name] end
  return out
end

--- Restores what `state` gave. Everything is checked before anything is changed.
-- A field that holds an integer takes integers >= 0 only.
-- @tparam string op  who asks
-- @tparam table self  the object
-- @tparam table state  of such an object
-- @tparam table lists  names of fields that are lists of tensors
-- @tparam table numbers  names of fields that are numbers
-- @raise naming the entry that is missing, unknown, or of another type or shape
function M.load(op, self, state, lists, numbers)
  if type(state) ~= "table" then return check.expected(op, 1, "state", "a table", state) end
  local mine = M.state(self, lists, numbers)
  for name, old in pairs(mine) do
    local new = state[name]
    if new == nil then return check.fail(op, "state: '%s' is missing", name) end
    if core.is_tensor(old) then
      local shape = check.shape_string(core.shape(old))
      if not core.is_tensor(new) or core.dtype(new) ~= "real" or check.shape_string(core.shape(new)) ~= shape then
        return check.fail(op, "state: '%s': expected a real tensor %s, got %s", name, shape, check.found(new))
      end
    elseif math.type(old) == "integer" and (not math.tointeger(new) or new < 0) then
      return check.fail(op, "state: '%s': expected an integer >= 0, got %s", name, check.found(new))
    elseif type(new) ~= "number" then
      return check.fail(op, "state: '%s': expected a number, got %s", name, check.found(new))
    end
  end
  for name in pairs(state) do
    if mine[name] == nil then return check.fail(op, "state: unknown entry '%s'", tostring(name)) end
  end
  for name, old in pairs(mine) do
    if core.is_tensor(old) then core.copy_(old, state[name])
    else self[name] = math.type(old) == "integer" and math.tointeger(state[name]) or state[name] end
  end
end

-- ---- plain values ----

local STREAM = "rng" -- a stream is the list {"rng", key, counter}

local is_plain = {number = true, string = true, boolean = true}
local function plain(v) return is_plain[type(v)] or core.is_tensor(v) end

--- Returns a value as a checkpoint takes it: streams become {"rng", key, counter}.
-- Tensors are the same ones, not copies.
-- @tparam string name  of the value, for errors
-- @param v  number, string, boolean, tensor, stream, or a table of these (keys: strings or integers)
-- @tparam[opt] table above  the tables that v lies in
-- @raise naming the entry that is anything else, or a table that holds itself
function M.pack(name, v, above)
  if plain(v) then return v end
  if core.is_rng(v) then return {STREAM, v:state()} end
  above = above or {}
  if type(v) ~= "table" or above[v] then
    return check.fail("Run:save_with",
      "'%s': expected numbers, strings, booleans, tensors, random streams and tables of these, got %s", name,
      above[v] and "a table that holds itself" or check.found(v))
  end
  above[v] = true
  local out = {}
  for k, x in pairs(v) do out[k] = M.pack(("%s.%s"):format(name, tostring(k)), x, above) end
  above[v] = nil
  return out
end

local function packed_stream(t)
  return type(t) == "table" and t[1] == STREAM and #t == 3
    and math.type(t[2]) == "integer" and math.type(t[3]) == "integer"
end

--- Returns the value of what pack gave; streams are new ones in the same place.
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

--- Puts what pack gave back into the table it came from: its tensors, streams and tables stay the same objects where
-- they can. Entries that were not there go.
function M.into(own, t)
  for k in pairs(own) do if t[k] == nil then own[k] = nil end end
  for k, x in pairs(t) do
    local old = own[k]
    if fits(old, x) then core.copy_(old, x)
    elseif core.is_rng(old) and packed_stream(x) then old:load(x[2], x[3])
    elseif type(old) == "table" and type(x) == "table" and not packed_stream(x) then M.into(old, x)
    else own[k] = M.unpack(x) end
  end
end

--- Returns something with methods state and load, of what a script gives.
-- An object that has them is one already. Of a table with functions state and load, state() may return any value that
-- `pack` takes. Any other table without a metatable is put back in place, entry by entry.
-- @tparam string name  of the part, for errors
-- @param v  any of these
-- @treturn table  with methods `state`, `load`, and perhaps `streams`
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
    return check.fail("Run:save_with",
      "'%s': expected a table of plain values, or something with state() and load(), got %s", name, check.found(v))
  end
  M.pack(name, v) -- what cannot be kept is told at once
  return {state = function() return M.pack(name, v) end, load = function(_, t) M.into(v, t) end}
end

--- Returns the name of a tensor in v that holds NaN or infinity, the first by name, or nil; `name` is v's own.
function M.not_finite(name, v)
  if core.is_tensor(v) and core.dtype(v) == "real" then
    local x = core.sum(v):item()
    return x - x ~= 0 and name or nil
  end
  local first
  for key, x in pairs(type(v) == "table" and v or {}) do
    local found = M.not_finite(("%s.%s"):format(name, key), x)
    if found and (not first or found < first) then first = found end
  end
  return first
end

return M
