-- R1 and R2 with one gamma: the worked numbers, in passes of its own and in passes that were made.
local gan, near, critic = require "spec.support.double", require "spec.support.near", require "spec.support.critic"
local ops = gan.ops

-- x W1 + b1, tanh, W2 + b2.
local function worked()
  local p = {
    gan.tensor({{0.5, -0.3, 0.8, 0.1}, {0.2, 0.7, -0.6, 0.4}}):requires_grad_(),
    gan.tensor({0.1, -0.2, 0.05, 0.3}):requires_grad_(),
    gan.tensor({{1}, {-0.5}, {0.7}, {0.9}}):requires_grad_(), gan.tensor({0.2}):requires_grad_(),
  }
  local function D(x) return ops.squeeze(ops.add(ops.matmul((x:matmul(p[1]) + p[2]):tanh(), p[3]), p[4]), 2) end
  return D, p, gan.tensor {{1, -0.5}, {0.3, 0.8}}, gan.tensor {{-0.2, 0.4}, {0.9, -1.1}}
end

local GRADS = {
  {{0.2810117746187478, -0.1432947871103438, 0.15428308143862268, 0.28542300558682604},
    {0.007438334356550277, 0.0009903234483279767, 0.03433205205792604, 0.011941899329057985}},
  {-0.09680340157903067, -0.01855046980155744, 0.047283274664389, -0.004466199108088813},
  {{0.16980193209298844}, {-0.10797175127494366}, {0.22938838774330123}, {0.03723072264379765}}, {0},
}
local WITH_LOSS = {
  {{0.3682848876145249, -0.10433226896301505, 0.0949700399568681, 0.3938395695737449},
    {-0.46860251971987, 0.1445697677066039, -0.1616642759234056, -0.4050869967831139}},
  {-0.06006893932621177, 0.06608336722093466, -0.09113288465515548, 0.08075959136923067},
  {{0.10909117568267865}, {-0.3947169936072014}, {0.4745145072383807}, {-0.1479088757020072}}, {0},
}

describe("r1_r2", function()
  it("gives the worked numbers, and those of r1 and r2", function()
    local D, params, real, fake = worked()
    near({1.75771753495809, 0.8397408878487651}, D(real), 1e-12)
    near({0.3471006621048915, 1.5204526566302883}, D(fake), 1e-12)
    local r1, r2 = gan.penalty.r1 {gamma = 0.2}(D, real), gan.penalty.r2 {gamma = 0.2}(D, nil, fake)
    near(0.1022260724333501, r1, 1e-12)
    near(0.10670759233174443, r2, 1e-12)
    local y = gan.penalty.r1_r2 {gamma = 0.2}(D, real, fake)
    near(0.2089336647650945, y, 1e-12)
    for i, g in ipairs(gan.grad(y, params, {allow_unused = true})) do near(GRADS[i], g, 1e-12) end
  end)

  it("takes passes that were made, beside the loss in pairs", function()
    local D, params, real, fake = worked()
    real, fake = real:requires_grad_(), fake:requires_grad_()
    local on_real, on_fake = D(real), D(fake)
    local p = gan.penalty.r1_r2 {gamma = 0.2}
    assert.equal("both", p.kind)
    local y = gan.loss.open "rp".critic(on_real, on_fake) + p:of(on_real, real, on_fake, fake)
    near(0.8632663475605241, y, 1e-12)
    for i, g in ipairs(gan.grad(y, params)) do near(WITH_LOSS[i], g, 1e-12) end
  end)

  it("takes its mean over either kind by itself", function()
    local D = critic.linear(gan)
    near(3 / 2 * 50, gan.penalty.r1_r2 {gamma = 3}(D, gan.ones(1, 2), gan.ones(4, 2)))
  end)

  it("names what is wrong", function()
    local D, _, real, fake = worked()
    local p = gan.penalty.r1_r2()
    assert.error_matches(function() gan.penalty.r1_r2 {gamma = -1} end,
      "r1_r2: option 'gamma': expected a number >= 0, or a function %(step%) %-> one, got %-1")
    assert.error_matches(function() p(D, real) end, "r1_r2: bad argument #3 'fake'")
    assert.error_matches(function() p(D, nil, fake) end, "r1_r2: bad argument #2 'real'")
    assert.error_matches(function() p:of(D(real), real, D(fake), fake) end, "is not tracked")
    assert.error_matches(function() gan.penalty.r1_r2 {gama = 1} end, "did you mean 'gamma'")
  end)
end)

describe("gamma of r1, r2 and r1_r2", function()
  local names = {"r1", "r2", "r1_r2"}

  it("may be a schedule, which is told the step", function()
    local D, real, fake = critic.linear(gan), gan.ones(1, 2), gan.ones(1, 2)
    for _, name in ipairs(names) do
      local p = gan.penalty[name] {gamma = gan.schedule.linear {from = 3, to = 1, steps = 2}}
      local each = name == "r1_r2" and 25 or 12.5
      near(2 * each, p(D, real, fake)) -- as in step 1, until it is told
      for step, gamma in ipairs {2, 1, 1} do
        p:at(step)
        near(gamma * each, p(D, real, fake))
      end
      for _, bad in ipairs {-1, "x", 0 / 0} do
        assert.error_matches(function() gan.penalty[name] {gamma = function() return bad end} end,
          "'gamma': expected a number >= 0 of its function")
      end
      p.gamma = math.abs
      assert.error_matches(function() p(D, real, fake) end, "'gamma': expected a number >= 0, got function")
      local lazy = gan.penalty.lazy(gan.penalty[name] {gamma = function(step) return step end}, 2)
      lazy:at(5)
      near(2 * 5 * each, lazy(D, real, fake))
    end
  end)

  it("asks that D has no batch norm, or is told that it may", function()
    local nn = gan.nn
    local function net(norm) return nn.chain {nn.linear {2, 3}, norm, nn.linear {3, 1}, nn.view {}} end
    local x = gan.rng(1):normal {4, 2}
    for _, name in ipairs(names) do
      local D, p = net(nn.batch_norm {3}), gan.penalty[name]()
      assert.error_matches(function() p(D, x, x) end,
        name .. ": D has batch_norm %(layer 2%): there an image's logit depends on all of its batch")
      assert.error_matches(function() gan.penalty.lazy(p, 2)(D, x, x) end, "or say batch_norm = true")
      assert.is_true(gan.penalty[name] {batch_norm = true}(D, x, x):item() >= 0)
      assert.is_true(p(D:eval(), x, x):item() >= 0) -- running statistics are no batch's
      assert.is_true(p(function(v) return v:sum(2) end, x, x):item() >= 0)
      assert.is_true(p(nn.virtual_batch {net(nn.virtual_batch_norm {3}), reference = x}, x, x):item() >= 0)
      assert.is_true(p(net(nn.layer_norm {3}), x, x):item() >= 0)
    end
    local conditional = nn.chain {nn.conditional_batch_norm {2, 3}, nn.linear {2, 1}, nn.view {}}
    assert.error_matches(function() gan.penalty.r1()(conditional, x, x, gan.full({4}, 0, "i32")) end,
      "D has conditional_batch_norm %(layer 1%)")
  end)
end)
