--- Checks the options of layers' constructors.
-- Every message has the form `nn.dropout: option 'p': expected a number in [0,1], got 2`.
-- @internal gan.nn.checks
local core = require "gan.core"
local check = require "gan.check"
local random = require "gan.random"

local M = {}

local function wrong(op, name, expected, v)
  return check.fail(op, "option '%s': expected %s, got %s", tostring(name), expected, check.found(v))
end

--- Checks an option that is an integer in lo..hi (default: 2^31 - 1); returns it as an integer.
function M.integer(op, name, v, lo, hi)
  local n = type(v) == "number" and math.tointeger(v)
  hi = hi or 2147483647
  if not n or n < lo or n > hi then return wrong(op, name, ("an integer in %d..%d"):format(lo, hi), v) end
  return n
end

--- Checks an option that is an integer in lo.. or a pair {height, width} of them; returns both.
function M.pair(op, name, v, lo)
  if type(v) ~= "table" then
    v = M.integer(op, name, v, lo)
    return v, v
  end
  if #v ~= 2 then
    return check.fail(op, "option '%s': expected an integer or a pair {height, width}, got a table of %d", name, #v)
  end
  return M.integer(op, name, v[1], lo), M.integer(op, name, v[2], lo)
end

--- Checks an option that is a number in [lo, hi]; either may be nil.
function M.number(op, name, v, lo, hi)
  if type(v) == "number" and v == v and not (lo and v < lo or hi and v > hi) then return v end
  local range = lo and hi and (" in [%g,%g]"):format(lo, hi) or lo and (" >= %g"):format(lo) or ""
  return wrong(op, name, "a number" .. range, v)
end

--- Checks an option that is true or false.
function M.boolean(op, name, v)
  if type(v) ~= "boolean" then return wrong(op, name, "true or false", v) end
  return v
end

--- Checks the option `rng`; returns the stream that a constructor draws from (default: the library's default stream).
function M.stream(op, rng)
  if rng == nil then return random.default() end
  if not random.is_stream(rng) then return wrong(op, "rng", "a random stream (gan.rng)", rng) end
  return rng
end

--- Returns the stream for what a layer draws at each call: the option `rng`, or a new one.
-- The new one is seeded from the library's default stream.
function M.own_stream(op, rng)
  local from = M.stream(op, rng)
  return rng or core.rng(core.item(from:integer({}, 0, 2147483647)), (op:match "[^.]*$"))
end

--- Checks constructor options: the list part (sizes, checked by their names) and the named rest, against `known`.
-- @tparam string op  "nn.linear"
-- @tparam table opt  what the user gave
-- @tparam table sizes  names of the list part, e.g. {"Di", "Do"}: integers >= 1
-- @tparam table known  named options and their defaults, as for check.options
-- @treturn table  the named options; the sizes are at 1, 2, ...
function M.options(op, opt, sizes, known)
  if opt == nil then opt = {} end
  if type(opt) ~= "table" then return check.fail(op, "expected a table of options, got %s", check.found(opt)) end
  local named, n = {}, 0
  for k, v in pairs(opt) do
    if math.type(k) == "integer" then n = n + 1 else named[k] = v end
  end
  local out = check.options(op, named, known)
  for i, name in ipairs(sizes) do
    local v = opt[i]
    if v == nil then return check.fail(op, "size %s is missing: %s{%s, ...}", name, op, table.concat(sizes, ", ")) end
    out[i] = M.integer(op, name, v, 1)
  end
  if n > #sizes then
    return check.fail(op, "expected %d sizes in the list part of the options, got %d", #sizes, n)
  end
  return out
end

return M
