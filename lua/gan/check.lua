--- Errors and option checking for the Lua side: one message form, blaming the innermost line outside the library.
-- @internal gan.check
local core = require "gan.core"

local M = {}

--- Raises `user.lua:41: op: message`.
-- @tparam string op name of the public function
-- @tparam string fmt message, as for string.format
function M.fail(op, fmt, ...)
  if select("#", ...) > 0 then fmt = fmt:format(...) end
  return core.raise(op, fmt)
end

--- A short word for a value, as error messages show it: `real tensor (2,3)`, `string 'abc'`, `nil`.
function M.found(v)
  if core.is_tensor(v) then return ("%s tensor %s"):format(core.dtype(v), M.shape_string(core.shape(v))) end
  if type(v) == "string" then return ("string '%s'"):format(#v > 60 and v:sub(1, 57) .. "..." or v) end
  if type(v) == "number" or type(v) == "boolean" or v == nil then return tostring(v) end
  return type(v)
end

--- "(64,32,32,3)".
function M.shape_string(s)
  return "(" .. table.concat(s, ",") .. ")"
end

--- Raises `op: bad argument #i 'name' (expected X, got Y)`.
function M.expected(op, i, name, expected, got)
  return M.fail(op, "bad argument #%d '%s' (expected %s, got %s)", i, name, expected, M.found(got))
end

--- Checks that v is a tensor of real numbers, with `nd` dimensions if given.
function M.real(op, i, name, v, nd)
  if not core.is_tensor(v) or core.dtype(v) ~= "real" then return M.expected(op, i, name, "a real tensor", v) end
  if nd and core.dim(v) ~= nd then return M.expected(op, i, name, nd .. " dimensions", v) end
  return v
end

--- Checks that v is an integer in lo..hi (hi may be nil); returns it as an integer.
function M.int(op, i, name, v, lo, hi)
  local n = type(v) == "number" and math.tointeger(v)
  if not n or n < lo or (hi and n > hi) then
    return M.expected(op, i, name, hi and ("an integer in %d..%d"):format(lo, hi) or ("an integer >= %d"):format(lo), v)
  end
  return n
end

--- Checks that v is a number in [lo, hi] (either may be nil).
function M.number(op, i, name, v, lo, hi)
  if type(v) ~= "number" or v ~= v or (lo and v < lo) or (hi and v > hi) then
    local range = lo and hi and (" in [%g,%g]"):format(lo, hi) or lo and (" >= %g"):format(lo) or hi and (" <= %g"):format(hi) or ""
    return M.expected(op, i, name, "a number" .. range, v)
  end
  return v
end

--- The shape that a file claims, and how many elements it has; or nil and what was expected where no tensor can have it.
function M.claimed_shape(sizes)
  local shape, product, count = {}, 1, 1
  for i, v in ipairs(sizes) do
    local n = type(v) == "number" and math.tointeger(v)
    if not n or n < 0 or n > 1 << 40 or i > 8 then return nil, "expected a shape of at most 8 sizes >= 0" end
    local m = math.max(n, 1) -- the others must multiply without overflow even beside a zero
    if product > (1 << 40) // m then return nil, "expected a smaller shape" end
    shape[i], product, count = n, product * m, count * n
  end
  return shape, count
end

--- nil and a message about a file, which names the file once, whether or not the message did already.
function M.about(path, message)
  if message:sub(1, #path + 2) == path .. ": " then return nil, message end
  return nil, path .. ": " .. message
end

--- Whether v can be called: a function, or a table that is called like one.
function M.callable(v)
  local mt = type(v) == "table" and getmetatable(v)
  return type(v) == "function" or type(mt) == "table" and mt.__call ~= nil
end

--- An error's message without the place that it blames, where it is told as `nil, message`.
function M.placeless(message) return (tostring(message):gsub("^[^ ]*:%d+: ", "")) end

--- The nearest of a list of names to a misspelt one, or nil if none is near (Levenshtein distance at most 2 or a third of it).
function M.nearest(word, names)
  local best, best_d
  for _, name in ipairs(names) do
    local prev = {}
    for j = 0, #name do prev[j] = j end
    for i = 1, #word do
      local row = {[0] = i}
      for j = 1, #name do
        local cost = word:byte(i) == name:byte(j) and 0 or 1
        row[j] = math.min(prev[j] + 1, row[j - 1] + 1, prev[j - 1] + cost)
      end
      prev = row
    end
    local d = prev[#name]
    if not best_d or d < best_d then best, best_d = name, d end
  end
  if best_d and best_d <= math.max(2, #word // 3) and best_d < math.min(#word, #best) then return best end
  return nil
end

--- Checks an options table against what is known: unknown names are errors that suggest the nearest.
-- @tparam string op
-- @tparam ?table opt the caller's options
-- @tparam table known name -> default (use M.none for "no default")
-- @treturn table a new table with every known option set
function M.options(op, opt, known)
  if opt ~= nil and type(opt) ~= "table" then return M.fail(op, "options: expected a table, got %s", M.found(opt)) end
  local out = {}
  for k, v in pairs(known) do if v ~= M.none then out[k] = v end end
  for k, v in pairs(opt or {}) do
    if known[k] == nil then
      local names = {}
      for name in pairs(known) do names[#names + 1] = name end
      table.sort(names)
      local near = type(k) == "string" and M.nearest(k, names)
      local hint = near and (" (did you mean '%s'?)"):format(near) or " (known: " .. table.concat(names, ", ") .. ")"
      return M.fail(op, "unknown option '%s'%s", tostring(k), hint)
    end
    out[k] = v
  end
  return out
end

--- Makes t a room whose modules are its fields, loaded on first use: gan.loss.hinge is lua/gan/loss/hinge.lua.
-- @tparam string prefix such as "gan.loss"
-- @tparam table t what the room has besides
-- @tparam[opt] table names name -> true: the files that are public (default: all)
-- @treturn table t
function M.room(prefix, t, names)
  return setmetatable(t, {
    __index = function(_, key)
      local module = type(key) == "string" and key:find "^[%w_]+$" and prefix .. "." .. key
      if not module or names and not names[key] or not names and not package.searchpath(module, package.path) then return nil end
      t[key] = require(module)
      return t[key]
    end,
  })
end

M.none = setmetatable({}, {__tostring = function() return "none" end})

return M
