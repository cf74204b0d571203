-- bottleneck: its numbers by plain ops, starting values, gradients, what is wrong.
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

describe("bottleneck", function()
  it("is x and the three convolutions, the second in groups", function()
    local rng = double.rng(1, "bottleneck")
    local block = nn.bottleneck {3, group = 2, expansion = 2, slope = 0.3, rng = rng}
    local first, second, last = block.main[1], block.main[3], block.main[5]
    assert.same({{1, 1, 3, 6}, {3, 3, 2, 6}, {1, 1, 6, 3}},
      {first.weight:shape(), second.weight:shape(), last.weight:shape()})
    assert.is_nil(last.bias)
    local x = rng:normal {2, 4, 5, 3}
    local h = (double.conv2d(x, first.weight) + first.bias):leaky_relu(0.3)
    local parts = {}
    for g = 0, 2 do
      parts[g + 1] = double.conv2d(h:narrow(4, 2 * g + 1, 2), second.weight:narrow(4, 2 * g + 1, 2), {padding = 1})
    end
    h = (double.cat(parts, 4) + second.bias):leaky_relu(0.3)
    golden.near((double.conv2d(h, last.weight) + x):reshape {-1}:to_table(), block(x), 1e-12)
    assert.same({4, 5, 3}, block:shape {4, 5, 3})
    assert.equal(3 * 6 + 6 + 9 * 2 * 6 + 6 + 6 * 3, block:count())
    assert.equal("bottleneck 3, groups of 2", block:describe())
  end)

  it("starts as the identity by fixup", function()
    local block = nn.initial.fixup(nn.bottleneck {16}, {rng = double.rng(2)})
    local x = double.rng(1):normal {1, 3, 3, 16}
    assert.is_true(x:to_bytes() == block(x):to_bytes())
  end)

  it("has gradients to order two", function()
    local rng = double.rng(3)
    local block = nn.bottleneck {2, group = 2, rng = rng}
    local params = block:params()
    assert(double.gradcheck(function(x) return block(x):tanh() end,
      {rng:normal {1, 3, 2, 2}, table.unpack(params)}, {order = 2}))
  end)

  it("has the same bytes with one thread and two", function()
    assert.is_true(same_with_two_threads(function(threads)
      gan.threads(threads)
      local rng = gan.rng(1, "bottleneck")
      local block = gan.nn.bottleneck {32, rng = rng}
      local y = block(rng:normal {8, 8, 8, 32})
      return y:to_bytes() .. gan.grad((y * y):sum(), block:params())[3]:to_bytes()
    end))
  end)

  it("names what is wrong", function()
    assert.matches("nn.bottleneck: option 'group': 16 does not divide 2 x 12 = 24 channels inside",
      message(nn.bottleneck, {12}))
    assert.matches("option 'group': expected an integer", message(nn.bottleneck, {12, group = 0}))
    assert.matches("option 'expansion': expected an integer", message(nn.bottleneck, {16, expansion = 0.5}))
    assert.matches("nn.bottleneck: size C is missing", message(nn.bottleneck, {}))
    assert.matches("nn.bottleneck %(layer D.1%): bad argument #1 'x' %(expected real %(N,H,W,8%)",
      message(gan.nn.chain {name = "D", gan.nn.bottleneck {8}}, gan.zeros(1, 4, 4, 3)))
  end)
end)
