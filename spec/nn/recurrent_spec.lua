-- nn.gru: against the op, padding that changes nothing, gradients to order two, saved and loaded, wrong input.
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local nn = double.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function lengths(...) return double.tensor({...}, "i32") end

local function made()
  local layer = nn.gru {2, 2}
  return layer:load {
    ["input.weight"] = double.tensor {{.1, .3, -.5, .7, .9, -.2}, {-.2, .4, .6, -.8, .1, .3}},
    ["recurrent.weight"] = double.tensor {{.2, -.3, .4, .1, -.7, .5}, {.1, .5, -.6, .2, .8, -.4}},
    ["input.bias"] = double.tensor {.05, -.05, .1, -.1, .2, -.2},
    ["recurrent.bias"] = double.tensor {-.1, .1, .15, -.15, .3, -.3},
  }
end

describe("gru", function()
  it("has the worked numbers, and those of a shorter sequence whatever the padding holds", function()
    local layer, results = made(), {}
    for i, padding in ipairs {9, -1, 0 / 0} do
      local y = layer(double.tensor {{{1, -.5}, {.25, 2}}, {{-1, .5}, {padding, padding}}}, lengths(2, 1))
      golden.near({.5239828503, .2721836710, -.1235621554, .0029773519}, y:narrow(2, 2, 1))
      golden.near({.5273923120, .0445481894}, y[1]:mean(1))
      local g = double.grad((y * y):sum(), layer:params())
      results[i] = y:to_bytes()
      for _, t in ipairs(g) do results[i] = results[i] .. t:to_bytes() end
    end
    assert.is_true(results[1] == results[2] and results[2] == results[3])
  end)

  it("has gradients to order two, also spectrally normalised", function()
    local layer = nn.gru {3, 2, rng = double.rng(1)}
    local x = double.rng(2):normal {2, 3, 3}
    local function f(a) return layer(a, lengths(3, 2)) end
    assert(double.gradcheck(f, {x, table.unpack(layer:params())}, {order = 2}))
    nn.spectral(layer):eval()
    assert(double.gradcheck(f, {x, table.unpack(layer:params())}, {order = 2}))
    assert.equal("gru 3 -> 2, spectral norm", layer:describe())
  end)

  it("starts in PyTorch's bounds, by its stream", function()
    local a, b = nn.gru {7, 16, rng = double.rng(1)}, nn.gru {7, 16, rng = double.rng(1)}
    assert.equal(3 * 16 * (7 + 16 + 2), a:count())
    for i, p in ipairs(a:params()) do
      assert.is_true(p:to_bytes() == b:params()[i]:to_bytes())
      local most = p:abs():max():item()
      assert.is_true(most <= 0.25 and most > 0.2, most)
    end
    assert.same({5, 16}, a:shape {5, 7})
  end)

  it("names what is wrong", function()
    local net = nn.chain {name = "E", made()}
    assert.matches("nn.gru %(layer E.1%): bad argument #1 'x' %(expected real %(N,%*,2%), got real tensor %(1,2,3%)",
      message(net, double.zeros(1, 2, 3)))
    assert.matches("nn.gru %(layer E.1%): bad argument #2 'lengths' %(expected i32 %(2%), got i32 tensor %(1%)%)",
      message(net, double.zeros(2, 3, 2), lengths(1)))
    assert.matches("got real tensor %(2%)", message(net, double.zeros(2, 3, 2), double.zeros(2)))
    assert.matches("expected lengths in 0..3, got 4 at element 2", message(net, double.zeros(2, 3, 2), lengths(1, 4)))
    assert.matches("nn.gru: size H is missing", message(nn.gru, {2}))
  end)
end)
