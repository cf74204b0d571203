-- Losses by name, and for every adversarial loss: worked numbers, gradients to order two, halves, wrong input.
local gan, near = require "spec.support.double", require "spec.support.near"

local function logits()
  return gan.tensor({1.5, -0.3}):requires_grad_(), gan.tensor({-0.7, 0.4}):requires_grad_()
end

-- name, options, D's loss and gradients (real, fake), G's loss and gradient. Real logits 1.5, -0.3, fake -0.7, 0.4.
local bce_real, bce_fake = {-0.0912127619, -0.2872212584}, {0.1659061139, 0.2993438301}
local cases = {
  {"ns", nil, 1.1859849119, bce_real, bce_fake, 0.8081006506, {-0.3340938861, -0.2006561699}},
  {"ns", {smooth = 0.9}, 1.2459849119, {-0.0412127619, -0.2372212584},
    bce_fake, 0.8081006506, {-0.3340938861, -0.2006561699}},
  {"minimax", nil, 1.1859849119, bce_real, bce_fake, -0.6581006506, {-0.1659061139, -0.2993438301}},
  {"hinge", nil, 1.5, {0, -0.5}, {0.5, 0.5}, 0.15, {-0.5, -0.5}},
  {"ls", nil, 0.6475, {0.25, -0.65}, {-0.35, 0.2}, 0.8125, {-0.85, -0.3}},
  {"ls", {a = -1, b = 1, c = 0}, 0.9975, {0.25, -0.65}, {0.15, 0.7}, 0.1625, {-0.35, 0.2}},
  {"wgan", nil, -0.75, {-0.5, -0.5}, {0.5, 0.5}, 0.15, {-0.5, -0.5}},
}

describe("loss.open", function()
  it("knows the losses by short and full names", function()
    for short, full in pairs(gan.loss.short) do
      assert.is_function(gan.loss[full])
      assert.is_function(gan.loss.open(short).critic)
      assert.is_function(gan.loss.open(full).generator)
    end
  end)

  it("names the nearest, and passes options on", function()
    assert.error_matches(function() gan.loss.open "hing" end,
      "loss.open: unknown loss string 'hing' %(did you mean 'hinge'%?%)")
    assert.error_matches(function() gan.loss.open "everything else" end,
      "known: hinge, least_squares, ls, minimax, non_saturating, ns, ra")
    assert.error_matches(function() gan.loss.open(nil) end, "unknown loss nil")
    assert.error_matches(function() gan.loss.open("ls", {smooth = 1}) end, "least_squares: unknown option 'smooth'")
  end)
end)

describe("the worked numbers", function()
  for _, c in ipairs(cases) do
    it("of " .. c[1], function()
      local loss = gan.loss.open(c[1], c[2])
      local real, fake = logits()
      local y = loss.critic(real, fake)
      near(c[3], y)
      near({c[4], c[5]}, (function(g) return {g[1]:to_table(), g[2]:to_table()} end)(gan.grad(y, {real, fake})))
      near(c[3], loss.real(real):item() + loss.fake(fake):item())
      local z = loss.generator(fake)
      near(c[6], z)
      near(c[7], gan.grad(z, {fake})[1])
    end)
  end
end)

local golden = require "spec.support.golden"

describe("PyTorch's numbers", function() -- spec/golden/make_losses.py
  local want = golden.read "losses"
  local random, x = golden.lcg(7), nil
  for _, shape in ipairs { -- as the script draws
    {3, 3, 2, 4}, {4}, {4}, {4, 4, 4, 3}, {3}, {3}, {27, 1}, {3, 6, 6, 2}, {3, 6, 6, 2}, {5}, {5},
  } do
    x = {x and x[2], random(gan, shape, 2)}
  end
  for name, w in pairs(want.losses) do
    it("of " .. name, function()
      local loss, real, fake = gan.loss.open(name), x[1]:clone():requires_grad_(), x[2]:clone():requires_grad_()
      local d, g = loss.critic(real, fake), loss.generator(fake, real)
      near({w.critic, w.generator}, {d:item(), g:item()})
      local got = {}
      for _, y in ipairs {d, g} do
        for _, t in ipairs(gan.grad(y, {real, fake}, {allow_unused = true})) do got[#got + 1] = t:to_table() end
      end
      near(w.grads, got, 1e-8)
    end)
  end
end)

describe("every adversarial loss", function()
  local list = {}
  for short in pairs(gan.loss.short) do list[#list + 1] = short end
  table.sort(list)
  for _, name in ipairs(list) do
    local loss = gan.loss.open(name)

    it(name .. " has its gradients, to order two", function()
      local real, fake = gan.rng(1):normal {5}, gan.rng(2):normal {5}
      assert(gan.gradcheck(loss.critic, {real, fake}, {order = 2}))
      assert(gan.gradcheck(loss.generator, {fake, real}, {order = 2}))
    end)

    it(name .. " pulls the right way", function()
      local real, fake = gan.tensor({0.1, -0.2}):requires_grad_(), gan.tensor({0.3, 0.2}):requires_grad_()
      local g = gan.grad(loss.critic(real, fake), {real, fake})
      assert.is_true(g[1]:max():item() < 0 and g[2]:min():item() > 0, "D is to raise real logits and lower fake ones")
      assert.is_true(gan.grad(loss.generator(fake, real), {fake})[1]:max():item() < 0, "G is to raise its own")
    end)

    it(name .. " refuses what are no logits", function()
      local x = gan.ones(2):requires_grad_()
      assert.error_matches(function() loss.critic(x:sigmoid(), x) end,
        "'real' %(expected logits, got the result of sigmoid")
      assert.error_matches(function() loss.critic(x, x:sigmoid()) end,
        "'fake' %(expected logits, got the result of sigmoid")
      assert.error_matches(function() loss.generator(x:sigmoid(), x) end,
        "'fake' %(expected logits, got the result of sigmoid")
      assert.error_matches(function() loss.critic(x, 1) end, "'fake' %(expected a real tensor, got 1")
      assert.error_matches(function() loss.critic(gan.zeros(0), x) end, "at least one logit")
    end)
  end
end)

-- Real data at 0, G's only parameter theta its sample, D(x) = psi x; both players step at once by h.
-- Source: Mescheder et al. 2018, sec. 2.
describe("the Dirac-GAN", function()
  it("turns outwards by sqrt(1 + h^2) a step", function()
    local loss, h = gan.loss.wasserstein(), 0.1
    local theta, psi = gan.tensor({1}):requires_grad_(), gan.tensor({0.5}):requires_grad_()
    local function radius() return math.sqrt(theta:get(1) ^ 2 + psi:get(1) ^ 2) end
    for _ = 1, 20 do
      local before = radius()
      local down = gan.grad(loss.critic(psi * 0, psi * theta), {psi})
      local up = gan.grad(loss.generator(psi * theta), {theta})
      gan.optim.sgd({theta, psi}, {lr = h}):step {up[1], down[1]}
      near(math.sqrt(1 + h * h), radius() / before)
    end
  end)
end)
