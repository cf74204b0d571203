-- Every gradient penalty: exact gradients of second order through whatever critics are made of, and wrong critics.
local gan, critic, near = require "spec.support.double", require "spec.support.critic", require "spec.support.near"
local golden = require "spec.support.golden"
local ops = gan.ops

describe("gradient penalties", function()
  local real, fake = gan.rng(1):normal {2, 4, 4, 2}, gan.rng(2):normal {2, 4, 4, 2}

  for name, body in pairs(critic.bodies) do
    it("are exact through " .. name, function()
      local D = critic.stir(gan, critic.net(gan, body), 3)
      local params = {}
      for _, p in ipairs(D:params()) do if p:numel() <= 60 then params[#params + 1] = p end end
      local p = name:find "norm" and gan.penalty.gradient() or gan.penalty.r1 {gamma = 2}
      assert(gan.gradcheck(function()
        p.rng = gan.rng(5, "eps") -- the same numbers at every call
        return p(D, real, fake)
      end, params, {tol = 1e-5}))
    end)
  end

  -- A convolution, batch norm, leaky relu, convolution, layer norm, tanh, a linear layer: spec/golden/make_losses.py.
  it("are PyTorch's", function()
    local want, random = golden.read "losses", golden.lcg(7)
    local function leaf(shape, shift) return random(gan, shape, 0.3, shift):requires_grad_() end
    local conv1, gamma, beta, conv2 = leaf {3, 3, 2, 4}, leaf({4}, 1), leaf {4}, leaf {4, 4, 4, 3}
    local ln_gamma, ln_beta, linear = leaf({3}, 1), leaf {3}, leaf {27, 1}
    local x, z = random(gan, {3, 6, 6, 2}), random(gan, {3, 6, 6, 2})
    local function D(v)
      v = ops.batch_norm(v:conv2d(conv1, {padding = 1}), gamma, beta, 1e-5, 0.2)
      v = ops.layer_norm(v:conv2d(conv2, {stride = 2, padding = 1}), ln_gamma, ln_beta, 1e-5):tanh()
      return ops.squeeze(v:flatten():matmul(linear), 2)
    end
    near(want.logits, D(x), 1e-8)
    local eps = {uniform = function(_, shape) return ops.reshape(gan.tensor(want.eps), shape) end}
    local penalties = {
      r1 = gan.penalty.r1(), r2 = gan.penalty.r2(), gradient = gan.penalty.gradient(),
      one_sided = gan.penalty.gradient {one_sided = true},
    }
    for _, p in pairs(penalties) do p.rng = eps end
    local names = {"conv1", "gamma", "conv2", "ln_gamma", "ln_beta", "linear"}
    local params = {conv1, gamma, conv2, ln_gamma, ln_beta, linear}
    for name, w in pairs(want.penalties) do
      local y = penalties[name](D, x, z)
      near(w.value, y)
      local grads = gan.grad(y, params)
      for i, g in ipairs(w.grads and grads or {}) do
        near(w.grads[names[i]], ops.reshape(g, {-1}), 1e-8, name .. " " .. names[i])
      end
      if name == "r1" then
        local clipped, norm = gan.optim.clip.norm(grads, 0.1)
        near(want.clip.norm, norm)
        near(want.clip.clipped, ops.reshape(clipped[6], {-1}), 1e-6) -- PyTorch adds 1e-6 to the norm
      end
    end
  end)

  it("add to a loss, and train", function()
    local D = critic.net(gan, critic.bodies.layer_norm)
    local loss, p = gan.loss.wasserstein(), gan.penalty.gradient()
    local opt = gan.optim.adam(D:params(), {lr = 1e-2})
    local first, last
    for i = 1, 60 do
      local v = p(D, real, fake)
      if i == 1 then first = v:item() end
      last = v:item()
      opt:step(gan.grad(loss.critic(D(real), D(fake)) + v, opt.params))
    end
    assert.is_true(first > 5 and last < 2, ("%g to %g"):format(first, last))
  end)

  it("name the op that has no second derivative", function()
    local core = gan.require "gan.core"
    local square = gan.op {name = "raw_square", private = true, forward = function(x) return core.mul(x, x) end,
      grad = {function(g, _, x) return core.mul(core.mul(g, x), 2) end}}
    local w = gan.tensor({1, 2}):requires_grad_()
    local function D(x) return ops.sum(square(x * w) * w, 2) end
    local x = gan.ones(3, 2)
    assert(gan.grad(ops.sum(D(x)), {w}))
    for _, p in ipairs {gan.penalty.r1(), gan.penalty.r2(), gan.penalty.gradient(), gan.penalty.dragan()} do
      assert.error_matches(function() p(D, x, x) end,
        "op 'raw_square' has no second derivative: its rule for argument #1 is not made of recorded ops")
    end
    -- also as the last op, where only the seed tells
    local function last(v) return ops.reshape(square(ops.matmul(v, ops.reshape(w, {2, 1}))), {3}) end
    assert.error_matches(function() gan.penalty.r1()(last, x) end, "raw_square")
  end)

  it("say what D must be", function()
    local p, x = gan.penalty.r1(), gan.ones(3, 2)
    assert.error_matches(function() p(7, x) end, "r1: bad argument #1 'D' %(expected a net or a function, got 7")
    assert.error_matches(function() p(gan.sum, x) end,
      "D must return real logits %(3,...%) for real tensor %(3,2%), got real tensor %(%)")
    assert.error_matches(function() p(function() return 1 end, x) end, "D must return real logits")
    assert.error_matches(function() p(function(v) return v:detach():sum(2) end, x) end, "do not depend on its input")
    assert.error_matches(function() p(function(v) return v:sum(2) end, nil) end,
      "'real' %(expected a real tensor, got nil")
    assert.error_matches(function() p(function(v) return v:sum(2) end, gan.zeros(0, 2)) end, "images %(N,...%)")
    assert.error_matches(function() gan.no_grad(function() return p(function(v) return v:sum(2) end, x) end) end,
      "nothing is recorded inside no_grad")
    local other = gan.ones(2, 2)
    assert.error_matches(function() gan.penalty.gradient()(critic.linear(gan), x, other) end,
      "'fake' %(expected %(3,2%) to match real")
  end)

  it("take the first result of a D that has two, and pass labels on", function()
    local w, seen = gan.tensor({1, 2}):requires_grad_(), nil
    local function D(x, y)
      seen = y
      return ops.sum(x * w, 2), x
    end
    local y = gan.tensor({0, 1, 1}, "i32")
    assert.equal(25, gan.penalty.r1()(D, gan.ones(3, 2), nil, y):item())
    assert.equal(y, seen)
  end)
end)
