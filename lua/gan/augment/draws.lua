--- Makes other distributions of uniform numbers.
-- @internal gan.augment.draws
local M = {}

--- Returns a standard normal number made of two uniform ones in [0,1), by Box and Muller's formula.
function M.normal(u, v) return math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v) end

--- Returns a factor 2^n, n normal with the deviation std.
function M.factor(u, v, std) return 2 ^ (std * M.normal(u, v)) end

--- Returns a number in [-range,range).
function M.within(u, range) return (2 * u - 1) * range end

--- Returns an integer in 0..n-1.
function M.integer(u, n) return math.floor(u * n) end

--- Returns the nearest integer, of two the even one.
function M.round(v)
  local below = math.floor(v)
  local rest = v - below
  if rest > 0.5 or rest == 0.5 and below % 2 == 1 then return below + 1 end
  return below
end

return M
