-- WGAN-GP: worked numbers, closed forms, the mixing, both sides, the zero norm.
local gan, near, critic = require "spec.support.double", require "spec.support.near", require "spec.support.critic"
local ops = gan.ops

describe("gradient", function()
  it("gives the worked numbers", function()
    local D, a, w = critic.worked(gan)
    local x = gan.tensor {{0.3, -0.2}}
    local y = gan.penalty.gradient {weight = 10}(D, x, x) -- between x and x there is but x
    near(19.0178800830, y)
    local g = gan.grad(y, {a, w})
    near({{24.1776301975}, {-20.7195979990}}, g[1])
    near({{-5.4325193235, -21.2009553964}, {3.1010836989, 53.5981416854}}, g[2])
  end)

  it("is weight (|w| - 1)^2 for a linear critic", function()
    local D, w = critic.linear(gan)
    local y = gan.penalty.gradient {weight = 2}(D, gan.rng(1):normal {4, 2}, gan.rng(2):normal {4, 2})
    near(2 * 16, y)
    near({{2 * 2 * 4 * 3 / 5}, {2 * 2 * 4 * -4 / 5}}, gan.grad(y, {w})[1])
  end)

  it("mixes with one number for each sample, the same for all of its elements", function()
    local seen
    local function D(x)
      seen = x
      return ops.sum(x, {2, 3, 4})
    end
    gan.penalty.gradient {rng = gan.rng(1, "eps")}(D, gan.ones(50, 2, 2, 3), gan.zeros(50, 2, 2, 3))
    local rows = ops.reshape(seen:detach(), {50, 12})
    local lo, hi = rows:min(2), rows:max(2)
    near(lo:to_table(), hi)
    assert.is_true(lo:min():item() >= 0 and lo:max():item() < 1 and lo:max():item() - lo:min():item() > 0.7)
    near(gan.rng(1, "eps"):uniform({50, 1, 1, 1}):to_table(),
      ops.narrow(ops.narrow(ops.narrow(seen:detach(), 2, 1, 1), 3, 1, 1), 4, 1, 1))
  end)

  it("takes the norm over all axes but the first", function() -- D = sum of 3 x, 12 elements: |g| = 3 sqrt(12)
    local real, fake = gan.ones(2, 2, 2, 3), gan.ones(2, 2, 2, 3)
    local y = gan.penalty.gradient {weight = 1}(function(x) return ops.sum(x * 3, {2, 3, 4}) end, real, fake)
    near((3 * math.sqrt(12) - 1) ^ 2, y)
  end)

  it("spares small slopes when one-sided", function()
    local x = gan.ones(2, 2)
    local function slope(s) return function(v) return ops.sum(v, 2) * s end end
    local one, two = gan.penalty.gradient {one_sided = true, weight = 1}, gan.penalty.gradient {weight = 1}
    local half = 0.5 / math.sqrt(2)
    near(0, one(slope(half), x, x))
    near(0.25, two(slope(half), x, x))
    near(1, one(slope(2 / math.sqrt(2)), x, x))
    near(4, gan.penalty.gradient {target = 0, weight = 1}(slope(2 / math.sqrt(2)), x, x))
  end)

  it("has no NaN where the slope is 0", function()
    local w = gan.zeros(2, 1):requires_grad_()
    local y = gan.penalty.gradient()(function(x) return ops.squeeze(ops.matmul(x, w), 2) end,
      gan.ones(3, 2), gan.ones(3, 2))
    near(10, y)
    near({{0}, {0}}, gan.grad(y, {w})[1])
  end)

  -- real at 1, fake at -1, on a line: distance 2
  it("brings the slope to 1 and the critic's gap to the distance", function()
    local w = gan.tensor({{0.1}}):requires_grad_()
    local function D(x) return ops.squeeze(ops.matmul(x, w), 2) end
    local p, loss, opt = gan.penalty.gradient(), gan.loss.wasserstein(), gan.optim.sgd({w}, {lr = 0.02})
    local real, fake = gan.ones(4, 1), gan.full({4, 1}, -1)
    for _ = 1, 200 do opt:step(gan.grad(loss.critic(D(real), D(fake)) + p(D, real, fake), {w})) end
    near(1.1, w:get(1, 1), 1e-6) -- 1 + 2 / (2 weight)
    near(-2.2, loss.critic(D(real), D(fake)), 1e-6)
  end)

  it("names a wrong option", function()
    assert.error_matches(function() gan.penalty.gradient {lambda = 10} end, "gradient: unknown option 'lambda'")
    assert.error_matches(function() gan.penalty.gradient {weight = -1} end, "'weight'")
    assert.error_matches(function() gan.penalty.gradient {rng = 7} end,
      "gradient: option 'rng': expected a random stream")
    assert.error_matches(function() gan.penalty.gradient {one_sided = 1} end, "'one_sided': expected true or false")
  end)
end)
