--- Provides the normalisations over batch, sample, channel or group, and dropout.
--
-- Channels are the last axis; variances are biased. A slope, where it is given, is that of a (leaky) relu which is
-- applied to the result in the same pass. The statistics that are returned are plain tensors, without a gradient.
-- @module gan.ops.norm
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local random = require "gan.random"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"
local shape_ops = require "gan.ops.shape"

local op = autograd.op
local mul, add = pointwise.mul, pointwise.add
local M = {}

-- x with mean 0 and variance 1 over the axes.
local function standardise(x, axes, eps)
  local d = pointwise.sub(x, reduce.mean(x, axes, {keepdim = true}))
  local v = reduce.mean(mul(d, d), axes, {keepdim = true})
  return mul(d, pointwise.pow(add(v, eps), -0.5))
end

local function affine(y, gamma, beta)
  if gamma then y = mul(y, gamma) end
  if beta then y = add(y, beta) end
  return y
end

local function range(a, b)
  local out = {}
  for i = a, b do out[#out + 1] = i end
  return out
end

local function cases(s)
  return {
    {s:randn(4, 3), s:randn(3), s:randn(3), 1e-2}, {s:randn(2, 3, 2, 4), s:randn(4), nil, 1e-2},
    {s:randn(3, 2, 2, 2), nil, s:randn(2), 1e-2}, {s:randn(3, 2, 2)},
    {s:randn(4, 3), s:randn(3), s:randn(3), 1e-2, 0.2}, {s:randn(2, 2, 2, 2), s:randn(2), nil, 1e-2, 0},
  }
end
local function bad(s)
  return {
    {s:randn(3), match = "at least 2 dimensions"},
    {s:randn(2, 3), s:randn(2), match = "'gamma' (expected (3) to match the channels of x, got (2))"},
    {s:randn(2, 3), nil, s:randn(3, 1), match = "'beta'"}, {s:randn(0, 3), match = "at least one element"},
    {s:randn(2, 3), nil, nil, -1, match = "eps"}, {s:randn(2, 3), nil, nil, 0 / 0, match = "eps"},
    {s:randn(2, 3), nil, nil, 1, 2, match = "slope"}, {nil, match = "real tensor"},
  }
end

-- The activation that follows, in the same pass: x where positive, slope * x elsewhere.
local function rectified(y, slope)
  return slope and pointwise.leaky_relu(y, slope) or y
end

-- The gradient of a norm's result in x as an op of its own, for penalties on gradients: dx(dy, x, gamma, beta, eps,
-- slope, groups, mean, var). mean and var are what the norm returned; where they are missing they are computed anew.
-- moments(x, eps, groups) -> _, mean, var.
-- to_rows(x, groups): x, and whatever has its shape, as the statistics see it, and the axes that they run over.
local function norm_dx(name, moments, to_rows, group_cases)
  local twice = core[name .. "_grad2"]
  M[name .. "_dx"] = op {name = name .. "_dx", method = false, forward = core[name .. "_dx"],
    compose = function(dy, x, gamma, beta, eps, slope, groups)
      local rows, axes = to_rows(x, groups)
      local keep = {keepdim = true}
      local d = pointwise.sub(rows, reduce.mean(rows, axes, keep))
      local s = pointwise.pow(add(reduce.mean(mul(d, d), axes, keep), eps), -0.5)
      local n = mul(d, s)
      if slope then
        local y = affine(shape_ops.reshape(n, core.shape(x)), gamma, beta)
        dy = pointwise.leaky_relu_dx(dy, y, slope)
      end
      local t = to_rows(gamma and mul(dy, gamma) or dy, groups)
      local centred = pointwise.sub(t, reduce.mean(t, axes, keep))
      local dx = mul(s, pointwise.sub(centred, mul(n, reduce.mean(mul(t, n), axes, keep))))
      return shape_ops.reshape(dx, core.shape(x))
    end,
    grad = function(h, _, need, dy, x, gamma, beta, eps, slope, groups, mean, var)
      if not mean then mean, var = select(2, moments(x, eps, groups)) end
      local o = {eps = eps, slope = slope, groups = groups, ddy = need[1], dx = need[2], dgamma = need[3]}
      return twice(h, dy, x, mean, var, gamma, beta, o)
    end,
    cases = function(s)
      local list = {}
      for i, c in ipairs(group_cases and group_cases(s) or cases(s)) do
        local x, gamma, beta, eps, slope, groups = table.unpack(c, 1, 6)
        local dy = s:randn(table.unpack(core.shape(x)))
        list[i] = {dy, x, gamma, beta, eps or 1e-2, slope, groups, wrt = gamma and {1, 2, 3} or {1, 2}}
      end
      return list
    end,
    bad = function(s)
      local groups = group_cases and 1 or nil
      return {
        {s:randn(2, 2), s:randn(2, 3), nil, nil, 1, nil, groups, match = "'dy'"},
        {s:randn(2, 3), s:randn(2, 3), s:randn(2), nil, 1, nil, groups, match = "'gamma'"},
        {s:randn(3), s:randn(3), nil, nil, 1, nil, groups, match = "at least 2 dimensions"},
        {s:randn(2, 3), s:randn(2, 3), nil, nil, -1, nil, groups, match = "#5 'eps'"},
        {s:randn(2, 3), s:randn(2, 3), nil, nil, 1, 2, groups, match = "#6 'slope'"},
        {s:randn(2, 3), s:randn(2, 3), nil, nil, 1, nil, groups, s:randn(7), s:randn(7), match = "#8 'mean'"},
        {s:randn(2, 3), s:randn(2, 3), nil, nil, 1, nil, groups, nil, s:randn(7), match = "#8 'mean'"},
        {nil, s:randn(2, 3), nil, nil, 1, nil, groups, match = "real tensor"},
      }
    end}
  return M[name .. "_dx"]
end

-- axes(nd): what the statistics run over.
local function norm(name, default_eps, axes)
  local forward, backward = core[name], core[name .. "_grad"]
  local function moments(x, eps) return forward(x, nil, nil, eps) end
  local dx = norm_dx(name, moments, function(x) return x, axes(core.dim(x)) end)
  M[name] = op {name = name, cases = cases, bad = bad,
    forward = function(x, gamma, beta, eps, slope) return forward(x, gamma, beta, eps or default_eps, slope) end,
    compose = function(x, gamma, beta, eps, slope)
      return rectified(affine(standardise(x, axes(core.dim(x)), eps or default_eps), gamma, beta), slope)
    end,
    grad = function(g, ctx, need, x, gamma, beta, eps, slope)
      local o = {eps = eps or default_eps, slope = slope, dx = need[1], dgamma = need[2], dbeta = need[3]}
      return backward(g, x, ctx.aux[1], ctx.aux[2], gamma, beta, o)
    end,
    again = function(g, ctx, need, x, gamma, beta, eps, slope)
      if need[2] or need[3] then return end
      return dx(g, x, gamma, beta, eps or default_eps, slope, nil, ctx.aux[1], ctx.aux[2])
    end}
end

--- Returns the gradient of batch_norm in x, itself differentiable.
-- @function gan.batch_norm_dx
-- @tparam Tensor dy  the gradient of batch_norm's result, x's shape
-- @tparam Tensor x  (N,...,C)
-- @tparam[opt] Tensor gamma  (C)
-- @tparam[opt] Tensor beta  (C), read where there is a slope
-- @tparam number eps  as it was given
-- @tparam[opt] number slope  as it was given
-- @tparam[opt] integer groups  of group_norm
-- @tparam[opt] Tensor mean  (C), as batch_norm returned it; default: computed anew
-- @tparam[opt] Tensor var  (C), likewise
-- @treturn Tensor  x's shape
-- @raise if a shape does not fit

--- Normalises each channel over all axes but the last.
-- With one value per channel the result is beta. Source: Ioffe & Szegedy 2015, arXiv:1502.03167, alg. 1.
-- @function gan.batch_norm
-- @tparam Tensor x  (N,...,C)
-- @tparam[opt] Tensor gamma  (C), multiplies; default: ones
-- @tparam[opt] Tensor beta  (C), is added; default: zeros
-- @tparam[opt=1e-5] number eps  added to the variance, >= 0
-- @tparam[opt] number slope  of the relu behind, in [0,1]; default: none
-- @treturn Tensor  x's shape
-- @treturn Tensor  (C), the mean
-- @treturn Tensor  (C), the variance
-- @raise if x has fewer than 2 dimensions or no element, a shape does not fit, or a number is out of range
norm("batch_norm", 1e-5, function(nd) return range(1, nd - 1) end)

--- Returns the gradient of layer_norm in x, itself differentiable.
-- @function gan.layer_norm_dx
-- @tparam Tensor dy  the gradient of layer_norm's result, x's shape
-- @tparam Tensor x  (N,...,C)
-- @tparam[opt] Tensor gamma  (C)
-- @tparam[opt] Tensor beta  (C), read where there is a slope
-- @tparam number eps  as it was given
-- @tparam[opt] number slope  as it was given
-- @tparam[opt] integer groups  of group_norm
-- @tparam[opt] Tensor mean  (N), as layer_norm returned it; default: computed anew
-- @tparam[opt] Tensor var  (N), likewise
-- @treturn Tensor  x's shape
-- @raise if a shape does not fit

--- Normalises each sample over everything; gamma and beta are per channel.
-- Source: Ba et al. 2016, arXiv:1607.06450, as in critics of WGAN-GP (arXiv:1704.00028).
-- @function gan.layer_norm
-- @tparam Tensor x  (N,...,C)
-- @tparam[opt] Tensor gamma  (C), multiplies; default: ones
-- @tparam[opt] Tensor beta  (C), is added; default: zeros
-- @tparam[opt=1e-5] number eps  added to the variance, >= 0
-- @tparam[opt] number slope  of the relu behind, in [0,1]; default: none
-- @treturn Tensor  x's shape
-- @treturn Tensor  (N), the means
-- @treturn Tensor  (N), the variances
-- @raise if x has fewer than 2 dimensions or no element, a shape does not fit, or a number is out of range
norm("layer_norm", 1e-5, function(nd) return range(2, nd) end)

--- Returns the gradient of instance_norm in x, itself differentiable.
-- @function gan.instance_norm_dx
-- @tparam Tensor dy  the gradient of instance_norm's result, x's shape
-- @tparam Tensor x  (N,...,C)
-- @tparam[opt] Tensor gamma  (C)
-- @tparam[opt] Tensor beta  (C), read where there is a slope
-- @tparam number eps  as it was given
-- @tparam[opt] number slope  as it was given
-- @tparam[opt] integer groups  of group_norm
-- @tparam[opt] Tensor mean  (N,C), as instance_norm returned it; default: computed anew
-- @tparam[opt] Tensor var  (N,C), likewise
-- @treturn Tensor  x's shape
-- @raise if a shape does not fit

--- Normalises each channel of each sample.
-- Source: Ulyanov et al. 2016, arXiv:1607.08022.
-- @function gan.instance_norm
-- @tparam Tensor x  (N,...,C)
-- @tparam[opt] Tensor gamma  (C), multiplies; default: ones
-- @tparam[opt] Tensor beta  (C), is added; default: zeros
-- @tparam[opt=1e-5] number eps  added to the variance, >= 0
-- @tparam[opt] number slope  of the relu behind, in [0,1]; default: none
-- @treturn Tensor  x's shape
-- @treturn Tensor  (N,C), the means
-- @treturn Tensor  (N,C), the variances
-- @raise if x has fewer than 2 dimensions or no element, a shape does not fit, or a number is out of range
norm("instance_norm", 1e-5, function(nd) return range(2, nd - 1) end)

local function split_groups(x, groups)
  local shape = core.shape(x)
  return shape_ops.reshape(x, {shape[1], -1, groups, shape[#shape] // groups}), {2, 4}
end

--- Returns the gradient of group_norm in x, itself differentiable.
-- @function gan.group_norm_dx
-- @tparam Tensor dy  the gradient of group_norm's result, x's shape
-- @tparam Tensor x  (N,...,C)
-- @tparam[opt] Tensor gamma  (C)
-- @tparam[opt] Tensor beta  (C), read where there is a slope
-- @tparam number eps  as it was given
-- @tparam[opt] number slope  as it was given
-- @tparam[opt] integer groups  of group_norm
-- @tparam[opt] Tensor mean  (N,groups), as group_norm returned it; default: computed anew
-- @tparam[opt] Tensor var  (N,groups), likewise
-- @treturn Tensor  x's shape
-- @raise if a shape does not fit

local function group_moments(x, eps, groups) return core.group_norm(x, groups, nil, nil, eps) end
local group_norm_dx = norm_dx("group_norm", group_moments, split_groups, function(s)
  return {{s:randn(2, 2, 2, 4), s:randn(4), s:randn(4), 1e-2, nil, 2}, {s:randn(3, 6), nil, nil, 1e-2, nil, 2}}
end)

--- Normalises each group of neighbouring channels of each sample.
-- Source: Wu & He 2018, arXiv:1803.08494.
-- @function gan.group_norm
-- @tparam Tensor x  (N,...,C)
-- @tparam integer groups  divides C
-- @tparam[opt] Tensor gamma  (C), multiplies; default: ones
-- @tparam[opt] Tensor beta  (C), is added; default: zeros
-- @tparam[opt=1e-5] number eps  added to the variance, >= 0
-- @treturn Tensor  x's shape
-- @treturn Tensor  (N,groups), the means
-- @treturn Tensor  (N,groups), the variances
-- @raise if x has fewer than 2 dimensions or no element, the groups do not divide C, or a shape does not fit
M.group_norm = op {name = "group_norm",
  forward = function(x, groups, gamma, beta, eps) return core.group_norm(x, groups, gamma, beta, eps or 1e-5) end,
  compose = function(x, groups, gamma, beta, eps)
    local split, axes = split_groups(x, groups)
    return affine(shape_ops.reshape(standardise(split, axes, eps or 1e-5), core.shape(x)), gamma, beta)
  end,
  again = function(g, ctx, need, x, groups, gamma, beta, eps)
    if need[3] or need[4] then return end
    return group_norm_dx(g, x, gamma, beta, eps or 1e-5, nil, groups, ctx.aux[1], ctx.aux[2])
  end,
  grad = function(g, ctx, need, x, groups, gamma, _, eps)
    local o = {eps = eps or 1e-5, groups = groups, dx = need[1], dgamma = need[3], dbeta = need[4]}
    local dx, dgamma, dbeta = core.group_norm_grad(g, x, ctx.aux[1], ctx.aux[2], gamma, nil, o)
    return dx, nil, dgamma, dbeta
  end,
  cases = function(s)
    return {
      {s:randn(2, 2, 2, 4), 2, s:randn(4), s:randn(4), 1e-2}, {s:randn(3, 6), 2, nil, s:randn(6), 1e-2},
      {s:randn(2, 3, 2), 1, s:randn(2)},
    }
  end,
  bad = function(s)
    return {{s:randn(2, 3), 2, match = "cannot be split into 2 groups"}, {s:randn(2, 3), 0, match = "groups"},
      {s:randn(2, 4), 2, s:randn(2), match = "#3 'gamma'"}, {s:randn(2, 3), match = "groups"}}
  end}

--- Normalises each channel with given statistics, such as running averages.
-- @function gan.batch_norm_eval
-- @tparam Tensor x  (N,...,C)
-- @tparam[opt] Tensor gamma  (C), multiplies
-- @tparam[opt] Tensor beta  (C), is added
-- @tparam Tensor mean  (C)
-- @tparam Tensor var  (C)
-- @tparam[opt=1e-5] number eps  added to the variance, >= 0
-- @tparam[opt] number slope  of the relu behind, in [0,1]; default: none
-- @treturn Tensor  x's shape
-- @raise if x has fewer than 2 dimensions or no element, a shape does not fit, or a number is out of range
M.batch_norm_eval = op {name = "batch_norm_eval",
  forward = function(x, gamma, beta, mean, var, eps, slope)
    return core.batch_norm_eval(x, gamma, beta, mean, var, eps or 1e-5, slope)
  end,
  compose = function(x, gamma, beta, mean, var, eps, slope)
    local y = mul(pointwise.sub(x, mean), pointwise.pow(add(var, eps or 1e-5), -0.5))
    return rectified(affine(y, gamma, beta), slope)
  end,
  cases = function(s)
    return {
      {s:randn(4, 3), s:randn(3), s:randn(3), s:randn(3), s:uniform(0.5, 2, 3)},
      {s:randn(2, 3, 2), nil, nil, s:randn(2), s:uniform(0.5, 2, 2), 1e-2},
      {s:randn(4, 3), s:randn(3), s:randn(3), s:randn(3), s:uniform(0.5, 2, 3), 1e-2, 0.2},
    }
  end,
  bad = function(s)
    return {
      {s:randn(2, 3), nil, nil, s:randn(2), s:randn(3), match = "#4 'mean'"},
      {s:randn(2, 3), nil, nil, s:randn(3), nil, match = "#5 'var'"},
      {s:randn(3), nil, nil, s:randn(3), s:randn(3), match = "at least 2 dimensions"},
    }
  end}

-- (N,C) beside x (N,...,C): sizes 1 between.
local function beside(rows, x)
  local s, nd = core.shape(rows), core.dim(x)
  local out = {s[1]}
  for i = 2, nd - 1 do out[i] = 1 end
  out[nd] = s[2]
  return shape_ops.reshape(rows, out)
end

local function conditional_bad(s)
  return {
    {s:randn(3), s:randn(3, 3), s:randn(3, 3), match = "at least 2 dimensions"},
    {s:randn(2, 3), s:randn(2, 2), s:randn(2, 3), match = "'gamma' (expected (2,3)"},
    {s:randn(2, 3), s:randn(2, 3), s:randn(3),
      match = "'beta' (expected (2,3) to match batch and channels of x, got (3))"},
    {s:randn(2, 3), nil, s:randn(2, 3), match = "'gamma'"},
    {s:randn(2, 3), s:randn(2, 3), s:randn(2, 3), -1, match = "eps"},
    {s:randn(2, 3), s:randn(2, 3), s:randn(2, 3), 1, 2, match = "slope"}, {nil, match = "real tensor"},
  }
end

--- Normalises each channel over all axes but the last, with a gamma and a beta for each element of the batch.
-- Source: de Vries et al. 2017, arXiv:1707.00683, eq. 4.
-- @function gan.conditional_batch_norm
-- @tparam Tensor x  (N,...,C)
-- @tparam Tensor gamma  (N,C), multiplies
-- @tparam Tensor beta  (N,C), is added
-- @tparam[opt=1e-5] number eps  added to the variance, >= 0
-- @tparam[opt] number slope  of the relu behind, in [0,1]; default: none
-- @treturn Tensor  x's shape
-- @treturn Tensor  (C), the mean
-- @treturn Tensor  (C), the variance
-- @raise if x has fewer than 2 dimensions or no element, a shape does not fit, or a number is out of range
M.conditional_batch_norm = op {name = "conditional_batch_norm",
  forward = function(x, gamma, beta, eps, slope)
    return core.conditional_batch_norm(x, gamma, beta, eps or 1e-5, slope)
  end,
  compose = function(x, gamma, beta, eps, slope)
    local y = standardise(x, range(1, core.dim(x) - 1), eps or 1e-5)
    return rectified(affine(y, beside(gamma, x), beside(beta, x)), slope)
  end,
  grad = function(g, ctx, need, x, gamma, beta, eps, slope)
    local o = {eps = eps or 1e-5, slope = slope, dx = need[1], dgamma = need[2], dbeta = need[3]}
    return core.conditional_batch_norm_grad(g, x, ctx.aux[1], ctx.aux[2], gamma, beta, o)
  end,
  cases = function(s)
    return {
      {s:randn(4, 3), s:randn(4, 3), s:randn(4, 3), 1e-2}, {s:randn(2, 3, 2, 4), s:randn(2, 4), s:randn(2, 4), 1e-2},
      {s:randn(3, 2, 2, 2), s:randn(3, 2), s:randn(3, 2), 1e-2, 0.2},
    }
  end,
  bad = conditional_bad}

--- Normalises each channel with given statistics, and a gamma and a beta for each element of the batch.
-- @function gan.conditional_batch_norm_eval
-- @tparam Tensor x  (N,...,C)
-- @tparam Tensor gamma  (N,C), multiplies
-- @tparam Tensor beta  (N,C), is added
-- @tparam Tensor mean  (C)
-- @tparam Tensor var  (C)
-- @tparam[opt=1e-5] number eps  added to the variance, >= 0
-- @tparam[opt] number slope  of the relu behind, in [0,1]; default: none
-- @treturn Tensor  x's shape
-- @raise if x has fewer than 2 dimensions or no element, a shape does not fit, or a number is out of range
M.conditional_batch_norm_eval = op {name = "conditional_batch_norm_eval",
  forward = function(x, gamma, beta, mean, var, eps, slope)
    return core.conditional_batch_norm_eval(x, gamma, beta, mean, var, eps or 1e-5, slope)
  end,
  compose = function(x, gamma, beta, mean, var, eps, slope)
    local y = mul(pointwise.sub(x, mean), pointwise.pow(add(var, eps or 1e-5), -0.5))
    return rectified(affine(y, beside(gamma, x), beside(beta, x)), slope)
  end,
  cases = function(s)
    return {{s:randn(4, 3), s:randn(4, 3), s:randn(4, 3), s:randn(3), s:uniform(0.5, 2, 3)},
      {s:randn(2, 3, 2), s:randn(2, 2), s:randn(2, 2), s:randn(2), s:uniform(0.5, 2, 2), 1e-2, 0.2}}
  end,
  bad = function(s)
    return {{s:randn(2, 3), s:randn(2, 3), s:randn(2, 3), s:randn(2), s:randn(3), match = "'mean' (expected (3)"},
      {s:randn(2, 3), s:randn(2, 3), s:randn(2, 3), nil, s:randn(3), match = "#4 'mean'"},
      {s:randn(2, 3), s:randn(2, 3), s:randn(2, 3), s:randn(3), nil, match = "#5 'var'"}}
  end}

--- Divides the channels at each position by their root mean square.
-- Source: Karras et al. 2018, arXiv:1710.10196, sec. 4.2.
-- @function gan.pixel_norm
-- @tparam Tensor x  (...,C), at least one channel
-- @tparam[opt=1e-8] number eps  added to the mean square, >= 0
-- @treturn Tensor  x's shape
-- @raise if x has no channel, or eps is negative
M.pixel_norm = op {name = "pixel_norm",
  forward = function(x, eps) return core.pixel_norm(x, eps or 1e-8) end,
  compose = function(x, eps)
    return mul(x, pointwise.pow(add(reduce.mean(mul(x, x), -1, {keepdim = true}), eps or 1e-8), -0.5))
  end,
  grad = function(g, _, _, x, eps) return core.pixel_norm_grad(g, x, eps or 1e-8) end,
  cases = function(s) return {{s:randn(2, 3), 1e-2}, {s:randn(2, 2, 9)}, {s:randn(4), 0.1}} end,
  bad = function(s)
    return {{s:randn(), match = "at least one channel"}, {s:randn(2), -1, match = "eps"}, {nil, match = "real tensor"}}
  end}

--- Makes each element 0 with probability p, else x / (1 - p). Draws from the stream at every call.
-- Source: Srivastava et al. 2014, JMLR 15.  Differs: inverted, so the mean stays.
-- @function gan.dropout
-- @tparam Tensor x  any shape
-- @tparam[opt=0.5] number p  probability of a zero, in [0,1]
-- @tparam[opt] Stream rng  default: gan's default stream
-- @treturn Tensor  x's shape
-- @treturn Tensor  x's shape, the mask: 0 or 1 / (1 - p)
-- @raise if p is out of range, or rng is no stream
M.dropout = op {name = "dropout", reads = {},
  forward = function(x, p, rng)
    return core.dropout(x, check.number("dropout", 2, "p", p or 0.5, 0, 1), rng or random.default())
  end,
  cases = function(s) return {{s:randn(2, 3), 0, s.rng}, {s:randn(2, 3), 1, s.rng}} end, -- others vary
  bad = function(s)
    return {{s:randn(2), 1.5, match = "'p'"}, {s:randn(2), 0.5, 7, match = "'rng'"}, {nil, match = "real tensor"}}
  end,
  grad = {function(g, ctx) return mul(g, ctx.aux[1]) end}}

return M
