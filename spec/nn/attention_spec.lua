-- Self-attention against plain loops, at the start, gradients of order two.
local gan = require "gan"
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local same_with_two_threads = require "spec.support.threads"
local nn = double.nn

-- One image, no pooling: x + gamma out(softmax(q . k) v), position by position.
local function slow(layer, x)
  local s = x:shape()
  local positions = s[2] * s[3]
  local function rows(conv, t)
    return double.matmul(t:reshape {-1, t:size(4)}, conv.weight:detach():reshape {conv.weight:size(3), -1}):to_table()
  end
  local q, k, v = rows(layer.query, x), rows(layer.key, x), rows(layer.value, x)
  local o = {}
  for i = 1, positions do
    local sum, weights = 0, {}
    for j = 1, positions do
      local dot = 0
      for c = 1, #q[1] do dot = dot + q[i][c] * k[j][c] end
      weights[j] = math.exp(dot)
      sum = sum + weights[j]
    end
    o[i] = {}
    for c = 1, #v[1] do
      o[i][c] = 0
      for j = 1, positions do o[i][c] = o[i][c] + weights[j] / sum * v[j][c] end
    end
  end
  local out = double.matmul(double.tensor(o), layer.out.weight:detach():reshape {layer.out.weight:size(3), -1})
  return x + out:reshape(s) * layer.gamma:item()
end

local function made(opt)
  opt.rng = double.rng(1)
  local layer = nn.self_attention(opt)
  double.no_grad(function() layer.gamma:copy_(double.tensor {0.7}) end)
  return layer
end

describe("self_attention", function()
  it("does nothing at first", function()
    local x = double.rng(2):normal {2, 4, 4, 8}
    golden.near(x:reshape {-1}:to_table(), nn.self_attention {8}(x))
  end)

  it("agrees with plain loops", function()
    local x = double.rng(2):normal {1, 2, 3, 4}
    local layer = made {4, reduction = 2, pool = false}
    golden.near(slow(layer, x):reshape {-1}:to_table(), layer(x))
  end)

  it("looks at the largest of 2x2 pixels", function()
    local layer, plain = made {4, reduction = 2}, made {4, reduction = 2, pool = false}
    local x = double.rng(3):normal {1, 1, 1, 4}:expand {1, 4, 4, 4}
    golden.near(plain(x):reshape {-1}:to_table(), layer(x)) -- all pixels the same: what is pooled is what was there
    local y = double.rng(3):normal {2, 4, 4, 4}
    assert.is_true((plain(y) - layer(y)):abs():max():item() > 1e-3)
    golden.near(layer(y:narrow(1, 2, 1)):reshape {-1}:to_table(), layer(y):narrow(1, 2, 1))
  end)

  it("has gradients to order two, also spectrally normalised", function()
    local x = double.rng(4):normal {1, 2, 2, 4}
    for _, pool in ipairs {true, false} do
      local layer = made {4, reduction = 2, pool = pool}
      assert(double.gradcheck(function(a) return layer(a) end, {x, table.unpack(layer:params())}, {order = 2}))
      nn.spectral(layer):eval()
      assert(double.gradcheck(function(a) return layer(a) end, {x, layer.query.weight}, {order = 2}))
    end
  end)

  it("has the same bytes with one thread and two", function()
    local function run(threads)
      gan.threads(threads)
      local rng = gan.rng(1, "attention")
      local layer = gan.nn.self_attention {32, rng = rng}
      gan.no_grad(function() layer.gamma:fill_(1) end)
      local y = layer(rng:normal {4, 16, 16, 32})
      return y:to_bytes() .. gan.grad((y * y):sum(), {layer.query.weight})[1]:to_bytes()
    end
    assert.is_true(same_with_two_threads(run))
  end)

  it("knows its parameters and names what is wrong", function()
    local layer = nn.self_attention {16}
    assert.same({"gamma", "key.weight", "out.weight", "query.weight", "value.weight"}, layer:names())
    assert.equal(1 + 16 * 2 + 8 * 16 + 16 * 2 + 16 * 8, layer:count())
    assert.same({4, 4, 16}, layer:shape {4, 4, 16})
    assert.matches("nn.self_attention: bad argument #1 'x' %(expected real %(N,H,W,16%)",
      select(2, pcall(layer, double.zeros(1, 2, 2, 3))))
    assert.matches("an image of 1x4 is too small for pool = true", select(2, pcall(layer, double.zeros(1, 1, 4, 16))))
    assert.matches("option 'reduction'", select(2, pcall(nn.self_attention, {4, reduction = 0})))
  end)
end)
