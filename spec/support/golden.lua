-- For specs that compare with what a script of spec/golden stored: its numbers, and the generator of weights and inputs
-- that they share.
local cjson = require "cjson"

local M = {}

--- Reads and decodes a file: golden.read "layers".
function M.read(name)
  local f = assert(io.open(name:find "/" and name or ("spec/golden/%s.json"):format(name)))
  local text = f:read "a"
  f:close()
  return cjson.decode(text)
end

--- Makes random(gan, shape, scale = 1, shift = 0) -> tensor of variance scale^2, as class Lcg in make_dcgan.py.
function M.lcg(seed)
  local x, root12 = seed, math.sqrt(12)
  local function fill(shape, at, scale, shift)
    local out = {}
    for i = 1, shape[at] do
      if at < #shape then
        out[i] = fill(shape, at + 1, scale, shift)
      else
        x = (1103515245 * x + 12345) % 2147483648
        out[i] = ((x // 256) / 8388608 - 0.5) * root12 * scale + shift
      end
    end
    return out
  end
  return function(gan, shape, scale, shift) return gan.tensor(fill(shape, 1, scale or 1, shift or 0)) end
end

--- Raises unless the elements of tensor t are those of the list.
function M.near(expected, t, tolerance)
  local got = t:detach():contiguous():reshape {-1}:to_table()
  assert(#expected == #got, ("expected %d numbers, got %d"):format(#expected, #got))
  for i, v in ipairs(expected) do
    local off = math.abs(v - got[i]) / (1 + math.abs(v))
    if off ~= off or off > (tolerance or 1e-9) then
      error(("element %d: expected %.12g, got %.12g"):format(i, v, got[i]), 2)
    end
  end
end

return M
