-- R1 and the worked numbers; closed forms; the Dirac-GAN.
local gan, near, critic = require "spec.support.double", require "spec.support.near", require "spec.support.critic"

describe("r1", function()
  it("gives the worked numbers", function()
    local D, a, w = critic.worked(gan)
    local x = gan.tensor {{0.3, -0.2}}
    near({0.4860949257}, D(x), 1e-9)
    local leaf = gan.tensor({{0.3, -0.2}}):requires_grad_()
    local slope = gan.grad(D(leaf):sum(), {leaf})[1]
    near({{-0.0537722668, -2.3784455332}}, slope)
    near(5.6598946113, slope:square():sum())
    near(2.3790533015, slope:norm())
    local y = gan.penalty.r1 {gamma = 10}(D, x)
    near(28.2994730563, y)
    local g = gan.grad(y, {a, w})
    near({{20.8548396504}, {-17.8720532310}}, g[1])
    near({{-4.6859149744, -18.2872565100}, {2.6748942206, 46.2320186585}}, g[2])
  end)

  it("is gamma/2 |w|^2 for a linear critic, whatever the batch", function()
    local D, w = critic.linear(gan)
    for _, n in ipairs {1, 5} do
      local y = gan.penalty.r1 {gamma = 3}(D, gan.rng(1):normal {n, 2})
      near(3 / 2 * 25, y)
      near({{9}, {-12}}, gan.grad(y, {w})[1])
    end
  end)

  -- D = w2 . leaky_relu(W1 x): d (|g|^2 / 2) / d W1 = (w2 * m) g', / d w2 = m * (W1 g)
  it("has the closed form of two layers", function()
    local ops = gan.ops
    local w1, w2 = gan.rng(1):normal({3, 4}):requires_grad_(), gan.rng(2):normal({4, 1}):requires_grad_()
    local x = gan.rng(3):normal {1, 3}
    local y = gan.penalty.r1 {gamma = 1}(function(v)
      return ops.squeeze(ops.matmul(ops.leaky_relu(ops.matmul(v, w1), 0.2), w2), 2)
    end, x)
    local g = gan.grad(y, {w1, w2})
    local h, m, slope = ops.matmul(x, w1):detach():to_table()[1], {}, {0, 0, 0}
    local t1, t2 = w1:to_table(), w2:to_table()
    for j = 1, 4 do
      m[j] = h[j] > 0 and 1 or 0.2
      for i = 1, 3 do slope[i] = slope[i] + t1[i][j] * m[j] * t2[j][1] end
    end
    local want1, want2 = {{}, {}, {}}, {}
    for j = 1, 4 do
      want2[j] = {0}
      for i = 1, 3 do
        want1[i][j] = slope[i] * t2[j][1] * m[j]
        want2[j][1] = want2[j][1] + m[j] * t1[i][j] * slope[i]
      end
    end
    near(want1, g[1])
    near(want2, g[2])
  end)

  it("takes a pass that was made", function()
    local D, a, w = critic.worked(gan)
    local x = gan.tensor({{0.3, -0.2}}):requires_grad_()
    local y = gan.penalty.r1():of(D(x), x)
    near(28.2994730563, y)
    near({{20.8548396504}, {-17.8720532310}}, gan.grad(y, {a, w})[1])
    assert.error_matches(function() gan.penalty.r1():of(D(x):detach(), x) end,
      "r1: D's logits do not depend on its input")
    assert.error_matches(function() gan.penalty.r1():of(D(x), gan.ones(1, 2)) end, "is not tracked")
    assert.error_matches(function() gan.penalty.r1():of(D(x):mean(), x) end, "r1: D must return real logits %(1,...%)")
    assert.error_matches(function() gan.penalty.r1():of(nil, x) end, "r1: D must return real logits")
  end)

  it("lets gamma be set, and checks it", function()
    local D = critic.linear(gan)
    local p = gan.penalty.r1()
    p.gamma = 0
    near(0, p(D, gan.ones(1, 2)))
    p.gamma = "much"
    assert.error_matches(function() p(D, gan.ones(1, 2)) end, "r1: option 'gamma': expected a number >= 0")
    assert.error_matches(function() gan.penalty.r1 {gamma = -1} end, "'gamma'")
    assert.error_matches(function() gan.penalty.r1 {weight = 1} end, "unknown option 'weight'")
  end)

  -- Real data at 0, D(x) = psi x, G's sample theta, D high on real. Update matrix ((1, h), (-h, 1 - h gamma)):
  -- |eigenvalue|^2 = 1 - h gamma + h^2.
  it("makes the Dirac-GAN converge just if h < gamma (< 2)", function()
    local loss = gan.loss.wasserstein()
    local function growth(h, gamma)
      local p = gan.penalty.r1 {gamma = gamma}
      local theta, psi = gan.tensor({1}):requires_grad_(), gan.tensor({1}):requires_grad_()
      local opt = gan.optim.sgd({theta, psi}, {lr = h})
      local function D(x) return x * psi end
      for _ = 1, 200 do
        local real = gan.zeros(1)
        local down = gan.grad(loss.critic(D(real), D(theta:detach())) + p(D, real, theta), {psi})
        opt:step {gan.grad(loss.generator(D(theta)), {theta})[1], down[1]}
      end
      return (theta:get(1) ^ 2 + psi:get(1) ^ 2) ^ (1 / 400)
    end
    for _, c in ipairs {{0.1, 0.3}, {0.4, 1}, {0.5, 0.4}, {0.1, 0.05}} do
      local h, gamma = c[1], c[2]
      near(math.sqrt(1 - h * gamma + h * h), growth(h, gamma), 5e-3)
      assert.equal(h < gamma, growth(h, gamma) < 1)
    end
    assert.is_true(growth(0.5, 5) > 1)
  end)
end)
