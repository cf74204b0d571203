-- Segmenters: the net, training on masks with void in them, files, and what wrong use says.
local core = require "gan.core"
local double = require "spec.support.double"
local gan = require "gan"
local inside = require "spec.support.inside"
local temp = require "spec.support.temp"

local segmenter = gan.measure.segmenter

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("a segmenter", function()
  local dir = temp.dir()
  teardown(temp.clean)

  it("has logits for each pixel, and gradients", function()
    local net = double.model.segmenter {classes = 3, channels = 1, width = 2, rng = double.rng(1)}
    local x = double.rng(2):normal {2, 8, 4, 1}
    assert.same({2, 8, 4, 3}, net(x):shape())
    assert.same({8, 4, 3}, net:shape {8, 4, 1})
    assert.matches("segmenter, 3 classes", tostring(net))
    net:eval()
    assert(double.gradcheck(function(s) return net(x * s):tanh() end, {double.full({1}, 0.7), net.head.weight},
      {order = 1}))
    assert.matches("expected sides that are multiples of 4, got real tensor %(1,6,4,1%)",
      message(net, double.zeros(1, 6, 4, 1)))
    assert.matches("model.segmenter: option 'classes'", message(gan.model.segmenter, {}))
  end)

  -- Pictures whose left half is dark and ground, the right half light and object, one column void.
  local function halves(n)
    local images, masks = {}, {}
    for i = 1, n do
      images[i], masks[i] = {}, {}
      for y = 1, 8 do
        images[i][y], masks[i][y] = {}, {}
        for x = 1, 8 do
          images[i][y][x] = {x > 4 and 200 + i or 50 - i}
          masks[i][y][x] = x == 8 and 255 or x > 4 and 1 or 0
        end
      end
    end
    masks = core.tensor(masks, "u8")
    return gan.data.set.new {
      images = core.tensor(images, "u8"), mask_kind = "class", mask_classes = {"ground", "light"},
      mask = function(_, i) return core.reshape(core.narrow(masks, 1, i, 1), {8, 8}) end,
    }
  end

  it("learns masks, and is kept in a file", function()
    local set, seen = halves(8), 0
    local function told(step, loss)
      seen = seen + 1
      assert.equal(step, seen)
      assert.is_number(loss)
    end
    local net, classes = segmenter.train(set, {steps = 40, batch = 4, width = 2, lr = 0.02, told = told})
    assert.same({"ground", "light"}, classes)
    local v, p = segmenter.accuracy(net, set)
    assert.is_true(v > 0.95, v)
    assert.same({8 * 8 * 7, 8}, {p.pixels, p.n_fake})
    assert.equal(40, seen)
    local again = segmenter.train(set, {steps = 40, batch = 4, width = 2, lr = 0.02})
    assert.equal(gan.measure.features.hash(net:state()), gan.measure.features.hash(again:state()))
    local path = dir .. "/s.safetensors"
    assert(segmenter.save(path, net, {classes = classes, width = 2, data = "halves", accuracy = v}))
    local opened = assert(segmenter.open(path))
    assert.same({"halves", v}, {opened.data, opened.accuracy})
    local x = set:rows {0, 3}
    assert.same(segmenter.classes(net, x):to_table(), segmenter.classes(opened.net, gan.data.to_real(x)):to_table())
  end)

  it("refuses files that are none", function()
    local function refused(path)
      local net, why = segmenter.open(path)
      assert.is_nil(net)
      return why
    end
    assert.matches("nothere", refused(dir .. "/nothere.safetensors"))
    local path, tree = dir .. "/bad.safetensors", {kind = "classifier", format = 1}
    for words, change in pairs {
      ["experiments/segmenter.lua writes them"] = {}, ["its classes, data and accuracy are missing"] =
        {kind = "segmenter"}, ["not a segmenter that can be used: .*option 'width'"] = {classes = {"a", "b"},
        accuracy = 0.5, data = "x", channels = 3, width = 0, state = {a = gan.zeros(1)}},
    } do
      for k, v in pairs(change) do tree[k] = v end
      if tree.classes then tree.kind = "segmenter" end
      assert(gan.file.safetensors.save(path, tree))
      assert.matches(words, refused(path))
      tree = {kind = "classifier", format = 1}
    end
    assert.matches("'set' %(expected a data set with masks", message(segmenter.train, gan.data.fake {}, {steps = 1}))
  end)

  it("is trained by a script", function()
    local out = dir .. "/script.safetensors"
    local code, said, err = inside.run("experiments/segmenter.lua",
      "--data shapes --size 16 --limit 40 --steps 10 --batch 8 --width 2 --threads 1 --out " .. out)
    assert.same({0, ""}, {code, err})
    assert.matches("36 pictures for training, 4 for testing", said)
    assert.matches("of the pixels of 4 test pictures", said)
    assert.equal(9, #assert(segmenter.open(out)).classes)
    code, said, err = inside.run("experiments/segmenter.lua", "--data fake --size 16 --out " .. out)
    assert.same({1, ""}, {code, said})
    assert.matches("has no mask %(it has images with labels%)", err)
    code, said, err = inside.run("experiments/segmenter.lua", "--data shapes --size 18 --limit 20 --out " .. out)
    assert.same({1, ""}, {code, said})
    assert.matches("sides must be multiples of 4; give %-%-size", err)
  end)
end)
