-- The numbers of spec/golden/*.py: x <- (1103515245 x + 12345) mod 2^31; a number is the upper 23 bits, centred and scaled to variance 1.
-- lcg(seed) gives f(gan, shape, scale = 1, shift = 0) -> tensor.
return function(seed)
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
