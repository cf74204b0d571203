-- stages: what the hidden layers of a chain make of x.
local gan = require "gan"
local double = require "spec.support.double"
local near = require "spec.support.near"

local nn = double.nn

describe("nn.stages", function()
  it("gives the output of every activation, fused with the layer before it or not", function()
    local rng = double.rng(1)
    local net = nn.chain {
      nn.linear {3, 4, rng = rng}, nn.leaky_relu {slope = 0.1}, nn.chain {nn.linear {4, 5, rng = rng}, nn.tanh {}},
      function(x) return x * 2 end, nn.linear {5, 2, rng = rng}, nn.sigmoid {}, nn.linear {2, 1, rng = rng}, nn.view {},
    }
    local x = rng:normal {6, 3}
    local a = net[1](x):leaky_relu(0.1)
    local b = net[3][1](a):tanh()
    local c = net[5](b * 2):sigmoid()
    local got = nn.stages(net, x)
    assert.equal(3, #got)
    for i, want in ipairs {a, b, c} do near(want:to_table(), got[i], 1e-12) end
    assert(double.gradcheck(function(v)
      local sum = 0
      for _, t in ipairs(nn.stages(net, v)) do sum = sum + t:square():sum() end
      return sum
    end, {x}, {order = 2}))
  end)

  it("gives the output of every block", function()
    local D = gan.model.sngan_resnet.discriminator {size = 32, channels = 1, ndf = 2}:eval()
    local x = gan.rng(1):uniform({2, 32, 32, 1}, -1, 1)
    local shapes = {}
    for i, t in ipairs(gan.nn.stages(D, x)) do shapes[i] = t:shape() end
    assert.same({{2, 16, 16, 2}, {2, 8, 8, 2}, {2, 8, 8, 2}, {2, 8, 8, 2}, {2, 8, 8, 2}}, shapes) -- and the last relu
  end)

  it("goes through labels and normalised weights as the net does, and leaves logits out", function()
    local y = gan.tensor({0, 2}, "i32")
    local x = gan.rng(1):uniform({2, 16, 16, 3}, -1, 1)
    for _, conditioning in ipairs {"concat", "projection", "acgan"} do
      local D = gan.model.dcgan.discriminator {
        size = 16, ndf = 2, classes = 3, conditioning = conditioning, norm = "spectral",
      }:eval()
      local got = gan.nn.stages(D, x, y)
      assert.same({{2, 8, 8, 2}, {2, 4, 4, 4}}, {got[1]:shape(), got[2]:shape()})
      assert.equal(2, #got, conditioning)
    end
  end)

  it("names what is wrong", function()
    assert.error_matches(function() nn.stages(nn.linear {2, 3}, double.zeros(1, 2)) end,
      "nn.stages: bad argument #1 'net' %(expected a chain %(gan.nn.chain%), got")
    assert.error_matches(function() nn.stages(nn.chain {nn.linear {2, 3}}, double.zeros(1, 2)) end,
      "nn.stages: the net has no activation and no residual block")
  end)
end)
