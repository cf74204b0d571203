-- What perceptual losses compare images by: D of a run, classifiers, VGG-16's file; and files that are none of these.
local gan = require "gan"
local inside = require "spec.support.inside"
local temp = require "spec.support.temp"

local perceptual = gan.measure.perceptual
local WORDS = "--data shapes --limit 24 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --steps 1 --threads 1 "

describe("measure.perceptual", function()
  local dir
  setup(function()
    dir = temp.dir()
    for name, words in pairs {dcgan = "", cgan = "", wgan = "--dsteps 1 --pack 2", gan2014 = ""} do
      local code, out = inside.run(("experiments/%s.lua"):format(name),
        ("%s--outdir %s --name %s %s"):format(WORDS, dir, name, words))
      assert.equal(0, code, out)
    end
  end)
  teardown(temp.clean)

  local x = gan.rng(1):uniform({3, 16, 16, 3}, -1, 1)
  local function at(name) return ("%s/%s/checkpoint_last.safetensors"):format(dir, name) end
  local function opened(name, opt)
    local o = {size = 16, channels = 3}
    for k, v in pairs(opt or {}) do o[k] = v end
    return perceptual.open(name, o)
  end
  local function refused(what, name, opt)
    local P, message = opened(name, opt)
    assert.is_nil(P)
    assert.equal(what, message)
  end

  it("gives the hidden layers of a run's D, in evaluation mode", function()
    local P = assert(opened("D", {run = at "dcgan"}))
    assert.same({"D", true, 0.1, 2}, {P.name, P.relative, P.weight, P.layers})
    local a, b = P(x), P(x:narrow(1, 1, 1))
    assert.same({{3, 8, 8, 2}, {3, 4, 4, 4}}, {a[1]:shape(), a[2]:shape()})
    assert.is_true((a[2]:narrow(1, 1, 1) - b[1 + 1]):abs():max():item() < 1e-6) -- no batch decides
    local leaf = x:clone():requires_grad_()
    assert.is_true(gan.grad(P(leaf)[2]:square():sum(), {leaf})[1]:abs():sum():item() > 0)
    P = assert(opened("D", {run = at "gan2014"})) -- maxout
    assert.equal(2, #P(x))
  end)

  it("asks a D that sees labels for one class", function()
    local a, b = assert(opened("D", {run = at "cgan", class = 0})), assert(opened("D", {run = at "cgan", class = 5}))
    assert.is_false(a(x)[2]:to_bytes() == b(x)[2]:to_bytes())
    local P, message = opened("D", {run = at "cgan"})
    assert.is_nil(P)
    assert.matches("labels are missing", message)
  end)

  it("gives those of a classifier, to which images are resized", function()
    for size, want in pairs {[16] = {3, 16, 16, 2}, [24] = {3, 24, 24, 2}} do
      local net = gan.model.classifier.resnet {size = size, channels = 3, classes = 3, width = 2, rng = gan.rng(1)}
      local path = dir .. "/c.safetensors"
      assert(gan.measure.features.save(path, net, {data = "fake", accuracy = 0.5}))
      local P = assert(opened(path))
      assert.same({"resnet", true, 0.1, 4}, {P.name, P.relative, P.weight, P.layers})
      assert.same(want, P(x)[1]:shape())
      if size == 16 then
        local same = gan.nn.stages(net:eval().body, x)
        for i, t in ipairs(P(x)) do assert.is_true(t:to_bytes() == same[i]:to_bytes()) end
      end
    end
    refused(dir .. "/c.safetensors: has learnt colour images, these are in grey: train one with classifier.lua "
      .. "--channels 1", dir .. "/c.safetensors", {channels = 1})
  end)

  it("gives those of VGG-16, of whose file no more is read", function()
    local tree, before = {classifier = {["0"] = gan.zeros(2)}}, 3
    for i, n in ipairs {0, 2, 5, 7, 10, 12, 14, 17, 19, 21} do
      local co = ({64, 64, 128, 128, 256, 256, 256, 512, 512, 512})[i]
      tree[("features.%d.weight"):format(n)] = gan.full({co, before, 3, 3}, 1 / (9 * before))
      tree[("features.%d.bias"):format(n)] = gan.zeros(co)
      before = co
    end
    local path = dir .. "/vgg.safetensors"
    assert(gan.file.safetensors.save(path, tree))
    local P = assert(opened(path))
    assert.same({"vgg16", false, 0.001, 10}, {P.name, P.relative, P.weight, P.layers})
    local mean = (gan.full({1, 16, 16, 3}, 1) * 255 - gan.tensor {103.939, 116.779, 123.68}):mean():item()
    local y = P(gan.ones(1, 16, 16, 3))[1]
    assert.is_true(math.abs(y:to_table()[1][8][8][1] - mean) < 1e-3)
    assert.equal(10, #P(x))
    assert.equal(10, #assert(opened(path, {channels = 1}))(x:narrow(4, 1, 1)))
    tree["features.10.weight"] = gan.zeros(256, 128, 3, 4)
    assert(gan.file.safetensors.save(path, tree))
    refused(path .. ": no weights of VGG-16: 'features.10.weight' (expected real tensor (256,128,3,3), got real tensor "
      .. "(256,128,3,4))", path)
  end)

  it("may be nothing", function()
    local P = assert(opened "none")
    assert.same({"none", 0, {}}, {P.name, P.layers, P(x)})
  end)

  it("says what cannot be used", function()
    refused("D: there is no run whose D it could be", "D")
    refused(("D: that of %s judges packs of 2 images, not one"):format(at "wgan"), "D", {run = at "wgan"})
    refused("d: there are no such features (did you mean 'D'?)", "d", {run = at "dcgan"})
    refused("vgg: there are no such features (expected D, none, or a file: of experiments/classifier.lua, or of "
      .. "VGG-16's weights as safetensors)", "vgg")
    refused(at "dcgan" .. ": holds no network for this (expected D, none, or a file: of experiments/classifier.lua, or "
      .. "of VGG-16's weights as safetensors)", at "dcgan")
    temp.write(dir .. "/torn.safetensors", "\1")
    local P, message = opened(dir .. "/torn.safetensors")
    assert.is_nil(P)
    assert.matches("torn.safetensors: ", message)
    assert.error_matches(function() perceptual.open("none", {size = 8}) end, "option 'channels'")
  end)

  it("wants a discriminator that can be looked into", function()
    local tree = assert(gan.file.safetensors.load(at "dcgan"))
    tree.run.nets.discriminator.options = tree.run.nets.discriminator.options:gsub("%b{}", "{}")
    assert(gan.file.safetensors.save(dir .. "/odd.safetensors", tree))
    local _, message = opened("D", {run = dir .. "/odd.safetensors"})
    assert.matches("odd.safetensors: does not hold a discriminator: load: the state does not fit", message)
    tree.D = nil
    assert(gan.file.safetensors.save(dir .. "/odd.safetensors", tree))
    refused(dir .. "/odd.safetensors: has no discriminator", "D", {run = dir .. "/odd.safetensors"})
  end)
end)
