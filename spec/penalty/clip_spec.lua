-- Weight clipping.
local gan = require "spec.support.double"

describe("clip", function()
  it("brings all parameters of a net, or a list, into the limits, in place", function()
    local net = gan.nn.chain {gan.nn.linear {2, 2}, gan.nn.batch_norm {2}}
    net[1].weight:detach():copy_(gan.tensor {{1, -1}, {0.005, -0.005}})
    assert.is_nil(gan.penalty.clip {}(net))
    assert.same({{0.01, -0.01}, {0.005, -0.005}}, net[1].weight:to_table())
    assert.same({0.01, 0.01}, net[2].gamma:to_table())
    assert.same({1, 1}, net[2].running_var:to_table()) -- no parameter
    gan.penalty.clip {limit = 0.001}({net[1].weight})
    assert.same({{0.001, -0.001}, {0.001, -0.001}}, net[1].weight:to_table())
  end)

  it("tells the tape that it wrote", function()
    local net = gan.nn.chain {gan.nn.linear {2, 1}}
    local x = gan.ones(1, 2):requires_grad_()
    local y = net(x):sum()
    gan.penalty.clip()(net)
    assert.error_matches(function() gan.grad(y, {x}) end, "changed in place")
  end)

  it("names what is wrong", function()
    assert.error_matches(function() gan.penalty.clip {limit = 0} end, "clip: option 'limit': expected a number > 0")
    assert.error_matches(function() gan.penalty.clip()(7) end, "a net with parameters or a list of tensors, got 7")
    assert.error_matches(function() gan.penalty.clip()({3}) end, "params%[1%]")
  end)
end)
