-- Distributions made of uniform numbers: by hand at some, by their moments on a grid.
local draws = require "gan.augment.draws"
local near = require "spec.support.near"

describe("draws", function()
  it("rounds to the nearest integer, of two to the even one", function()
    for v, want in pairs {
      [.5] = 0, [1.5] = 2, [2.5] = 2, [-.5] = 0, [-1.5] = -2, [.4] = 0, [.6] = 1, [-.6] = -1, [3] = 3,
    } do assert.equal(want, draws.round(v)) end
  end)

  it("makes numbers within a range, integers and factors", function()
    near(-.125, draws.within(0, .125))
    near(0, draws.within(.5, .125))
    assert.same({0, 1, 3}, {draws.integer(0, 4), draws.integer(.25, 4), draws.integer(.999, 4)})
    near(2, draws.factor(1 - math.exp(-.5), 0, 1)) -- n = 1
    near(1, draws.factor(.5, .3, 0))
  end)

  it("makes normal numbers, finite at both ends", function()
    near(0, draws.normal(0, .7))
    assert.is_true(draws.normal(1 - 2 ^ -24, 0) < 6)
    local n, sum, square, fourth = 400, 0, 0, 0
    for i = 1, n do
      for k = 1, n do
        local v = draws.normal((i - .5) / n, (k - .5) / n)
        sum, square, fourth = sum + v, square + v ^ 2, fourth + v ^ 4
      end
    end
    near(0, sum / n ^ 2, 1e-9)
    near(1, square / n ^ 2, 3e-3)
    near(3, fourth / n ^ 2, 3e-2)
  end)
end)
