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
    assert.error_matches(function() gan.penalty.lecam {decay = 2} end,
      "lecam: option 'decay': expected a number in %[0,1%]")
    assert.error_matches(function() gan.penalty.lecam()(D, gan.ones(1, 1)) end, "lecam: bad argument #3 'fake'")
  end)
end)
