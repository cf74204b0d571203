-- The GRU: worked numbers of states and gradients, lengths, padding, PyTorch's order of gates, threads.
local gan = require "gan"
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local same_with_two_threads = require "spec.support.threads"

local op = double.ops

-- The transpose of the example's weights: columns r, z, n.
local function example(leaf)
  local t = {
    w = double.tensor {{.1, .3, -.5, .7, .9, -.2}, {-.2, .4, .6, -.8, .1, .3}},
    u = double.tensor {{.2, -.3, .4, .1, -.7, .5}, {.1, .5, -.6, .2, .8, -.4}},
    b = double.tensor {.05, -.05, .1, -.1, .2, -.2}, c = double.tensor {-.1, .1, .15, -.15, .3, -.3},
    x = double.tensor {{{1, -.5}, {.25, 2}}}, h0 = double.zeros(1, 2),
  }
  if leaf then for _, v in pairs(t) do v:requires_grad_() end end
  return t
end

local function run(t, lengths)
  local s = t.x:shape()
  local a = op.matmul(t.x:reshape {-1, 2}, t.w) + t.b
  return op.gru(a:reshape {s[1], s[2], 6}, t.u, t.c, t.h0, lengths)
end

describe("gru", function()
  it("has the worked states and gates", function()
    local y, gates = run(example())
    golden.near({.5308017736, -.1830872922, .5239828503, .2721836710}, y)
    golden.near({.5374298453, .5374298453, .3658644090, .7005671425}, gates:narrow(2, 1, 1):narrow(3, 1, 4))
    golden.near({.4165023369, .6624465085, .8385086186, .1599584473}, gates:narrow(2, 2, 1):narrow(3, 1, 4))
  end)

  it("has the worked gradients", function()
    local t = example(true)
    local loss = (run(t)[1][2] * double.tensor {1, -2}):sum()
    golden.near({-.0203844917}, loss)
    local g = double.grad(loss, {t.w, t.u, t.b, t.c, t.x, t.h0})
    golden.near({.0031451990, -.0154157441, -.0049458664, -.0243987729, -.0640543230, .0441773292, .0527817183,
      .2831129954, .0947449720, .2138796178, -.3419984494, -2.9393694525}, g[1]:transpose())
    golden.near({-.0034578662, .0011927077, -.0067122585, .0023152320, .0030349791, -.0010468430, .0773106800,
      -.0266664577, .0271800762, -.0093751129, -.5146786062, .1775259938}, g[2]:transpose())
    golden.near({-.0017406168, -.0144299980, -.0597660285, .1620183728, .1869515969, -1.4397756295}, g[3])
    golden.near({-.0017406168, -.0144299980, -.0597660285, .1620183728, .0856062779, -.9567656472}, g[4])
    golden.near({.0969655928, -.0404752830, .4980387844, -.5436604373}, g[5])
    golden.near({.0826503931, .1539342299}, g[6])
  end)

  it("has the worked gradients of order two", function()
    local t = example(true)
    local loss = (run(t)[1][2] * double.tensor {1, -2}):sum()
    local dx = double.grad(loss, {t.x}, {create_graph = true})[1]
    local penalty = (dx * dx):sum() * 0.5
    golden.near({.2773249383}, penalty)
    local g = double.grad(penalty, {t.b, t.c})
    golden.near({-.0034479846, -.0024932233, -.0121107668, -.0055173025, -.0152165494, -.1182003211}, g[1])
    golden.near({-.0045285765, -.0497647028}, g[2]:narrow(1, 5, 2))
  end)

  it("stops at a sequence's length, whatever stands behind it", function()
    local rng = double.rng(1)
    local u, c, lengths = rng:normal {4, 12}, rng:normal {12}, double.tensor({3, 1, 0}, "i32")
    local a, results = rng:normal {3, 5, 12}, {}
    for i, padding in ipairs {0, 7, 0 / 0} do
      local x = a:clone()
      for n, length in ipairs {3, 1, 0} do x[n]:narrow(1, length + 1, 5 - length):copy_(double.full({}, padding)) end
      x:requires_grad_()
      local v, w = u:clone():requires_grad_(), c:clone():requires_grad_()
      local y = op.gru(x, v, w, nil, lengths)
      local g = double.grad((y * y):sum(), {x, v, w})
      results[i] = y:to_bytes() .. g[1]:to_bytes() .. g[2]:to_bytes() .. g[3]:to_bytes()
      golden.near(y[1][3]:to_table(), y[1][5])
      golden.near({0, 0, 0, 0}, y[3][5])
      golden.near(op.gru(a:narrow(1, 1, 1):narrow(2, 1, 3), u, c)[1][3]:to_table(), y[1][5])
      assert.equal(0, g[1][2]:narrow(1, 2, 4):abs():max():item())
    end
    assert.is_true(results[1] == results[2] and results[2] == results[3])
  end)

  it("knows no sequences and no steps", function()
    local rng = double.rng(1)
    local u, c = rng:normal {2, 6}:requires_grad_(), rng:normal {6}
    assert.same({0, 3, 2}, op.gru(double.zeros(0, 3, 6), u, c):shape())
    local y = op.gru(double.zeros(2, 0, 6), u, c)
    assert.same({2, 0, 2}, y:shape())
    golden.near({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, double.grad(y:sum(), {u})[1])
  end)

  it("has the same bytes with one thread and two", function()
    local function bytes(threads)
      gan.threads(threads)
      local rng = gan.rng(1, "gru")
      local a, u = rng:normal {65, 7, 288}:requires_grad_(), rng:normal({96, 288}, 0, 0.1):requires_grad_()
      local y = gan.gru(a, u, rng:normal {288}, nil, rng:integer({65}, 0, 7))
      local g = gan.grad((y * y):sum(), {a, u})
      return y:to_bytes() .. g[1]:to_bytes() .. g[2]:to_bytes()
    end
    assert.is_true(same_with_two_threads(bytes))
  end)
end)
