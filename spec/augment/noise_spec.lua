-- Noise: as strong as each picture's own number says, white, of a stream of the picture's own.
local gan, near = require "spec.support.double", require "spec.support.near"
local augmented = require "spec.support.augmented"

local augment = gan.augment
local images, numbers, seen, same = (function(a) return a.images, a.numbers, a.seen, a.same end)(augmented(gan))

describe("noise", function()
  it("has the deviation that a picture draws", function()
    local x = images(12, 32, 32, 3)
    local d, u = seen(augment.noise(), x, 1) - x, numbers(1, 12, 5)
    for i = 1, 12 do
      local sigma = math.abs(.1 * math.sqrt(-2 * math.log(1 - u[i][2])) * math.cos(2 * math.pi * u[i][3]))
      local got = math.sqrt((d[i] * d[i]):mean():item())
      assert.is_true(math.abs(got - sigma) < .06 * sigma, ("%g, not %g"):format(got, sigma))
      assert.is_true(math.abs(d[i]:mean():item()) < 4 * sigma / math.sqrt(3072))
      local other = d[i % 12 + 1]
      local alike = (d[i] * other):mean():item() / (got * math.sqrt((other * other):mean():item()))
      assert.is_true(math.abs(alike) < 5 / math.sqrt(3072), "the noise of two pictures")
    end
  end)

  it("does not depend on whether others get some", function()
    local x = images(6, 8, 8, 1)
    local all, some = seen(augment.noise(), x, 2), seen(augment.noise(.5), x, 2)
    local u, kinds = numbers(2, 6, 5), {}
    for i = 1, 6 do
      assert.is_true(same(some[i], u[i][1] < .5 and all[i] or x[i]))
      kinds[u[i][1] < .5] = true
    end
    assert.is_true(kinds[true] and kinds[false])
  end)

  it("takes a deviation, and names what is wrong", function()
    local x = images(2, 4, 4, 1)
    near(x:to_table(), augment.noise(1, {std = 0})(x))
    assert.error_matches(function() augment.noise(1, {std = "1"}) end,
      "augment.noise: option 'std': expected a number >= 0, got string '1'")
  end)
end)
