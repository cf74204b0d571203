-- Virtual batch norm: SPEC's worked numbers, the reference pass inside a net, state, gradients of order two.
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local nn = double.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function example(live)
  local net = nn.virtual_batch {nn.chain {nn.virtual_batch_norm {1}}, reference = double.tensor {{1}, {2}, {3}, {4}}}
  return net(double.tensor {{live}}):item()
end

describe("virtual_batch_norm", function()
  it("has the worked numbers", function()
    assert.near(1.8973656474, example(10), 1e-9) -- mean 4, mean square 26
    assert.near(0, example(2.5), 1e-9)
  end)

  it("normalises each image with its own positions and the reference, the reference with itself", function()
    local rng = double.rng(1)
    local ref, x = rng:normal {3, 2, 2, 2}, rng:normal({2, 2, 2, 2}, 1, 2)
    local seen = {}
    local net = nn.virtual_batch {nn.chain {nn.virtual_batch_norm {2, eps = 0.01}, function(t)
      seen[#seen + 1] = t
      return t
    end}, reference = ref}
    net(x)
    golden.near(nn.batch_norm {2, eps = 0.01}(ref):reshape {-1}:to_table(), seen[1]:reshape {-1})
    local m, q = ref:mean {1, 2, 3}, (ref * ref):mean {1, 2, 3}
    for i = 1, 2 do
      local own = x[i]
      local mean, square = own:mean {1, 2} / 4 + m * 0.75, (own * own):mean {1, 2} / 4 + q * 0.75
      golden.near(((own - mean) / (square - mean * mean + 0.01):sqrt()):reshape {-1}:to_table(),
        seen[2][i]:contiguous():reshape {-1})
    end
    -- the rest of the batch does not matter
    golden.near(seen[2][1]:contiguous():reshape {-1}:to_table(), net(x:narrow(1, 1, 1)):reshape {-1})
  end)

  it("takes the gradient through the reference pass, too, to order two", function()
    local rng = double.rng(2)
    local linear, norm = nn.linear {2, 3, rng = rng}, nn.virtual_batch_norm {3, eps = 0.1}
    local net = nn.virtual_batch {nn.chain {linear, norm, nn.tanh {}}, reference = rng:normal {4, 2}}
    assert(double.gradcheck(function(a) return net(a) end,
      {rng:normal {2, 2}, table.unpack(net:params())}, {order = 2}))
  end)

  it("needs its reference, and forgets it after each call", function()
    local norm = nn.virtual_batch_norm {2}
    local net = nn.virtual_batch {nn.chain {name = "G", norm}, reference = double.rng(1):normal {3, 2}}
    assert.matches("nn.virtual_batch_norm %(layer G.1%): no reference batch: put the net into nn.virtual_batch",
      message(norm, double.zeros(1, 2)))
    net(double.zeros(1, 2))
    assert.matches("no reference batch", message(norm, double.zeros(1, 2)))
    assert.matches("nn.virtual_batch_norm %(layer G.1%): bad argument #1 'x' %(expected real %(N,...,2%)",
      message(net, double.zeros(1, 3)))
    assert.matches("no reference batch", message(norm, double.zeros(1, 2)))
    assert.matches("at least one element", message(net, double.zeros(0, 2)))
    assert.same({1, 2}, net(double.zeros(1, 2)):shape())
  end)

  it("saves the reference, and labels of a conditional net", function()
    local function make(seed)
      local rng = double.rng(seed)
      return nn.virtual_batch {
        nn.chain {input = {2}, nn.label_concat {3}, nn.linear {5, 2, rng = rng}, nn.virtual_batch_norm {2}},
        reference = rng:normal {4, 2}, labels = rng:integer({4}, 0, 2),
      }
    end
    local a, b, x, y = make(1), make(2), double.rng(3):normal {2, 2}, double.tensor({0, 2}, "i32")
    local names = {}
    for name in pairs(a:state()) do names[#names + 1] = name end
    table.sort(names)
    assert.same({"labels", "net.2.bias", "net.2.weight", "net.3.beta", "net.3.gamma", "reference"}, names)
    assert.is_false(a(x, y):to_bytes() == b(x, y):to_bytes())
    b:load(a:state())
    assert.is_true(a(x, y):to_bytes() == b(x, y):to_bytes())
    assert.is_true(a(x, y):to_bytes() == a:eval()(x, y):to_bytes())
    assert.matches("1.2  linear 5 %-> 2 +%(2%) +12\n1.3  virtual_batch_norm 2 +%(2%) +4\n", tostring(a))
    assert.same({2}, a:shape {2})
  end)

  it("survives rounding where the variance is zero", function()
    local net = nn.virtual_batch {nn.chain {nn.virtual_batch_norm {1}}, reference = double.full({5, 1}, 1e8 / 3)}
    golden.near({0}, net(double.full({1, 1}, 1e8 / 3)), 1e-3)
  end)

  it("names what is wrong", function()
    local net, ref = nn.chain {nn.virtual_batch_norm {2}}, double.zeros(1, 2)
    assert.matches("nn.virtual_batch: expected a net as first entry, got nil",
      message(nn.virtual_batch, {reference = ref}))
    assert.matches("the net has no virtual_batch_norm", message(nn.virtual_batch, {nn.relu {}, reference = ref}))
    assert.matches("option 'reference': expected a real batch %(N,...%), got nil", message(nn.virtual_batch, {net}))
    assert.matches("option 'labels': expected an i32 tensor of 1 dimension, got 3",
      message(nn.virtual_batch, {net, reference = ref, labels = 3}))
    assert.matches("unknown option 'referenc'", message(nn.virtual_batch, {net, referenc = ref}))
    assert.matches("expected a table of options, got 3", message(nn.virtual_batch, 3))
    assert.matches("nn.virtual_batch_norm: option 'eps'", message(nn.virtual_batch_norm, {2, eps = -1}))
  end)
end)
