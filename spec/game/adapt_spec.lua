-- Batch statistics adaptation: its options, the step size, which run a command line names, the picture.
local gan = require "gan"
local near = require "spec.support.near"
local temp = require "spec.support.temp"

local adapt = gan.game.adapt

-- A source as gan.train.trained.open returns it, and a run of its size on images of numbers.
local function source(more)
  local out = {
    G = gan.model.dcgan.generator {size = 16, channels = 1, z = 3, ngf = 2, rng = gan.rng(1)}, options = {z = 3},
    path = "runs/a/checkpoint_last.safetensors", step = 5, nets = {generator = {model = "dcgan", options = "{}"}},
  }
  for k, v in pairs(more or {}) do out[k] = v end
  return out
end

local function run(n, more)
  local opt = {size = 16, channels = 1, z = 3, trunc = 0.3, ema = true}
  for k, v in pairs(more or {}) do opt[k] = v end
  local images = gan.rng(2):integer({n, 16, 16, 1}, 0, 255):to "u8"
  return {options = opt, data = gan.data.set.new {images = images}, nets = {}, sources = {}}
end

describe("game.adapt", function()
  teardown(temp.clean)

  it("lets the step size fall to a fifth, again and again, as the authors do", function()
    local f = adapt.falling(0.03, 3000)
    near({0.03, 0.03, 0.006, 0.006, 0.0012, 0.03 * 0.2 ^ 3}, {f(1), f(3000), f(3001), f(6000), f(6001), f(10000)})
    assert.equal(0.03, adapt.falling(0.03, 0))
    local g = adapt.falling(function(step) return 1 / step end, 2)
    near({1, 1 / 2, 0.2 / 3}, {g(1), g(2), g(3)})
    assert.error_matches(function() adapt.falling(0.03, -1) end, "game.adapt.falling: bad argument #2 'fall'")
    assert.error_matches(function() adapt.falling("x", 1) end, "game.adapt.falling: expected a number or a function")
  end)

  it("finds the run that a command line names", function()
    assert.same({run = "a"}, adapt.source {"--data", "x", "--run", "a"})
    assert.same({run = "b", net = "n.lua"}, adapt.source {"--run=b", "--net", "n.lua"})
    assert.same({}, adapt.source {"--run", "a", "--help"})
    local _, message = adapt.source {"--data", "x"}
    assert.equal("--run is missing: a run's directory, such as runs/demo, whose generator is adapted", message)
    _, message = adapt.source {"--resume", "/nowhere/at/all"}
    assert.matches("^%-%-resume: /nowhere/at/all", message)
    assert.error_matches(function() adapt.source "--run" end, "game.adapt.source: expected a table of words")
  end)

  it("takes size, channels and latent size from the run", function()
    local d = adapt.defaults(source())
    assert.same({16, 1, 3, 25, 0.03}, {d.size, d.channels, d.z, d.batch, d.lr})
    local _, message = adapt.defaults(source {options = {z = 4}})
    assert.matches("^runs/a/checkpoint_last.safetensors: cannot draw: ", message)
    _, message = adapt.defaults(source {G = gan.nn.chain {gan.nn.linear {3, 2}}})
    assert.equal("runs/a/checkpoint_last.safetensors: draws no square pictures of 1 or 3 channels", message)
  end)

  it("begins with latent vectors of 0, and says how checkpoints make the generator again", function()
    local r = run(5)
    local a = assert(adapt.new(r, source()))
    assert.same({5, 3}, a.latents.weight:shape())
    assert.equal(0, a.latents.weight:abs():max():item())
    assert.equal(#a.G:params() + 1, #a.params)
    assert.same({generator = {model = "dcgan", options = "{}", adapted = true}}, r.nets)
    assert.equal(2, #a.notes)
    assert.equal(3, #assert(adapt.new(run(301), source())).notes)
  end)

  it("takes averaged weights and statistics, unless told not to", function()
    local function first(ema)
      local s = source()
      s.ema = gan.optim.ema(s.G)
      for i, list in ipairs {s.ema.shadow_statistics, s.ema.shadow} do
        for _, t in ipairs(list) do gan.no_grad(function() t:copy_(t + 0.1 * i) end) end
      end
      local want = gan.nn.evaluate(s.G, gan.zeros(1, 3), nil, {average = ema and s.ema or nil})
      local a = assert(adapt.new(run(4, {ema = ema}), s))
      assert.is_true(want:to_bytes() == a:again(1, 1):to_bytes())
      return want:to_bytes()
    end
    assert.not_equal(first(true), first(false))
  end)

  it("draws originals, what G makes of their vectors, lines between two, and new pictures", function()
    local r = run(10)
    local a = assert(adapt.new(r, source()))
    gan.no_grad(function() a.latents.weight:copy_(gan.rng(4):normal {10, 3}) end)
    local samples = gan.full({16, 16, 16, 1}, -1)
    local sheet, columns = a:sheet(samples)
    assert.equal(8, columns)
    assert.same({8 * (2 + 2 + 1 + 2 + 1 + 2), 16, 16, 1}, sheet:shape())
    local function rows(first, n) return gan.clone(sheet:narrow(1, first, n)) end
    local all = gan.data.to_real(r.data:rows {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
    assert.is_true(rows(1, 8):to_bytes() == all:narrow(1, 1, 8):clone():to_bytes())
    assert.is_true(rows(9, 8):to_bytes() == a:again(1, 8):to_bytes())
    assert.is_true(rows(17, 2):to_bytes() == all:narrow(1, 9, 2):clone():to_bytes())
    assert.equal(1, rows(19, 6):min():item()) -- white
    assert.is_true(rows(25, 2):to_bytes() == a:again(9, 2):to_bytes())
    assert.equal(1, rows(33, 8):min():item())
    assert.is_true(rows(41, 8):to_bytes() == a:between(1, 2, 8):to_bytes())
    assert.is_true(rows(65, 16):to_bytes() == samples:to_bytes())
    local line = a:between(3, 5, 3)
    assert.is_true(line:narrow(1, 1, 1):clone():to_bytes() == a:again(3, 1):to_bytes())
    local middle = (a.latents.weight:narrow(1, 3, 1) + a.latents.weight:narrow(1, 5, 1)) / 2
    near(gan.nn.evaluate(a.G, middle):to_table(), line:narrow(1, 2, 1), 1e-5)
  end)

  it("says what cannot be adapted", function()
    local function refused(what, r, s)
      local a, message = adapt.new(r, s)
      assert.is_nil(a)
      assert.equal(what, message)
    end
    local path = "runs/a/checkpoint_last.safetensors"
    refused(path .. ": is an adapted generator: give the run that it was made of", run(4),
      source {nets = {generator = {model = "dcgan", adapted = true}}})
    refused("--channels 3: G is that of " .. path .. ", where it is 1: leave it out", run(4, {channels = 3}), source())
    refused("--class: " .. path .. " is not conditional", run(4, {class = "2"}), source())
    refused(path .. ": the net has no batch norm, behind whose stored statistics a scale and a shift are learnt (its "
      .. "norms: layer_norm)", run(4),
      source {G = gan.model.dcgan.generator {size = 16, channels = 1, z = 3, ngf = 2, norm = "layer"}})
  end)
end)
