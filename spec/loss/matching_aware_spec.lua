-- GAN-CLS and GAN-INT: worked numbers, their gradients, the bias of a tabular game, wrong input.
local gan = require "spec.support.double"
local golden = require "spec.support.golden"

local cls = gan.loss.matching_aware

local function logits(...) return gan.tensor({...}):requires_grad_() end

describe("matching_aware", function()
  it("has the worked numbers", function()
    local real, wrong, fake = logits(2, .5), logits(-.5, 1), logits(.3, -1.2)
    local y = cls().critic(real, fake, wrong)
    golden.near({1.0267465935}, y)
    local g = gan.grad(y, {real, wrong, fake})
    golden.near({-.0596014610, -.1887703343, .0943851672, .1827646446, .1436106292, .0578688041}, gan.cat(g))
    y = cls().generator(fake)
    golden.near({1.0088188559}, y)
    golden.near({-.2127787416, -.3842623917}, gan.grad(y, {fake})[1])
    golden.near({1.2}, cls {loss = gan.loss.hinge()}.critic(real, fake, wrong))
    golden.near({gan.loss.logistic().critic(real, fake):item()}, cls {share = 0}.critic(real, fake, wrong))
    local five, between = logits(.3, -1.2, .8, 0), logits(.1, -.4)
    golden.near({1.5491773458}, cls().generator(five, between))
    golden.near({.7704713896}, cls {weight = 0}.generator(five, between))
    assert(gan.gradcheck(cls().critic, {real, fake, wrong}, {order = 2}))
  end)

  -- Two images, two texts, in tables: P(match) is q in the data and p in G. D at its best, as probabilities of an image
  -- that matches and of one that does not.
  local function best_critic(q, p, share)
    local D, critic = gan.zeros(2):requires_grad_(), cls {share = share}.critic
    local on = {{q, 1 - q}, {p, 1 - p}, {.5, .5}} -- real, fake, wrong: any image
    for _ = 1, 80 do
      local loss = 0
      for i = 1, 2 do for j = 1, 2 do for k = 1, 2 do
        loss = loss + critic(D[i], D[j], D[k]) * (on[1][i] * on[2][j] * on[3][k])
      end end end
      local step = gan.grad(loss, {D})[1]
      gan.no_grad(function() D:copy_(D - step * 3) end)
    end
    return gan.sigmoid(D):detach()
  end

  it("makes G more typical than the data: 2 q - 1/2 in place of q", function()
    golden.near({.5384615385, .4285714286}, best_critic(.7, .7, .5)) -- so G goes on
    golden.near({.5, .5}, best_critic(.7, .9, .5)) -- and has arrived
    golden.near({.5, .5}, best_critic(.7, .7, 0))
  end)

  it("names what is wrong", function()
    assert.error_matches(function() cls().critic(logits(1), logits(1)) end,
      "loss.matching_aware: bad argument #3 'wrong' %(expected a real tensor, got nil")
    assert.error_matches(function() cls {share = 2} end, "option 'share': expected a number in %[0,1%], got 2")
    assert.error_matches(function() cls {loss = gan.loss.relativistic()} end,
      "option 'loss': expected a loss with the functions real, fake and generator")
  end)
end)
