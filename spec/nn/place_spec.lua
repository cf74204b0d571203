-- A layer's place in error messages: read off the nets that were built around it.
local gan = require "gan"
local nn = gan.nn

-- What an error of the layer says of its place; nil if it says nothing.
local function place(layer)
  local ok, err = pcall(layer, "no tensor")
  assert.is_false(ok)
  return err:match "nn.linear %(layer (.-)%): bad argument" or err:match "nn.linear: bad argument" and nil
end

local function linear() return nn.linear {2, 2} end

describe("place", function()
  it("is the chain's name and the layer's number", function()
    local layer = linear()
    assert.is_nil(place(layer))
    local net = nn.chain {name = "D", nn.relu {}, layer}
    assert.equal("D.2", place(layer))
    assert.equal("D.2", place(net[2]))
    local unnamed = nn.chain {linear()}
    assert.equal("1", place(unnamed[1]))
  end)

  it("begins at the outermost chain, and names the ones inside", function()
    local layer = linear()
    local body = nn.chain {name = "body", nn.relu {}, layer}
    assert.equal("body.2", place(layer))
    local net = nn.chain {name = "D", nn.relu {}, body}
    assert.equal("D.2.body.2", place(layer))
    local outer = nn.chain {net, nn.sigmoid {}}
    assert.equal("1.D.2.body.2", place(outer[1][2][2]))
  end)

  it("has the fields of a class of one's own, and its lists", function()
    local fork = nn.class "fork"
    function fork:init() self.left, self.list, self.me = linear(), {linear(), inner = nn.chain {linear()}}, self end
    local layer = fork()
    assert.is_nil(place(layer.left))
    assert.equal("1", place(layer.list.inner[1]))
    local net = nn.chain {name = "G", nn.relu {}, layer}
    assert.equal("G.2.left", place(layer.left))
    assert.equal("G.2.list.1", place(layer.list[1]))
    assert.equal("G.2.list.inner.1", place(net[2].list.inner[1]))
  end)

  it("of a layer that nets share is in all of them", function()
    local shared = nn.chain {linear()}
    local d, q = nn.chain {name = "D", shared, linear()}, nn.chain {name = "Q", nn.relu {}, shared}
    assert.equal("D.1.1 or Q.2.1", place(shared[1]))
    assert.equal("D.2", place(d[2]))
    assert.equal(q[2], d[1])
    local twice = linear()
    local net = nn.chain {name = "G", nn.relu {}, twice, twice}
    assert.equal("G.2", place(net[3])) -- its name in names(), too
  end)

  it("is that of now when layers were moved, added or taken out", function()
    local a, b, c = linear(), linear(), linear()
    local net = nn.chain {name = "D", a, b}
    table.insert(net, 1, c) -- after the net was built: unknown
    assert.is_nil(place(c))
    assert.equal("D.2", place(a))
    assert.equal("D.3", place(b))
    table.remove(net, 3)
    assert.is_nil(place(b))
    local again = nn.chain {name = "E", net}
    assert.equal("E.1.D.1", place(c))
    assert.equal("E.1.D.2", place(again[1][2]))
  end)

  it("does not keep a net alive", function()
    local layer, seen = linear(), setmetatable({}, {__mode = "k"})
    seen[nn.chain {name = "D", layer}] = true
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(seen))
    assert.is_nil(place(layer))
  end)
end)
