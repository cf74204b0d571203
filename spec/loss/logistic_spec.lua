-- The worked numbers of the two players' losses and gradients (real logits 1.5, -0.3, fake logits -0.7, 0.4), in double.
local gan = require "spec.support.double"

local function close(want, got)
  for i, w in ipairs(want) do assert.is_true(math.abs(w - got[i]) < 1e-9, ("entry %d: %.12g, expected %.12g"):format(i, got[i], w)) end
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

  it("names a wrong option", function()
    assert.error_matches(function() gan.loss.logistic {saturate = true} end, "unknown option 'saturate'")
    assert.error_matches(function() gan.loss.logistic {smooth = 2} end, "logistic: bad argument #1 'smooth'")
    assert.error_matches(function() gan.loss.logistic {saturating = 1} end, "'saturating' %(expected a boolean")
    assert.error_matches(function() gan.loss.logistic().critic(gan.zeros(2), nil) end, "real tensor")
    assert.is_nil(gan.loss.logistik)
  end)
end)
