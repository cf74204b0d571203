-- Orthogonal regularisation: the worked numbers, layers' layouts, wrong input.
local gan, near = require "spec.support.double", require "spec.support.near"
local nn = gan.nn

describe("orthogonal", function()
  it("gives the worked numbers", function() -- W = ((1,2),(3,4)), rows are outputs; a linear layer keeps its transpose
    local net = nn.chain {nn.linear {2, 2}}
    net[1].weight:detach():copy_(gan.tensor {{1, 3}, {2, 4}})
    local y = gan.penalty.orthogonal {beta = 1}(net)
    near(242, y)
    near({{132, 44}, {176, 88}}, gan.grad(y, {net[1].weight})[1])
    near(242e-4, gan.penalty.orthogonal()(net))
  end)

  it("sees every linear and convolution layer, outputs as rows, and no embedding", function()
    local net = nn.chain {
      nn.conv2d {2, 3, kernel = 2}, nn.conv_transpose2d {3, 2, kernel = 2}, nn.batch_norm {2},
      nn.flatten {}, nn.linear {8, 4},
    }
    local both = nn.class "both" {}
    both.net, both.embedding = net, nn.embedding {5, 4}
    local want = 0
    for i, axes in pairs {[1] = {4, 1, 2, 3}, [2] = {3, 1, 2, 4}, [5] = {2, 1}} do
      local w = net[i].weight:detach():permute(axes):flatten()
      local q = gan.matmul(w, w:transpose()):to_table()
      for r = 1, #q do for c = 1, #q do want = want + (r ~= c and q[r][c] ^ 2 or 0) end end
    end
    near(want, gan.penalty.orthogonal {beta = 1}(both))
    near(want, gan.penalty.orthogonal {beta = 1, net = both}())
    assert(gan.gradcheck(function() return gan.penalty.orthogonal {beta = 1}(both) end,
      {net[1].weight, net[2].weight, net[5].weight}))
  end)

  it("compares the filters of one group", function()
    local layer = nn.conv2d {4, 6, kernel = 2, groups = 2}
    local want = 0
    for i = 0, 1 do
      local w = layer.weight:detach():narrow(4, 3 * i + 1, 3):reshape {8, 3}
      local q = gan.matmul(w:transpose(), w):to_table()
      for r = 1, 3 do for c = 1, 3 do want = want + (r ~= c and q[r][c] ^ 2 or 0) end end
    end
    local p = gan.penalty.orthogonal {beta = 1}
    near(want, p(layer))
    assert(gan.gradcheck(function() return p(layer) end, {layer.weight}))
  end)

  it("is 0 for filters at right angles, of any length", function()
    local net = nn.chain {nn.linear {3, 2}}
    net[1].weight:detach():copy_(gan.tensor {{3, 4}, {4, -3}, {0, 0}})
    near(0, gan.penalty.orthogonal()(net))
  end)

  it("names what is wrong", function()
    local p = gan.penalty.orthogonal()
    assert.error_matches(function() p(function() end) end,
      "orthogonal: bad argument #1 'D' %(expected a net %(gan.nn%), got function")
    assert.error_matches(function() p(nn.chain {nn.relu {}}) end, "the net has no linear or convolution layer")
    assert.error_matches(function() gan.penalty.orthogonal {beta = "x"} end, "'beta'")
  end)
end)
