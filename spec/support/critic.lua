-- Small critics for tests of penalties, from either instance of the library: every layer that D may hold, and the
-- worked example.
local M = {}

--- Makes D(x) = a . tanh(W x), a = (1,-2), W = ((.5,-1),(.25,.75)), of x (N,2): D, a, W.
-- Its worked numbers are at x = (.3,-.2).
function M.worked(gan)
  local a = gan.tensor({{1}, {-2}}):requires_grad_()
  local w = gan.tensor({{0.5, -1}, {0.25, 0.75}}):requires_grad_()
  local function D(x) return gan.ops.squeeze(gan.ops.matmul(gan.ops.matmul(x, gan.ops.transpose(w)):tanh(), a), 2) end
  return D, a, w
end

--- Makes D(x) = w . x + b of x (N,2): D, w, b.
function M.linear(gan)
  local w, b = gan.tensor({{3}, {-4}}):requires_grad_(), gan.tensor({0.5}):requires_grad_()
  return function(x) return gan.ops.squeeze(gan.ops.matmul(x, w), 2) + b end, w, b
end

--- Builds a net of x (N,4,4,2) -> (N): layers of `body` between two convolutions.
-- @tparam table gan the library, float or double
-- @tparam function body  of nn, to a list of layers of 3 channels that leave the size as it is
-- @tparam[opt=1] integer seed
function M.net(gan, body, seed)
  local nn, rng = gan.nn, gan.rng(seed or 1, "critic")
  local layers = {nn.conv2d {2, 3, kernel = 1, rng = rng}}
  for _, layer in ipairs(body(nn)) do layers[#layers + 1] = layer end
  layers[#layers + 1] = nn.conv2d {3, 2, kernel = 2, stride = 2, rng = rng}
  layers[#layers + 1] = gan.tanh
  layers[#layers + 1] = nn.flatten {}
  layers[#layers + 1] = nn.linear {8, 1, rng = rng}
  layers[#layers + 1] = nn.view {}
  return nn.chain(layers)
end

-- name -> body for net: the layers that a critic may hold.
M.bodies = {
  leaky_relu = function(nn) return {nn.leaky_relu {slope = 0.2}} end,
  batch_norm = function(nn) return {nn.batch_norm {3}, nn.leaky_relu {slope = 0.2}} end,
  layer_norm = function(nn) return {nn.layer_norm {3}, nn.relu {}} end,
  instance_norm = function(nn) return {nn.instance_norm {3, affine = true}, nn.leaky_relu {slope = 0.1}} end,
  group_norm = function(nn) return {nn.group_norm {3, groups = 3}, nn.swish {}} end,
  pooled = function(nn)
    return {nn.leaky_relu {slope = 0.2}, function(x) return x:avg_pool2d {kernel = 2} end, nn.upsample {factor = 2}}
  end,
  max_pooled = function(nn)
    return {nn.tanh {}, function(x) return (x:max_pool2d {kernel = 2}) end, nn.upsample {factor = 2, mode = "bilinear"}}
  end,
  residual = function(nn)
    local inner = nn.conv2d {3, 3, kernel = 3, padding = 1, bias = false}
    return {function(x) return x + inner(x:leaky_relu(0.2)) end, nn.elu {}}
  end,
}

--- Fills every parameter of a net from a stream, so that norms' scales are not 1.
function M.stir(gan, net, seed)
  local rng = gan.rng(seed, "stir")
  for _, p in ipairs(net:params()) do gan.no_grad(function() p:add_(rng:normal(p:shape(), 0, 0.3)) end) end
  return net
end

return M
