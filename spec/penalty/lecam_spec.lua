-- LeCam: the running means, the value, state.
local gan, near = require "spec.support.double", require "spec.support.near"

local function D(x) return x:sum(2) end

describe("lecam", function()
  it("draws either kind to the running mean of the other", function()
    local p = gan.penalty.lecam {weight = 0.5, decay = 0.9}
    local w = gan.tensor({1}):requires_grad_()
    local function Dw(x) return x:sum(2) * w end
    local real, fake = gan.tensor {{1}, {3}}, gan.tensor {{-1}, {0}}
    -- means 2 and -0.5: mean((1.5^2 + 3.5^2), ((-3)^2 + (-2)^2))
    local y = p(Dw, real, fake)
    near(0.5 * ((1.5 ^ 2 + 3.5 ^ 2) / 2 + (3 ^ 2 + 2 ^ 2) / 2), y)
    -- the means are constants: d/dw = 0.5 (mean 2 (x - f) x + mean 2 (x - r) x)
    near({0.5 * ((2 * 1.5 * 1 + 2 * 3.5 * 3) / 2 + (2 * -3 * -1 + 0) / 2)}, gan.grad(y, {w})[1])
    near(0.5 * (25 + 25), gan.penalty.lecam {weight = 0.5}(D, gan.tensor {{5}}, gan.tensor {{0}}))
    p(D, gan.tensor {{12}}, gan.tensor {{0}})
    near({0.9 * 2 + 0.1 * 12, 0.9 * -0.5}, {p.real, p.fake})
  end)

  -- Three calls: the logits; then by form and decay the means, the value, its gradients.
  local steps = {{{1, 0.4}, {-0.5, 0.2}}, {{0.8, -0.2}, {0.1, -0.9}}, {{1.6, 0.5}, {-1.2, 0.3}}}
  local worked = {
    {"square", 0.99, {
      {0.7, -0.15, 0.49725, {0.345, 0.165}, {-0.36, -0.15}},
      {0.696, -0.1525, 0.571791675, {0.28575, -0.01425}, {-0.1788, -0.4788}},
      {0.69954, -0.155475, 1.0918836561675, {0.5266425, 0.1966425}, {-0.569862, -0.119862}},
    }},
    {"relu", 0.99, {
      {0.7, -0.15, 0.49725, {0.345, 0.165}, {-0.36, -0.15}},
      {0.696, -0.1525, 0.5714532375, {0.28575, 0}, {-0.1788, -0.4788}},
      {0.69954, -0.155475, 1.0918836561675, {0.5266425, 0.1966425}, {-0.569862, -0.119862}},
    }},
    {"relu", 0.9, {
      {0.7, -0.15, 0.49725, {0.345, 0.165}, {-0.36, -0.15}},
      {0.66, -0.175, 0.55467375, {0.2925, 0}, {-0.168, -0.468}},
      {0.699, -0.2025, 1.126187175, {0.54075, 0.21075}, {-0.5697, -0.1197}},
    }},
  }

  it("gives the worked numbers of both forms, also from passes that were made and from a state in between", function()
    for _, w in ipairs(worked) do
      local opt = {form = w[1], decay = w[2], weight = 0.3}
      local own, made = gan.penalty.lecam(opt), gan.penalty.lecam(opt)
      assert.equal("both", own.kind)
      for i, s in ipairs(steps) do
        local real, fake = gan.tensor(s[1]):requires_grad_(), gan.tensor(s[2]):requires_grad_()
        local want, y = w[3][i], made:of(real, nil, fake)
        near({want[1], want[2]}, {made.real, made.fake}, 1e-12)
        near(want[3], y, 1e-12)
        local g = gan.grad(y, {real, fake})
        near(want[4], g[1], 1e-12)
        near(want[5], g[2], 1e-12)
        local scale = gan.ones(1):requires_grad_()
        near(want[3], own(function(x) return x * scale end, real, fake), 1e-12)
        local next_one = gan.penalty.lecam(opt)
        next_one:load(own:state())
        own = next_one
      end
    end
  end)

  it("begins at a step: before it the means are those of the last call, and nothing is paid", function()
    local p = gan.penalty.lecam {start = 3, weight = 0.3}
    local function of(s) return p:of(gan.tensor(s[1]), nil, gan.tensor(s[2])) end
    assert.error_matches(function() of(steps[1]) end,
      "lecam: option 'start' goes by steps, and no step is known: tell it by penalty:at%(step%)")
    for step = 1, 2 do
      p:at(step)
      near(0, of(steps[step]))
    end
    near({0.3, -0.4}, {p.real, p.fake}, 1e-12)
    p:at(3)
    local y = of(steps[3])
    near({0.99 * 0.3 + 0.01 * 1.05, 0.99 * -0.4 + 0.01 * -0.45}, {p.real, p.fake}, 1e-12)
    local function d(a, b) return (a - b) ^ 2 end
    near(0.3 * (d(1.6, p.fake) + d(0.5, p.fake) + d(-1.2, p.real) + d(0.3, p.real)) / 2, y, 1e-12)
  end)

  it("goes on from its state", function()
    local a, b = gan.penalty.lecam(), gan.penalty.lecam()
    for i = 1, 4 do a(D, gan.tensor {{i}}, gan.tensor {{-i}}) end
    b:load(a:state())
    near(a(D, gan.tensor {{2}}, gan.tensor {{1}}):item(), b(D, gan.tensor {{2}}, gan.tensor {{1}}))
    near({a.real, a.fake, a.t}, {b.real, b.fake, b.t})
    assert.error_matches(function() b:load {t = 1, real = 1} end, "lecam: state: 'fake' is missing")
    assert.error_matches(function() b:load {t = 1, real = "x", fake = 1} end, "'real': expected a number")
  end)

  it("names what is wrong", function()
    assert.error_matches(function() gan.penalty.lecam {form = "sqare"} end, "lecam: option 'form': .*square")
    assert.error_matches(function() gan.penalty.lecam {start = -1} end, "'start': expected an integer >= 0")
    assert.error_matches(function() gan.penalty.lecam():of(nil, nil, gan.ones(2)) end, "#1 'on_real'")
    assert.error_matches(function() gan.penalty.lecam():of(gan.ones(2)) end, "#3 'on_fake'")
    assert.error_matches(function() gan.penalty.lecam {decay = 2} end,
      "lecam: option 'decay': expected a number in %[0,1%]")
    assert.error_matches(function() gan.penalty.lecam()(D, gan.ones(1, 1)) end, "lecam: bad argument #3 'fake'")
  end)
end)
