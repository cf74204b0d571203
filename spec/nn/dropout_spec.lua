-- dropout: frequency, scale, evaluation, its stream.
local gan = require "gan"
local nn = gan.nn

local function count(t, value)
  local n = 0
  for _, v in ipairs(t:to_table()) do if v == value then n = n + 1 end end
  return n
end

describe("dropout", function()
  it("drops a share p and scales the rest while training", function()
    local layer = nn.dropout {p = 0.25, rng = gan.rng(1, "dropout")}
    local y = layer(gan.full({4000}, 3))
    local dropped = count(y, 0)
    assert.is_true(dropped > 900 and dropped < 1100)
    assert.equal(4000 - dropped, count(y, 4))
    assert.not_same(y:to_table(), layer(gan.full({4000}, 3)):to_table())
  end)

  it("does nothing in evaluation", function()
    local layer, x = nn.dropout {}:eval(), gan.ones(3)
    assert.equal(x, layer(x))
  end)

  it("stays on in evaluation when asked to", function()
    local layer = nn.dropout {always = true, rng = gan.rng(1)}:eval()
    local y = layer(gan.ones(1000))
    local dropped = count(y, 0)
    assert.is_true(dropped > 400 and dropped < 600)
    assert.equal(1000 - dropped, count(y, 2))
    assert.equal("dropout 0.5, always", layer:describe())
    assert.matches("option 'always': expected true or false, got 1", select(2, pcall(nn.dropout, {always = 1})))
  end)

  it("sends gradients where it let values through", function()
    local x = gan.ones(100):requires_grad_()
    local y = nn.dropout {p = 0.5}(x)
    assert.same(y:to_table(), gan.grad(y:sum(), {x})[1]:to_table())
  end)

  it("has a stream that can be saved, its own unless given", function()
    local net = nn.chain {nn.dropout {}, nn.dropout {}}
    local streams = net:streams()
    local key, counter = streams["1.rng"]:state()
    assert.not_equal(key, (streams["2.rng"]:state()))
    local x = gan.ones(64)
    local y = net(x):to_table()
    local _, after = streams["1.rng"]:state()
    assert.is_true(after > counter)
    net(x)
    for name, stream in pairs(streams) do stream:load((stream:state()), name == "1.rng" and counter or 0) end
    assert.same(y, net(x):to_table())
    local shared = gan.rng(1, "shared")
    assert.equal(shared, nn.dropout {rng = shared}:streams().rng)
  end)

  it("repeats after gan.seed", function()
    local function run()
      gan.seed(9)
      return nn.dropout {}(gan.ones(50)):to_table()
    end
    assert.same(run(), run())
  end)

  it("names what is wrong", function()
    assert.matches("nn.dropout: option 'p': expected a number in %[0,1%], got 1.5",
      select(2, pcall(nn.dropout, {p = 1.5})))
    assert.matches("nn.dropout: option 'rng': expected a random stream", select(2, pcall(nn.dropout, {rng = 3})))
  end)
end)
