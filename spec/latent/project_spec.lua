-- A picture's latent vector: the exact minimum and way of a linear generator, a net that finds its own pictures again,
-- what is said of pictures that it cannot make, and the same bytes for any number of threads.
local core = require "gan.core"
local double = require "spec.support.double"
local gan = require "gan"
local near = require "spec.support.near"

-- G(z) = W z + b.
local function linear(lib)
  local w, b = lib.tensor {{1, 1, 0}, {0, 1, 2}}, lib.tensor {0.1, -0.2, 0}
  return function(z) return z:matmul(w) + b end
end

local function go(lib, opt)
  opt.generator, opt.z, opt.start = opt.generator or linear(lib), 2, opt.start or lib.tensor {{1, 1}}
  return lib.latent.project(lib.tensor {{1, 0.5, -1}}, opt)
end

local function net()
  return gan.model.dcgan.generator {size = 16, z = 8, ngf = 4, channels = 1, rng = gan.rng(1)}:eval()
end

describe("latent: project", function()
  it("ends at the minimum of a linear generator", function()
    for lambda, want in pairs {
      [0] = {{1.0333333333, -0.4666666667}, 0.0133333333, 14.722432},
      [0.1] = {{0.9471332837, -0.4363365599}, 0.0724497394, 127.5 * math.sqrt(0.0180771869)},
      [1] = {{0.5379310345, -0.2827586207}, 0.3572413793},
    } do
      local r = go(double, {lr = 0.05, prior = lambda})
      near(want[1], r.z[1], 2e-6)
      near(want[2], r.restarts[1].loss, 1e-8)
      if want[3] then near(want[3], r.restarts[1].rms, 1e-5) end
    end
  end)

  it("goes the way that is worked out", function()
    for lib, tol in pairs {[double] = 1e-9, [gan] = 1e-5} do
      local losses = {}
      local r = go(lib, {lr = 0.05, prior = 0.1, on_step = function(k, list) losses[k + 1] = list[1] end})
      assert.equal(300, #losses)
      near({3.6666666667, 3.6467011112, 3.6069802912}, {losses[1], losses[2], losses[3]}, tol)
      near({0.9471327416, -0.4363355422}, r.z[1], 10 * tol)
    end
  end)

  it("has the two priors, and features in units of their deviation", function()
    local function first(opt)
      local loss
      opt.steps, opt.on_step, opt.start = 1, function(_, list) loss = list end, double.tensor {{3, 4}, {0.5, 0.5}}
      go(double, opt)
      return loss
    end
    local plain = first {prior = 0}
    local shell, square = first {prior = 1, shell = true}, first {prior = 1}
    near({132.25, 0.5625}, {shell[1] - plain[1], shell[2] - plain[2]})
    near({12.5, 0.25}, {square[1] - plain[1], square[2] - plain[2]})
    local features = {prior = 0, feature_weight = 0.5, variances = {4, 2}, features = function(x) return {x, 2 * x} end}
    near({plain[1] * (1 + 0.25 * (1 / 4 + 4 / 2)), plain[2] * (1 + 0.25 * (1 / 4 + 4 / 2))}, first(features))
  end)

  it("finds a net's own picture again", function()
    local G = net()
    local image = gan.no_grad(function() return G(gan.rng(9):normal {1, 8}) end)
    local r = gan.latent.project(image, {generator = G, z = 8, candidates = 64, steps = 150, prior = 0})
    assert.equal("recovered", r.verdict)
    assert.is_true(r.restarts[1].rms < 0.1, r.restarts[1].rms)
    assert.is_true(r.agree >= 3 and r.cosine > 0.99)
    assert.is_true(r.first_rms > 5 * r.restarts[1].rms)
    assert.same({8, 16, 16, 1}, r.images:shape())
    assert.same({1, 16, 16, 1}, r.first:shape())
    for i = 2, 8 do assert.is_true(r.restarts[i].loss >= r.restarts[i - 1].loss) end
    near(G(r.z):to_table(), r.images, 1e-6)
  end)

  it("says of a picture that it is not in the generator's range", function()
    local r = go(gan, {start = gan.tensor {{1, 1}, {0, 0}, {-1, 2}, {3, 1}}})
    assert.equal("not in the range of G", r.verdict)
    assert.equal(4, r.agree)
  end)

  it("tells local minima from that", function()
    -- One of four starts has a way to the picture; the others stand still far from it, each elsewhere.
    local function G(z) return gan.ops.cat({z:clamp(-1, 1), z:narrow(2, 1, 1)}, 2) end
    local r = gan.latent.project(gan.tensor {{1, 1, -2}}, {generator = G, z = 2, prior = 0, steps = 5, lr = 1e-6,
      start = gan.tensor {{-1, 1}, {2, 0}, {0, 0}, {2.5, 0.1}}})
    assert.equal("local minima", r.verdict)
    assert.is_true(r.agree < 3)
  end)

  it("draws coordinates beyond the bound anew, at first", function()
    local seen = {}
    local function G(z)
      seen[#seen + 1] = z:abs():max():item()
      return z * 1e-3
    end
    local r = gan.latent.project(gan.tensor {{0.1, 0.1}}, {generator = G, z = 2, prior = 0, steps = 40, lr = 0.5,
      bound = 1,
      start = gan.tensor {{0.9, -0.9}}})
    for k = 3, 32 do assert.is_true(seen[k] <= 3.5) end
    assert.is_true(r.restarts[1].largest > 1) -- in the last quarter they may leave
    local many = 0
    for k = 4, 33 do if seen[k] > 1 then many = many + 1 end end
    assert.is_true(many < 30)
  end)

  it("gives the same bytes with one thread and with two, and leaves other streams alone", function()
    local G, image, threads = net(), gan.rng(3):uniform({1, 16, 16, 1}, -1, 1), core.threads()
    local before = {gan.rng(1):state()}
    local out = {}
    for n = 1, 2 do
      core.threads(n)
      out[n] = gan.latent.project(image, {generator = G, z = 8, candidates = 20, restarts = 3, steps = 20}).z:to_bytes()
    end
    core.threads(threads)
    assert.is_true(out[1] == out[2])
    assert.same(before, {gan.rng(1):state()})
  end)

  it("says what is wrong", function()
    for _, case in ipairs {
      {{z = 2}, "latent.project: option 'generator': expected a function, got nil"},
      {{generator = print, z = 2, candidates = 4},
        "latent.project: option 'candidates': expected at least 8, one a restart,"
        .. " got 4"},
      {{generator = linear(gan), z = 2, start = gan.ones(1, 3)},
        "option 'start': expected vectors of 2 numbers, got real"
        .. " tensor (1,3)"},
      {{generator = function(z) return z end, z = 2}, "option 'generator': expected images as the given one (1,3), got"
        .. " real tensor (64,2)"},
    } do
      local ok, message = pcall(gan.latent.project, gan.ones(1, 3), case[1])
      assert.is_false(ok)
      assert.is_truthy(message:find(case[2], 1, true), message)
    end
    assert.error_matches(function() gan.latent.project("x.png", {}) end, "latent.project: bad argument #1 'image'")
  end)
end)
