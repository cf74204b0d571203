-- The worked numbers of both players' losses and gradients (real logits 1.5, -0.3, fake logits -0.7, 0.4), in double.
local gan = require "spec.support.double"

local function close(want, got)
  for i, w in ipairs(want) do
    assert.is_true(math.abs(w - got[i]) < 1e-9, ("entry %d: %.12g, expected %.12g"):format(i, got[i], w))
  end
end

local function logits()
  return gan.tensor({1.5, -0.3}):requires_grad_(), gan.tensor({-0.7, 0.4}):requires_grad_()
end

describe("logistic", function()
  it("is the sum of two cross entropies for the critic", function()
    local real, fake = logits()
    local y = gan.loss.logistic().critic(real, fake)
    close({1.1859849119}, {y:item()})
    local g = gan.grad(y, {real, fake})
    close({-0.0912127619, -0.2872212584}, g[1]:to_table())
    close({0.1659061139, 0.2993438301}, g[2]:to_table())
  end)

  it("gives the critic's two terms one by one", function()
    local real, fake = logits()
    local loss = gan.loss.logistic {smooth = 0.9}
    close({loss.critic(real, fake):item()}, {loss.real(real):item() + loss.fake(fake):item()})
  end)

  it("is non-saturating for the generator", function()
    local _, fake = logits()
    local y = gan.loss.logistic {}.generator(fake)
    close({0.8081006506}, {y:item()})
    close({-0.3340938861, -0.2006561699}, gan.grad(y, {fake})[1]:to_table())
  end)

  it("has the minimax form", function()
    local real, fake = logits()
    local loss = gan.loss.logistic {saturating = true}
    close({1.1859849119, -0.6581006506}, {loss.critic(real, fake):item(), loss.generator(fake):item()})
    close({-0.1659061139, -0.2993438301}, gan.grad(loss.generator(fake), {fake})[1]:to_table())
  end)

  it("smooths the real target only", function()
    local real, fake = logits()
    local y = gan.loss.logistic {smooth = 0.9}.critic(real, fake)
    close({1.2459849119}, {y:item()})
    local g = gan.grad(y, {real, fake})
    close({-0.0412127619, -0.2372212584}, g[1]:to_table())
    close({0.1659061139, 0.2993438301}, g[2]:to_table())
    -- the least it can be is the target's entropy, where D says 0.9
    local best = gan.tensor({math.log(9)}):requires_grad_()
    local least = gan.loss.logistic {smooth = 0.9}.real(best)
    close({0.3250829734, 0}, {least:item(), gan.grad(least, {best})[1]:item()})
  end)

  it("is 2 ln 2 in all where D can only guess", function()
    local zeros = gan.zeros(4)
    local loss = gan.loss.logistic()
    close({1.3862943611}, {loss.critic(zeros, zeros):item()})
  end)

  it("takes logits of any shape, and batches of different size", function()
    local real, fake = logits()
    local loss = gan.loss.logistic()
    local y = loss.critic(gan.ops.reshape(real, {2, 1}), gan.ops.reshape(fake, {1, 2, 1}))
    close({1.1859849119}, {y:item()})
    close({2 * math.log(2)}, {loss.critic(gan.zeros(3), gan.zeros(5, 1)):item()})
  end)

  it("stays finite where a sigmoid would not", function()
    local far = gan.tensor({1000, -1000})
    local loss = gan.loss.logistic()
    close({500, 1000}, {loss.generator(far):item(), loss.critic(far, far):item()})
  end)

  it("flips labels with the given probability, from its own stream", function()
    local real = gan.full({20000}, 2)
    local function flipped(loss, half, wrong, right) -- the share of targets that are wrong, read off the mean
      return (loss[half](real):item() - right) / (wrong - right)
    end
    local function bce(t) return gan.ops.bce_with_logits(real, t):item() end
    local loss = gan.loss.logistic {smooth = 0.9, flip = 0.2, rng = gan.rng(3, "flip")}
    assert.is_true(math.abs(flipped(loss, "real", bce(0), bce(0.9)) - 0.2) < 0.02)
    assert.is_true(math.abs(flipped(loss, "fake", bce(0.9), bce(0)) - 0.2) < 0.02)
    close({bce(1)}, {loss.generator(real):item()})
    local always = gan.loss.logistic {flip = 1, rng = gan.rng(3, "flip")}
    close({bce(0), bce(1)}, {always.real(real):item(), always.fake(real):item()})
    -- the same stream gives the same labels, from wherever it stands
    local a, b = gan.rng(5, "flip"), gan.rng(5, "flip")
    local one, two = gan.loss.logistic {flip = 0.5, rng = a}, gan.loss.logistic {flip = 0.5, rng = b}
    local x = gan.tensor {1, 2, 3, -1, 0.5, -3}
    close({one.critic(x, x):item()}, {two.critic(x, x):item()})
    b:load(a:state())
    close({one.real(x):item()}, {two.real(x):item()})
    local y = gan.tensor({1, -2, 0.5}):requires_grad_()
    local rng = gan.rng(1, "flip")
    local key, counter = rng:state()
    local noisy = gan.loss.logistic {flip = 0.5, rng = rng}
    assert(gan.gradcheck(function(v)
      rng:load(key, counter)
      return noisy.critic(v, v * 2)
    end, {y}, {order = 2}))
  end)

  it("tells probabilities from logits where it can", function()
    local x = gan.tensor({0.3, 0.6}):requires_grad_()
    local loss = gan.loss.logistic()
    assert.error_matches(function() loss.real(x:sigmoid()) end,
      "logistic: bad argument #1 'real' %(expected logits, got the result of sigmoid: leave out")
    assert.error_matches(function() loss.generator(gan.ops.reshape(x:sigmoid(), {2, 1})) end,
      "'fake' %(expected logits, got the result of sigmoid")
    assert.error_matches(function() loss.critic(x, gan.ops.reshape(x, {1, 2}):softmax()) end,
      "#2 'fake' %(expected logits, got the result of softmax")
    assert.error_matches(function() loss.real(gan.tensor {{0.3, 0.7}, {1, 0}}) end,
      "#1 'real' %(expected logits, got 2 rows of probabilities: each sums to 1")
    loss.real(gan.tensor {{0.3, 0.7}, {1, 0.1}})
    loss.real(gan.tensor {{-0.3, 1.3}, {1, 0}})
    assert.error_matches(function() loss.real(gan.zeros(0)) end, "at least one logit")
    assert.error_matches(function() loss.real(gan.full({2}, 1, "i32")) end, "real tensor")
  end)

  it("names a wrong option", function()
    assert.error_matches(function() gan.loss.logistic {saturate = true} end, "unknown option 'saturate'")
    assert.error_matches(function() gan.loss.logistic {smooth = 2} end, "logistic: option 'smooth'")
    assert.error_matches(function() gan.loss.logistic {saturating = 1} end, "'saturating': expected true or false")
    assert.error_matches(function() gan.loss.logistic().critic(gan.zeros(2), nil) end, "real tensor")
    assert.error_matches(function() gan.loss.logistic {flip = -1} end, "'flip': expected a number in %[0,1%]")
    assert.error_matches(function() gan.loss.logistic {flip = 0.1, rng = 7} end,
      "logistic: option 'rng': expected a random stream %(gan.rng%), got 7")
    assert.error_matches(function() return gan.loss.logistik end,
      "gan.loss: there is no 'logistik' %(did you mean 'logistic'%?%)")
  end)
end)
