-- Data sets that a function draws: what is held, what batches are, resuming.
local gan = require "gan"
local core = require "gan.core"
local inside = require "spec.support.inside"
local temp = require "spec.support.temp"

local data = gan.data

-- Pictures of bytes that are ten times their label, and up to 9 more.
local function levels(rng, n)
  local y, noise = rng:integer({n}, 0, 9), core.to(rng:integer({n, 4, 6, 3}, 0, 9), "real")
  return core.to(noise + core.reshape(core.to(y, "real") * 10, {n, 1, 1, 1}), "u8"), y
end

local function bytes(...)
  local out = {}
  for i, t in ipairs {...} do out[i] = core.to_bytes(t) end
  return table.concat(out)
end

describe("data.custom", function()
  it("is a set of n images that are held", function()
    local set = data.custom {sample = levels, n = 1500, source = "levels", seed = 4}
    assert.same({1500, 4, 6, 3, "levels", 10, "9"}, {#set, set.height, set.width, set.channels, set.source,
      #set.classes, set.classes[10]})
    assert.equal("levels (drawn): 1500 images of 4x6 (height x width), colour, 10 classes: 0 1 2 3 4 5 6 7 8 9",
      set:describe())
    for _, i in ipairs {1, 700, 1500} do
      local low = core.to_table(core.reshape(set:image(i), {72}))[1] // 10
      assert.equal(set.labels:get(i), low)
    end
    assert.same(set:fingerprint(), data.custom({sample = levels, n = 1500, source = "levels", seed = 4}):fingerprint())
    assert.not_same(set:fingerprint(),
      data.custom({sample = levels, n = 1500, source = "levels", seed = 5}):fingerprint())
    assert.equal(bytes(set:image(8)), bytes(set:subset({7}):image(1)))
    local named = data.custom {sample = levels, n = 9, classes = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}}
    assert.equal("j", named.classes[10])
  end)

  it("has fresh batches in [-1,1], mirrored where they are asked to be", function()
    local set = data.custom {sample = levels, n = 64}
    local a, b = set:batches {batch = 5, seed = 2}, set:batches {batch = 5, seed = 2, mirror = true}
    local rng = gan.rng(2, "custom")
    local want, y = levels(rng, 5)
    local x, labels = a()
    assert.equal(bytes(data.to_real(want), y), bytes(x, labels))
    assert.equal(5 / 64, a.epoch)
    local flips, mirrored = core.to_table(rng:integer({5}, 0, 1)), core.to_table((b()))
    local plain, some = core.to_table(x), {}
    for i = 1, 5 do
      some[flips[i]] = true
      for r = 1, 4 do
        for c = 1, 6 do assert.same(plain[i][r][c], mirrored[i][r][flips[i] == 1 and 7 - c or c]) end
      end
    end
    assert.same({[0] = true, [1] = true}, some)
  end)

  it("rounds real images to 8 bits, and takes other samples as they are", function()
    local function real(rng, n) return rng:uniform({n, 3, 3, 1}, -1, 1) end
    local set = data.custom {sample = real, n = 7}
    assert.same({"u8", 7}, {set.images:dtype(), set.n})
    assert.is_nil(set.labels)
    local x = set:batches({batch = 4, seed = 1})()
    local want = data.to_real(core.image_quantise(real(gan.rng(1, "custom"), 4)))
    assert.equal(bytes(want), bytes(x))
    local points = data.custom {sample = function(rng, n) return rng:normal {n, 3} end, n = 100}
    assert.equal("custom (drawn): samples (*,3), 100 an epoch", points:describe())
    assert.same({3, 100}, {points.channels, #points})
    assert.equal(bytes(gan.rng(6, "custom"):normal {8, 3}), bytes((points:batches({batch = 8, seed = 6})())))
  end)

  it("goes on from a state", function()
    local set = data.custom {sample = levels, n = 64}
    local a, b = set:batches {batch = 5, seed = 2, mirror = true}, set:batches {batch = 5, seed = 3, mirror = true}
    for _ = 1, 3 do a() end
    assert.is_true(b:load(a:state()))
    for _ = 1, 3 do assert.equal(bytes(a()), bytes(b())) end
    assert.equal(a.epoch, b.epoch)
    assert.same({nil, "custom: the state has another batch"}, {b:load {batch = 3}})
    assert.same({nil, "custom: the state has no integer 'drawn'"}, {b:load {batch = 5}})
    a:close()
  end)

  it("trains, stops and goes on with the same bytes", function()
    local dir = temp.dir()
    local function train(name, steps)
      local words = ("--size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 --snap 2 --outdir %s --name %s --steps %d")
      local code, out, err = inside.call("test.lua", words:format(dir, name, steps), function()
        local run = gan.train.run {
          recipe = "test", sizes = {16}, conditional = true,
          open = function() return data.custom {n = 20, sample = function(rng, n)
            return rng:uniform({n, 16, 16, 1}, -1, 1), rng:integer({n}, 0, 2)
          end} end,
        }
        run:train {G = run:generator "dcgan", D = run:discriminator "dcgan"}
      end)
      assert.equal("", err)
      assert.equal(0, code, out)
    end
    train("whole", 6)
    train("parts", 3)
    train("parts", 6)
    local file = "/checkpoint_last.safetensors"
    assert.equal(temp.read(dir .. "/whole" .. file), temp.read(dir .. "/parts" .. file))
    temp.clean()
  end)

  it("refuses what a function should not return", function()
    local function of(f, o)
      o = o or {}
      o.sample, o.n = f, 1025
      return data.custom(o)
    end
    local function zeros(n, c) return core.full({n, 4, 4, c or 1}, 0, "u8") end
    local calls = 0
    for want, f in pairs {
      ["f(rng, 1) must return images, u8 or real (1,H,W,C), or real (1,...), returned nil"] = function()
        of(function() end)
      end,
      ["returned u8 tensor (1,4)"] = function() of(function(_, n) return core.full({n, 4}, 0, "u8") end) end,
      ["f(rng, 1) must return a tensor (1,4,4,1), of images, returned u8 tensor (2,4,4,1)"] = function()
        of(function() return zeros(2) end)
      end,
      ["f(rng, 1024) must return a tensor (1024,4,4,1), of images, returned u8 tensor (1024,4,4,3)"] = function()
        of(function(_, n) return zeros(n, n > 1 and 3 or 1) end)
      end,
      ["f(rng, 1) must return labels, i32 (1), returned real tensor (1)"] = function()
        of(function(_, n) return zeros(n), gan.zeros(n) end)
      end,
      ["f(rng, 1024) must return labels always or never, returned i32 tensor (1024)"] = function()
        of(function(_, n)
          calls = calls + 1
          return zeros(n), calls > 1 and core.full({n}, 0, "i32") or nil
        end)
      end,
      ["option 'classes': the function 'sample' returns no labels"] = function()
        of(function(_, n) return zeros(n) end, {classes = {"a"}})
      end,
      ["the labels must be integers >= 0, one is -1"] = function()
        of(function(_, n) return zeros(n), core.full({n}, -1, "i32") end)
      end,
      ["option 'classes': has 1 name, the labels go to 1"] = function()
        of(function(_, n) return zeros(n), core.full({n}, 1, "i32") end, {classes = {"a"}})
      end,
      ["option 'classes': expected a list of names, got table"] = function() of(print, {classes = {}}) end,
      ["option 'n': expected an integer >= 1, got 0"] = function() data.custom {sample = print, n = 0} end,
      ["option 'sample': expected a function, got nil"] = function() data.custom {} end,
      ["Custom:sample: bad argument #1 'rng' (expected a random stream (gan.rng), got 3)"] = function()
        data.ring():sample(3, 3)
      end,
      ["Custom:sample: bad argument #2 'n' (expected an integer"] = function() data.ring():sample(gan.rng(1), -1) end,
      ["data.to_real: bad argument #1 'bytes' (expected an u8 tensor, got real tensor (2)"] = function()
        data.to_real(gan.zeros(2))
      end,
    } do
      local ok, message = pcall(f)
      assert.is_false(ok, want)
      assert.truthy(message:find(want, 1, true), message)
    end
  end)

  it("has bytes as numbers in [-1,1]", function()
    local x = data.to_real(gan.tensor({{0, 255}, {51, 204}}, "u8"))
    for i, v in ipairs {-1, 1, -0.6, 0.6} do
      assert.is_true(math.abs(core.to_table(core.reshape(x, {4}))[i] - v) < 1e-7)
    end
    local set = data.fake {count = 6, size = 4}
    local batch, _, rows = data.batches(set, {batch = 6})()
    assert.equal(bytes(batch), bytes(data.to_real(set:rows(rows))))
  end)
end)
