-- Perceptual path length: linear generators whose length is known, arcs, labels, what wrong use says.
local gan = require "gan"
local double = require "spec.support.double"

local function flat(x) return x:reshape {x:size(1), -1} end
local function make(opt)
  for k, v in pairs {generator = function(z) return z end, features = flat, z = 3, n = 40, batch = 16} do
    if opt[k] == nil then opt[k] = v end
  end
  return opt
end
local function value(opt) return double.metric.ppl(make(opt)):value() end

describe("ppl", function()
  it("is the squared speed of a linear generator on lines", function()
    local v, p = value {space = "lerp", n = 2000, trim = 0}
    assert.is_true(math.abs(v - 6) < 0.5, v) -- E |b - a|^2 = 2 Z
    assert.same({"ppl", 2000, 3, 1e-4, "lerp", 0, 0}, {p.metric, p.n_fake, p.dim, p.eps, p.space, p.trim, p.seed})
    local w = value {space = "lerp", n = 2000, trim = 0, generator = function(z) return z * 2 end}
    assert.is_true(math.abs(w - 4 * v) < 1e-6 * w)
  end)

  it("is the squared speed along arcs: many dimensions are all but orthogonal, on a sphere of radius sqrt Z", function()
    local v = value {z = 2000, n = 30}
    assert.is_true(math.abs(v / (2000 * (math.pi / 2) ^ 2) - 1) < 0.03, v)
    assert.is_true(value {z = 1, n = 10} > 0) -- parallel and opposite latents
  end)

  it("does not count the longest and the shortest paths", function()
    local odd = 0
    local function generator(z)
      odd = odd + 1
      return odd % 2 == 0 and z + 5 or z -- one batch of one path each: every second end jumps
    end
    local calm = value {space = "lerp", n = 10, trim = 0.1}
    assert.is_true(calm < 20)
    assert.is_true(value {space = "lerp", n = 10, trim = 0.1, batch = 1, generator = generator} > 1e6)
    local calls = 0
    local v = value {space = "lerp", n = 10, trim = 0.1, batch = 1, generator = function(z)
      calls = calls + 1
      return calls == 2 and z + 5 or z
    end}
    assert.is_true(v < 20, v)
  end)

  it("is the same for the same seed, and draws one label for both ends", function()
    local labels = {}
    local function generator(z, y)
      labels[#labels + 1] = y:to_table()
      return z
    end
    local opt = {classes = 4, generator = generator, n = 5, seed = 3}
    local v = value(opt)
    assert.equal(v, (value(opt)))
    assert.same(labels[1], labels[2])
    assert.equal(5, #labels[1])
    assert.not_equal(v, (value {classes = 4, generator = generator, n = 5, seed = 4}))
  end)

  it("takes nets, with their logits beside the features, and records nothing", function()
    local net = gan.nn.linear {3, 4}
    local function features(x) return x, x end
    local v = gan.metric.ppl {generator = net, features = features, z = 3, n = 10, eps = 1e-2}:value()
    assert.is_true(v > 0)
  end)

  it("says what is wrong", function()
    local ppl = gan.metric.ppl
    local function bad(pattern, opt) assert.error_matches(function() ppl(make(opt)):value() end, pattern) end
    bad("'generator': expected a function, got 3", {generator = 3})
    bad("'features': expected a function", {features = {}})
    bad("'z'", {z = 0})
    bad("'n'", {n = 0})
    bad("'eps'", {eps = 0})
    bad("'trim'", {trim = 0.5})
    bad("'space'", {space = "arc"})
    bad("'features' %(expected a real tensor, got nil", {features = function() end})
    bad("row 1 of real tensor %(16,3%) holds NaN", {generator = function(z) return z / 0 end})
    bad("expected 16 rows for 16 latents, got real tensor %(2,3%)", {features = function() return gan.zeros(2, 3) end})
  end)
end)
