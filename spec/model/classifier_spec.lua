-- Classifiers: shapes, parameter counts, features and logits, the residual block, gradients, learning, wrong options.
local gan = require "gan"
local core = require "gan.core"
local double = require "spec.support.double"
local classifier = gan.model.classifier

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("classifier", function()
  it("has so many parameters, counted by hand", function()
    -- 3x3 kernels without bias, two numbers per channel of each batch norm
    local lenet = 9 * (1 * 32 + 32 * 64 + 64 * 128) + 2 * (32 + 64 + 128) + 3 * 3 * 128 * 128 + 2 * 128 + 128 * 10 + 10
    local resnet = 9 * (3 * 32 + 2 * 32 * 32 + 32 * 64 + 64 * 64 + 64 * 128 + 128 * 128)
      + 2 * (3 * 32 + 2 * 64 + 2 * 128) + 32 * 64 + 64 * 128 + 2 * (64 + 128) + 128 * 10 + 10
    assert.equal(241898, lenet)
    assert.equal(308650, resnet)
    assert.equal(lenet, classifier.lenet {}:count())
    assert.equal(resnet, classifier.resnet {}:count())
    assert.equal(resnet + 9 * 2 * (32 ^ 2 + 64 ^ 2 + 128 ^ 2) + 4 * (32 + 64 + 128),
      classifier.resnet {blocks = 2}:count())
  end)

  for _, case in ipairs {
    {"lenet", 28, 1}, {"lenet", 32, 3}, {"lenet", 17, 1}, {"resnet", 32, 3}, {"resnet", 28, 1}, {"resnet", 9, 3},
  } do
    local kind, size, channels = table.unpack(case)
    it(("%s takes %dx%dx%d"):format(kind, size, size, channels), function()
      local net = classifier[kind] {size = size, channels = channels, classes = 7, width = 2, rng = gan.rng(1)}
      local x = gan.randn(3, size, size, channels)
      local features, logits = net:eval():features(x)
      assert.same({3, net.dim}, features:shape())
      assert.same({3, 7}, logits:shape())
      assert.equal(kind == "lenet" and 128 or 8, net.dim)
      assert.same({7}, net:shape {size, size, channels})
      assert.same({kind, 7, size}, {net.kind, net.classes, net.options.size})
      assert.equal(logits:to_bytes(), net(x):to_bytes())
      local last = net.head[2] -- the logits are a linear map of the features
      assert.equal(logits:to_bytes(), (features:matmul(last.weight) + last.bias):to_bytes())
      assert.is_true(features:min():item() >= 0)
      assert.same(net.options, classifier[kind](net.options).options) -- they make another of its kind
    end)
  end

  it("adds what its residual blocks' branches give to their inputs", function()
    local net = classifier.resnet {size = 8, width = 2, rng = gan.rng(2)}:eval()
    local same, half = net.body[4], net.body[5]
    assert.is_nil(same.shortcut)
    local x = gan.randn(2, 8, 8, 2)
    gan.nn.initial.zeros(same)
    assert.equal(x:relu():to_bytes(), same(x):to_bytes())
    gan.nn.initial.zeros(half.branch)
    core.copy_(half.shortcut[1].weight, gan.tensor {{{{1, 0, 0, -1}, {0, 2, 0, 0}}}})
    local y = half(x):to_table()
    assert.same({2, 4, 4, 4}, half(x):shape())
    for n = 1, 2 do
      for i = 1, 4 do
        for j = 1, 4 do
          local a, b = x:get(n, 2 * i - 1, 2 * j - 1, 1), x:get(n, 2 * i - 1, 2 * j - 1, 2)
          for c, want in ipairs {a, 2 * b, 0, -a} do
            assert.is_true(math.abs(y[n][i][j][c] - math.max(want, 0) / math.sqrt(1 + 1e-5)) < 1e-5)
          end
        end
      end
    end
    -- x reaches the sum beside a branch that is not 0
    local branch = gan.randn(2, 8, 8, 2)
    same.branch = function() return branch end
    assert.equal((x + branch):relu():to_bytes(), same(x):to_bytes())
  end)

  it("has the gradient of its numbers", function()
    local rng = double.rng(3, "x")
    local resnet = double.model.classifier.resnet {size = 8, channels = 1, classes = 3, width = 1, rng = rng}
    assert(double.gradcheck(function(x) return resnet(x) end, {rng:normal {2, 8, 8, 1}}))
    local lenet = double.model.classifier.lenet {size = 16, classes = 3, width = 1, features = 4, rng = rng}:eval()
    assert(double.gradcheck(function(x) return lenet(x) end, {rng:normal {1, 16, 16, 1}}))
  end)

  it("drops features in training only", function()
    local net = classifier.lenet {size = 16, width = 1, dropout = 0.5, rng = gan.rng(4)}
    local x = gan.randn(4, 16, 16, 1)
    local f1, l1 = net:features(x)
    local f2, l2 = net:features(x)
    assert.equal(f1:to_bytes(), f2:to_bytes())
    assert.not_equal(l1:to_bytes(), l2:to_bytes())
    net:eval()
    assert.equal(net(x):to_bytes(), net(x):to_bytes())
  end)

  for _, kind in ipairs {"lenet", "resnet"} do
    it(kind .. " learns: a few steps lower the loss, and the same ones with one thread or two", function()
      local function run(threads)
        gan.threads(threads)
        local rng = gan.rng(5, "all")
        local net = classifier[kind] {size = 16, channels = 3, classes = 8, width = 4, rng = rng}
        local set = gan.data.shapes {count = 32, size = 16}
        local x, labels = gan.data.batches(set, {batch = 32, prefetch = false})()
        local optimiser = gan.optim.sgd(net:params(), {lr = 0.1, momentum = 0.9})
        local losses = {}
        for i = 1, 8 do
          local loss = gan.softmax_cross_entropy(net(x), labels)
          optimiser:step(gan.grad(loss, optimiser.params))
          losses[i] = loss:item()
        end
        return losses
      end
      local before = gan.threads()
      local one, two = run(1), run(2)
      gan.threads(before)
      assert.same(one, two)
      assert.is_true(one[8] < 0.9 * one[1], ("%g, then %g"):format(one[1], one[8]))
    end)
  end

  it("prints its layers", function()
    assert.equal([[
   layer                                   output     parameters
1  conv2d 3 -> 4, 3x3, padding 1, no bias  (16,16,4)         108
2  batch_norm 4                            (16,16,4)           8
3  relu                                    (16,16,4)           0
4  residual 4 -> 4, 3x3 twice, stride 1    (16,16,4)         304
5  residual 4 -> 8, 3x3 twice, stride 2    (8,8,8)           944
6  residual 8 -> 16, 3x3 twice, stride 2   (4,4,16)        3,680
7  mean over height and width              (16)                0
8  dropout 0                               (16)                0
9  linear 16 -> 10                         (10)              170
   total                                                   5,214]], tostring(classifier.resnet {size = 16, width = 4}))
    assert.matches("4   max_pool 2x2 +%(14,14,32%) +0\n", tostring(classifier.lenet {}))
  end)

  it("names the options that it can take", function()
    for kind, cases in pairs {
      lenet = {
        ["option 'size': expected an integer in 16..64, got 8"] = {size = 8},
        ["'size': expected an integer in 16..64, got string '28'"] = {size = "28"},
        ["'channels': expected 1 or 3, got 2"] = {channels = 2},
        ["'channels': expected 1 or 3, got 4"] = {channels = 4},
        ["'classes': expected an integer in 2..1000, got 1"] = {classes = 1},
        ["'width': expected an integer in 1..256, got 0"] = {width = 0},
        ["'features': expected an integer in 1..2048, got 1.5"] = {features = 1.5},
        ["'dropout': expected a number in [0,1), got 1"] = {dropout = 1},
        ["'dropout': expected a number in [0,1), got nan"] = {dropout = 0 / 0},
        ["unknown option 'blocks'"] = {blocks = 2}, ["option 'rng': expected a random stream"] = {rng = 3},
      },
      resnet = {
        ["option 'size': expected an integer in 8..256, got 7"] = {size = 7},
        ["'blocks': expected an integer in 1..8, got 9"] = {blocks = 9},
        ["unknown option 'with' (did you mean 'width'?)"] = {with = 2},
      },
    } do
      for what, opt in pairs(cases) do
        local err = message(classifier[kind], opt):gsub("-nan", "nan")
        assert.is_truthy(err:find(what, 1, true), err)
        assert.matches("classifier_spec.lua:%d+: ", err)
      end
    end
    assert.matches(
      "nn.conv2d %(layer body.1%): bad argument #1 'x' %(expected real %(N,H,W,3%), got real tensor %(2,32,32,1%)%)",
      message(classifier.resnet {width = 2}, gan.zeros(2, 32, 32, 1)))
    assert.matches("linear", message(classifier.lenet {width = 2}, core.full({2, 40, 40, 1}, 0)))
  end)
end)
