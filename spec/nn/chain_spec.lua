-- chain: order, y, shapes checked at construction, errors.
local gan = require "gan"
local double = require "spec.support.double"
local nn = gan.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("chain", function()
  it("calls its layers in order, each with y", function()
    local shift = nn.class "shift"
    function shift.forward(_, x, y) return x * 2 + y end
    local net = nn.chain {shift(), function(x, y) return x + y * 10 end, nn.chain {shift()}}
    assert.equal((((1 * 2 + 3) + 30) * 2 + 3), net(gan.tensor(1), gan.tensor(3)):item())
    assert.equal(1, nn.chain {}(gan.tensor(1)):item())
  end)

  it("returns all that its last layer returns, and gives on the first result of the others", function()
    local two = nn.class "two"
    function two.forward(_, x, y) return x + 1, y, nil, x end
    local net = nn.chain {two(), nn.chain {function(x, y) return x * 2, y end}, two()}
    local out = table.pack(net(gan.tensor(1), gan.tensor(7)))
    assert.equal(4, out.n)
    assert.equal(5, out[1]:item())
    assert.equal(7, out[2]:item())
    assert.is_nil(out[3])
    assert.equal(4, out[4]:item())
  end)

  it("knows the shape of its result", function()
    local net = nn.chain {
      nn.view {2, 2, 3}, nn.conv_transpose2d {3, 5, kernel = 4, stride = 2, padding = 1}, nn.flatten {},
    }
    assert.same({80}, net:shape {12})
    assert.same({7, 80}, net(gan.zeros(7, 12)):shape())
    assert.matches("%(4,4,5%)", tostring(net)) -- remembered
    assert.is_nil(nn.chain {nn.relu {}, gan.tanh, nn.relu {}}:shape {3})
  end)

  it("checks at construction that layers fit", function()
    local err = message(function()
      local net = nn.chain {name = "G", input = {2, 2, 8}, nn.relu {}, nn.linear {9, 1}}
      return net
    end)
    assert.matches("chain_spec.lua:%d+: nn.linear %(layer G.2%): expected input %(...,9%), got %(2,2,8%)", err)
    assert.matches("the kernel 5x5 %(with dilation%) is larger than the padded input %(4,4%)",
      message(nn.chain, {input = {4, 4, 1}, nn.conv2d {1, 1, kernel = 5}}))
  end)

  it("names bad entries", function()
    assert.matches("nn.chain: layer 2: expected a layer or a function, got nil",
      message(nn.chain, {nn.relu {}, nil, nn.relu {}}))
    assert.matches("nn.chain: layer 1: expected a layer or a function, got string 'relu'", message(nn.chain, {"relu"}))
    assert.matches("layer 2: expected a layer or a function, got real tensor",
      message(nn.chain, {nn.relu {}, gan.zeros(1)}))
    assert.matches("nn.chain: unknown option 'nmae' %(did you mean 'name'%?%)", message(nn.chain, {nmae = "G"}))
    assert.matches("option 'input': expected a list of sizes", message(nn.chain, {input = 3}))
    assert.matches("option 'input%[2%]': expected an integer", message(nn.chain, {input = {3, -1}}))
    assert.matches("option 'name': expected a string", message(nn.chain, {name = 3}))
    assert.matches("expected a table of layers, got 3", message(nn.chain, 3))
    assert.matches("expected a table of layers, got a layer: write nn.chain {...}, with braces",
      message(nn.chain, nn.relu {}, nn.relu {}))
    assert.matches("nn.chain: layer 2 is the class nn.relu: write nn.relu {...}",
      message(nn.chain, {nn.tanh {}, nn.relu}), 1, true)
    assert.matches("expected a layer or a function", message(nn.chain, {[1000000000] = nn.relu {}}))
  end)

  it("names a layer that returns nothing", function()
    local silent = nn.class "nn.silent"
    function silent.forward() end
    local x = gan.zeros(1, 2)
    assert.matches("chain_spec.lua:%d+: nn.chain: layer 2 %(nn.silent%) returned nothing",
      message(function()
        local y = nn.chain {nn.relu {}, silent(), nn.relu {}}(x)
        return y
      end))
    assert.matches("nn.chain: layer 1 %(a function%) returned nothing",
      message(nn.chain {function() end, nn.relu {}}, x))
    assert.matches("nn.chain %(layer G.1%): layer 1 %(nn.silent%) returned nothing",
      message(nn.chain {name = "G", nn.chain {silent()}, nn.relu {}}, x))
  end)

  it("has gradients to order 2 in all its parameters", function()
    local d = double
    local rng = d.rng(5, "chain")
    local net = d.nn.chain {
      d.nn.linear {3, 8, rng = rng}, d.nn.tanh {}, d.nn.view {2, 2, 2},
      d.nn.conv_transpose2d {2, 3, kernel = 3, stride = 2, padding = 1, rng = rng}, d.nn.batch_norm {3},
      d.nn.softplus {},
      d.nn.conv2d {3, 2, kernel = 2, rng = rng}, d.nn.layer_norm {2}, d.nn.flatten {},
      d.nn.linear {8, 1, bias = false, rng = rng},
    }
    local x = rng:normal {4, 3}
    local params = net:params()
    local function f(xx) return net(xx) end
    assert(d.gradcheck(f, {x, table.unpack(params)}, {order = 2}))
  end)
end)
