-- Residual blocks: PyTorch's numbers for the blocks as they are usually written, conditional ones, shapes, gradients.
local gan = require "gan"
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local same_with_two_threads = require "spec.support.threads"
local nn = double.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local blocks = {
  up = function() return nn.residual_up {2, 3} end,
  up_bilinear = function() return nn.residual_up {2, 3, mode = "bilinear"} end,
  down = function() return nn.residual_down {2, 3} end,
  first = function() return nn.residual_down {2, 3, first = true} end,
  plain = function() return nn.residual_down {2, 2, down = false} end,
}

describe("residual block", function()
  local want = golden.read "layers".residual
  for _, name in ipairs {"up", "up_bilinear", "down", "first", "plain"} do
    it(name .. " agrees with PyTorch", function()
      local block, random = blocks[name](), golden.lcg(2)
      local x = random(double, {1, 4, 4, 2}):requires_grad_()
      local convs = {}
      block.main:apply(function(layer) if layer.kind == "conv2d" then convs[#convs + 1] = layer end end)
      convs[#convs + 1] = block.shortcut
      double.no_grad(function()
        for _, conv in ipairs(convs) do
          conv.weight:copy_(random(double, conv.weight:shape()))
          conv.bias:copy_(random(double, conv.bias:shape()))
        end
      end)
      local y = block(x)
      golden.near(want[name].y, y)
      golden.near(want[name].grad, double.grad((y * y):sum(), {x})[1])
      local s = y:shape()
      assert.same({s[2], s[3], s[4]}, block:shape {4, 4, 2})
    end)
  end

  it("is x and its main path where sizes do not change", function()
    local block = nn.residual_up {2, 2, upsample = false}
    assert.is_nil(block.shortcut)
    local x = double.rng(1):normal {2, 2, 2, 2}
    golden.near((block.main(x) + x):reshape {-1}:to_table(), block(x))
    assert.is_not_nil(nn.residual_up {2, 3, upsample = false}.shortcut)
    assert.is_not_nil(nn.residual_down {2, 3, down = false}.shortcut)
    assert.is_nil(nn.residual_down {2, 2, down = false}.shortcut)
  end)

  it("has conditional norms when there are classes", function()
    local block = nn.residual_up {2, 3, classes = 4}
    local x, y = double.rng(1):normal {2, 2, 2, 2}, double.tensor({3, 0}, "i32")
    assert.same({2, 4, 4, 3}, block(x, y):shape())
    assert.matches("nn.conditional_batch_norm %(layer G.1.main.1%): labels are missing",
      message(nn.chain {name = "G", block}, x))
    double.no_grad(function() block.main[1].gamma:copy_(double.rng(2):normal {4, 2}) end)
    assert(double.gradcheck(function(a) return block(a, y) end,
      {x, block.main[1].gamma, block.main[5].beta}, {order = 2}))
  end)

  it("has gradients to order two, spectrally normalised", function()
    local rng = double.rng(3)
    for _, first in ipairs {true, false} do
      local block = nn.spectral(nn.residual_down {2, 3, first = first, rng = rng}, {rng = rng}):eval()
      assert(double.gradcheck(function(a) return block(a) end,
        {rng:normal {1, 2, 2, 2}, block.main[#block.main].weight, block.shortcut.weight}, {order = 2}))
    end
  end)

  it("saves, loads, and has the same bytes with one thread and two", function()
    local function run(threads)
      gan.threads(threads)
      local rng = gan.rng(1, "residual")
      local net = gan.nn.chain {gan.nn.residual_up {16, 8, rng = rng}, gan.nn.residual_down {8, 16, rng = rng}}
      local x = rng:normal {4, 8, 8, 16}
      local y = net(x)
      local copy = gan.nn.chain {gan.nn.residual_up {16, 8}, gan.nn.residual_down {8, 16}}:load(net:state())
      assert.is_true(net:eval()(x):to_bytes() == copy:eval()(x):to_bytes())
      return y:to_bytes() .. gan.grad((y * y):sum(), net:params())[3]:to_bytes()
    end
    assert.is_true(same_with_two_threads(run))
  end)

  it("describes itself and names what is wrong", function()
    assert.equal("residual_up 2 -> 3", nn.residual_up {2, 3}:describe())
    assert.equal("residual_up 2 -> 3, same size", nn.residual_up {2, 3, upsample = false}:describe())
    assert.equal("residual_down 2 -> 3, same size, spectral norm",
      nn.spectral(nn.residual_down {2, 3, down = false}):describe())
    local D = nn.chain {name = "D", nn.residual_down {3, 4}}
    assert.matches("nn.residual_down %(layer D.1%): bad argument #1 'x' %(expected real %(N,H,W,3%)",
      message(D, double.zeros(1, 4, 4, 2)))
    assert.matches("nn.residual_down %(layer D.1%): an image of 1x4 is too small to be halved",
      message(D, double.zeros(1, 1, 4, 3)))
    assert.matches("an image of 1x1 is too small", message(nn.chain, {input = {1, 1, 3}, nn.residual_down {3, 4}}))
    assert.matches("nn.residual_up: size Co is missing", message(nn.residual_up, {3}))
    assert.matches("nn.residual_up: option 'classes': expected an integer",
      message(nn.residual_up, {3, 3, classes = 0}))
    assert.matches("option 'mode': expected 'nearest' or 'bilinear'", message(nn.residual_up, {3, 3, mode = "cubic"}))
    assert.matches("nn.residual_down: option 'down': expected true or false",
      message(nn.residual_down, {3, 3, down = 1}))
  end)
end)
