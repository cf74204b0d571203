-- noise: its variance, training and evaluation, its stream.
local gan = require "gan"
local nn = gan.nn

describe("noise", function()
  it("adds normal numbers in training", function()
    local layer, x = nn.noise {std = 0.5, rng = gan.rng(1)}, gan.full({50, 100}, 3)
    local d = layer(x):sub(3)
    assert.near(0, d:mean():item(), 0.03)
    assert.near(0.5, d:square():mean():sqrt():item(), 0.02)
    layer.std = 0.1 -- as a schedule does
    assert.near(0.1, layer(x):sub(3):square():mean():sqrt():item(), 0.005)
    layer.std = 0
    assert.equal(x, layer(x))
  end)

  it("does nothing in evaluation, unless always", function()
    local x = gan.ones(2, 3)
    assert.equal(x, nn.noise {}:eval()(x))
    assert.not_same(x:to_table(), nn.noise {always = true}:eval()(x):to_table())
  end)

  it("lets the gradient pass", function()
    local x = gan.ones(2, 3):requires_grad_()
    assert.same({{1, 1, 1}, {1, 1, 1}}, gan.grad(nn.noise {}(x):sum(), {x})[1]:to_table())
  end)

  it("has a stream that can be saved, its own unless given", function()
    local net = nn.chain {nn.noise {}, nn.relu {}, nn.noise {}}
    local streams, x = net:streams(), gan.zeros(3, 4)
    local saved = {}
    for name, stream in pairs(streams) do saved[name] = {stream:state()} end
    assert.not_equal(saved["1.rng"][1], saved["3.rng"][1])
    local y = net(x):to_table()
    assert.not_same(y, net(x):to_table())
    for name, stream in pairs(streams) do stream:load(table.unpack(saved[name])) end
    assert.same(y, net(x):to_table())
    local shared = gan.rng(1, "shared")
    assert.equal(shared, nn.noise {rng = shared}:streams().rng)
  end)

  it("names what is wrong", function()
    assert.matches("nn.noise: option 'std': expected a number >= 0, got %-1", select(2, pcall(nn.noise, {std = -1})))
    assert.matches("option 'always'", select(2, pcall(nn.noise, {always = 1})))
    local layer = nn.noise {}
    layer.std = 0 / 0
    assert.matches("nn.noise: field 'std': expected a number >= 0, got", select(2, pcall(layer, gan.ones(1, 1))))
    assert.matches("bad argument #1 'x'", select(2, pcall(nn.noise {}, 3)))
    assert.equal("noise 0.1, always", nn.noise {always = true}:describe())
    assert.same({3}, nn.noise {}:shape {3})
  end)
end)
