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

return M
