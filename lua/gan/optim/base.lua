--- What optimisers share: checked parameter lists, state tensors, saving and loading.
local core = require "gan.core"
local check = require "gan.check"

local M = {}

--- Checks a list of real, contiguous tensors; returns a copy of the list.
function M.params(op, params)
  if type(params) ~= "table" then return check.expected(op, 1, "params", "a list of tensors", params) end
  local out = {}
  for i, p in ipairs(params) do
    check.real(op, 1, ("params[%d]"):format(i), p)
    if not core.is_contiguous(p) then return check.fail(op, "params[%d] %s is not contiguous", i, check.shape_string(core.shape(p))) end
    out[i] = p
  end
  if #out == 0 then return check.fail(op, "params is an empty list") end
  return out
end

--- Checks numeric options: ranges[name] = {lowest, highest}; {0, 1} excludes 1 (decay rates).
function M.numbers(op, opt, ranges)
  for name, range in pairs(ranges) do
    local v = check.number(op, 2, name, opt[name], range[1], range[2])
    if range[2] == 1 and v == 1 then return check.expected(op, 2, name, "a number in [0,1)", v) end
  end
end

--- Zeros of the shapes of params.
function M.zeros(params)
  local out = {}
  for i, p in ipairs(params) do out[i] = core.full(core.shape(p), 0) end
  return out
end

--- One flat table of an optimiser's lists and numbers: {["m.1"] = tensor, ..., t = 3}. The tensors are the live ones, not copies.
-- @tparam table self
-- @tparam table lists names of fields that are lists of tensors
-- @tparam table numbers names of fields that are numbers
function M.state(self, lists, numbers)
  local out = {}
  for _, name in ipairs(lists) do
    for i, t in ipairs(self[name]) do out[("%s.%d"):format(name, i)] = t end
  end
  for _, name in ipairs(numbers) do out[name] = self[name] end
  return out
end

--- Restores what M.state gave. Everything is checked before anything is changed.
-- @raise naming the entry that is missing, unknown, or of another type or shape
function M.load(op, self, state, lists, numbers)
  if type(state) ~= "table" then return check.expected(op, 1, "state", "a table", state) end
  local mine = M.state(self, lists, numbers)
  for name, old in pairs(mine) do
    local new = state[name]
    if new == nil then return check.fail(op, "state: '%s' is missing", name) end
    if core.is_tensor(old) then
      local shape = core.shape(old)
      if not core.is_tensor(new) or core.dtype(new) ~= "real" or check.shape_string(core.shape(new)) ~= check.shape_string(shape) then
        return check.fail(op, "state: '%s': expected a real tensor %s, got %s", name, check.shape_string(shape), check.found(new))
      end
    elseif not math.tointeger(new) or new < 0 then
      return check.fail(op, "state: '%s': expected an integer >= 0, got %s", name, check.found(new))
    end
  end
  for name in pairs(state) do
    if mine[name] == nil then return check.fail(op, "state: unknown entry '%s'", tostring(name)) end
  end
  for name, old in pairs(mine) do
    if core.is_tensor(old) then core.copy_(old, state[name]) else self[name] = math.tointeger(state[name]) end
  end
end

return M
