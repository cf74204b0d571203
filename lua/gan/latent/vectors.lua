--- Reads latent vectors however they are given: one as a list of numbers or a tensor, many as rows of a tensor.
-- @internal gan.latent.vectors
local core = require "gan.core"
local check = require "gan.check"

local M = {}

local WANTED = "a list of numbers, a real tensor (Z) or (N,Z)"

local function is_list(v)
  if type(v) ~= "table" or #v == 0 then return false end
  for i = 1, #v do if type(v[i]) ~= "number" then return false end end
  return true
end

--- Returns vectors as lists of numbers.
-- @tparam string op  public name of the function
-- @tparam integer i  number of its argument
-- @tparam string name  of the argument
-- @param v  a list of Z numbers; real (Z) or (N,Z)
-- @treturn table  list of lists
-- @treturn function  back(list of lists): a value of v's kind
-- @raise if v is none of these
function M.read(op, i, name, v)
  if is_list(v) then return {v}, function(rows) return rows[1] end end
  local dims = core.is_tensor(v) and core.dtype(v) == "real" and core.numel(v) > 0 and core.dim(v)
  if dims == 1 then return {core.to_table(v)}, function(rows) return core.tensor(rows[1]) end end
  if dims == 2 then return core.to_table(v), core.tensor end
  return check.expected(op, i, name, WANTED, v)
end

--- Returns vectors as lists of numbers, of another argument's length: as many as there, or one, which stands for all.
-- @tparam string op  as for `read`
-- @tparam integer i  likewise
-- @tparam string name  likewise
-- @param v  likewise
-- @tparam table like  what `read` gave for the other
-- @tparam string other  its name
-- @treturn table  list of lists, as long as `like`
-- @raise if v is none, or of another length
function M.like(op, i, name, v, like, other)
  local rows = M.read(op, i, name, v)
  local n, z = #like, #like[1]
  if #rows[1] ~= z or #rows ~= n and #rows ~= 1 then
    return check.fail(op, "bad argument #%d '%s' (expected %s of %s, as %s has, got %s of %s)", i, name,
      check.count(n, "vector"), check.count(z, "number"), other, check.count(#rows, "vector"),
      check.count(#rows[1], "number"))
  end
  local out = {}
  for k = 1, n do out[k] = rows[k] or rows[1] end
  return out
end

--- Returns one vector as a list of numbers.
-- @tparam string op  as for `read`
-- @tparam integer i  likewise
-- @tparam string name  likewise
-- @param v  a list of Z numbers; real (Z) or (1,Z)
-- @tparam[opt] integer z  Z, where it is known
-- @treturn table  list of Z numbers
-- @raise if v is none, or of another length
function M.one(op, i, name, v, z)
  local rows = M.read(op, i, name, v)
  if #rows == 1 and (not z or #rows[1] == z) then return rows[1] end
  return check.fail(op, "bad argument #%d '%s' (expected one vector%s, got %s of %s)", i, name,
    z and " of " .. check.count(z, "number") or "", check.count(#rows, "vector"), check.count(#rows[1], "number"))
end

--- Returns the sum of products of two lists. Cannot fail.
function M.dot(a, b)
  local sum = 0
  for i = 1, #a do sum = sum + a[i] * b[i] end
  return sum
end

--- Returns the length of a list of numbers. Cannot fail.
function M.length(a) return math.sqrt(M.dot(a, a)) end

--- Returns s a + t b. Cannot fail.
function M.combine(s, a, t, b)
  local out = {}
  for i = 1, #a do out[i] = s * a[i] + t * b[i] end
  return out
end

return M
