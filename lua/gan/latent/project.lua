--- Finds the latent vector of a given picture: gradient descent on z, from several starts at once.
-- @module gan.latent.project
local autograd = require "gan.autograd"
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"

local option = check.option
local NAME = "latent.project"

local BATCH = 64 -- candidates at a time
local LEVELS = 127.5 -- of 0..255, for a unit of [-1,1]
local UP, DOWN = 0.05, 0.25 -- parts of the steps in which the step size grows, and falls
local RENEWED = 0.75 -- part of the steps after which far coordinates are drawn anew
local RECOVERED, AWAY = 1, 5 -- levels

-- The step size's factor at step k of n, both from 0: it grows, stays, falls as a cosine.
-- Source: Karras et al. 2020, arXiv:1912.04958, app. D.  Differs: the first step moves.
local function ramp(k, n)
  local r = math.min(1, (1 - k / n) / DOWN)
  return (0.5 - 0.5 * math.cos(math.pi * r)) * math.min(1, (k + 1) / n / UP)
end

-- Means over all axes but the first: (N).
local function row_means(x)
  local n = core.size(x, 1)
  return ops.mean(ops.reshape(x, {n, core.numel(x) // n}), 2)
end


-- Losses (N) of latent vectors, and the pictures. target: `image` (1,...), `seen`, a list of tensors (1,...).
local function measure(o, target, z)
  local n = core.size(z, 1)
  local images = o.generator(z)
  if not core.is_tensor(images) or core.size(images, 1) ~= n or core.numel(images) ~= n * core.numel(target.image) then
    return check.fail(NAME, "option 'generator': expected images as the given one %s, got %s",
      check.shape_string(core.shape(target.image)), check.found(images))
  end
  local pixels = row_means(ops.square(ops.sub(images, target.image)))
  local loss = pixels
  if o.features and o.feature_weight > 0 then
    local seen, sum = o.features(images), nil
    for l, f in ipairs(seen) do
      local term = ops.div(row_means(ops.square(ops.sub(f, target.seen[l]))), o.variances and o.variances[l] or 1)
      sum = sum and ops.add(sum, term) or term
    end
    loss = ops.add(loss, ops.mul(sum, o.feature_weight / #seen))
  end
  if o.prior > 0 then
    local square = row_means(ops.square(z))
    if o.shell then square = ops.square(ops.sub(square, 1)) end
    loss = ops.add(loss, ops.mul(square, o.prior))
  end
  return loss, images, pixels
end

-- The numbers of rows, best first.
local function order(losses)
  local at = {}
  for i = 1, #losses do at[i] = i end
  table.sort(at, function(a, b)
    if losses[a] ~= losses[b] then return losses[a] < losses[b] end
    return a < b
  end)
  return at
end

local function rows_of(t, list)
  local zero = {}
  for i, k in ipairs(list) do zero[i] = k - 1 end
  return core.gather_rows(t, core.tensor(zero, "i32"))
end

-- The best of random vectors to begin with; their losses.
local function candidates(o, target, rng)
  local list, losses = {}, {}
  for first = 1, o.candidates, BATCH do
    local z = rng:normal {math.min(BATCH, o.candidates - first + 1), o.z}
    list[#list + 1] = z
    for _, v in ipairs(core.to_table((measure(o, target, z)))) do losses[#losses + 1] = v end
  end
  local best = order(losses)
  return rows_of(core.cat(list, 1), table.move(best, 1, math.min(o.restarts, #best), 1, {}))
end

-- Draws coordinates beyond the bound anew, whose moments begin again.
-- Source: Lipton & Tripathi 2017, arXiv:1702.04782 (stochastic clipping).  Differs: of normal z.
local function renew(o, rng, z, m, v)
  if core.item(core.max(core.abs(z))) <= o.bound then return end
  local rows, mean, square = core.to_table(z), core.to_table(m), core.to_table(v)
  for i, row in ipairs(rows) do
    for k, x in ipairs(row) do
      if math.abs(x) > o.bound then
        row[k], mean[i][k], square[i][k] = core.item(rng:normal {1}), 0, 0
      end
    end
  end
  core.copy_(z, core.tensor(rows))
  core.copy_(m, core.tensor(mean))
  core.copy_(v, core.tensor(square))
end

local function rms(pixels) return LEVELS * math.sqrt(pixels) end

-- Mean cosine of the pairs among some rows.
local function agreement(rows)
  local sum, n = 0, 0
  for i = 1, #rows do
    for j = i + 1, #rows do
      local ab, aa, bb = 0, 0, 0
      for k, a in ipairs(rows[i]) do
        local b = rows[j][k]
        ab, aa, bb = ab + a * b, aa + a * a, bb + b * b
      end
      sum, n = sum + (aa > 0 and bb > 0 and ab / math.sqrt(aa * bb) or 0), n + 1
    end
  end
  return n > 0 and sum / n or 1
end

local function verdict(best, agree, restarts)
  if best < RECOVERED then return "recovered" end
  if agree < math.min(3, restarts) then return "local minima" end
  return best > AWAY and "not in the range of G" or "near"
end

-- What is told of the restarts: sorted, best first.
local function report(o, target, z, start, traces)
  local loss, images, pixels = measure(o, target, z)
  local losses = core.to_table(loss)
  pixels = core.to_table(pixels)
  local best = order(losses)
  local list, near, rows = {}, {}, core.to_table(z)
  for i, k in ipairs(best) do
    local square, largest = 0, 0
    for _, x in ipairs(rows[k]) do square, largest = square + x * x, math.max(largest, math.abs(x)) end
    list[i] = {loss = losses[k], rms = rms(pixels[k]), length = math.sqrt(square / o.z), largest = largest,
      still = o.steps - traces[k].fell}
    if list[i].rms <= 1.1 * list[1].rms + 0.5 then near[#near + 1] = rows[k] end
  end
  return {
    z = rows_of(z, best), images = rows_of(images, best), restarts = list, agree = #near, cosine = agreement(near),
    verdict = verdict(list[1].rms, #near, #best), first = start.image, first_rms = start.rms,
  }
end

--- Finds latent vectors of which a generator makes a picture: the best of many random ones, improved by Adam.
--
--     mean (G(z) - x)^2 + w_f mean_l mean((f_l(G(z)) - f_l(x))^2) / v_l + w_z |z|^2 / Z
--
-- All restarts are one batch: the generator must be in evaluation mode, so that they do not see each other. Restarts
-- that end at the same distance, far from the picture, say that it is not in the generator's range; restarts that end
-- at different ones, that the way there is hard. The steps' random numbers come from the stream alone.
-- Source: Lipton & Tripathi 2017, arXiv:1702.04782; Karras et al. 2020, arXiv:1912.04958, app. D (step sizes).
-- Differs: of normal z; the best of many starts; a prior.
-- @function gan.latent.project
-- @tparam Tensor image  real (1,H,W,C), or of the shape that the generator gives for one vector
-- @tparam table opt
-- @tparam function opt.generator  f(z real (N,Z)) -> images (N,...), differentiable
-- @tparam integer opt.z  Z
-- @tparam[opt=8] integer opt.restarts  R
-- @tparam[opt=512] integer opt.candidates  random vectors of which the R best are taken, at least R
-- @tparam[opt] Tensor opt.start  real (R,Z): begins with these in the place of random ones
-- @tparam[opt=300] integer opt.steps  of Adam
-- @tparam[opt=0.1] number opt.lr  its largest step size
-- @tparam[opt] function opt.features  f(images) -> list of tensors (N,...), differentiable: two layers of a net
-- @tparam[opt] table opt.variances  v_l, a number > 0 for each feature: the layer's variance on real images; default: 1
-- @tparam[opt=0.1] number opt.feature_weight  w_f, >= 0
-- @tparam[opt=0.001] number opt.prior  w_z, >= 0
-- @tparam[opt=false] boolean opt.shell  the prior is (|z|^2 / Z - 1)^2 in the place of |z|^2 / Z
-- @tparam[opt=3] number opt.bound  in the first 3/4 of the steps, coordinates beyond it are drawn anew
-- @tparam[opt] Stream opt.rng  default: one of its own, always the same
-- @tparam[opt] function opt.on_step  f(step, losses): called before each step, step from 0, with a list of R losses
-- @treturn table  best first: `z` (R,Z), `images` (R,...), `restarts` (a list of `loss`, `rms` in levels of 0..255,
--   `length` = |z| / sqrt(Z), `largest` coordinate, `still`: steps since the loss last fell by 1 %); `agree`: how many
--   end within 1.1 times the best and half a level; their mean `cosine`; `first` (1,...) and `first_rms`: before the
--   first step; `verdict`: "recovered" (below 1 level), "local minima" (fewer than 3 agree), "not in the range of G"
--   (beyond 5 levels) or "near"
-- @raise if an option is unknown, missing or out of range, or the generator's pictures are of another shape
return function(image, opt)
  check.real(NAME, 1, "image", image)
  opt = check.options(NAME, opt, {
    generator = option.callable {required = true}, z = option.integer {required = true, lo = 1},
    restarts = option.integer {default = 8, lo = 1, hi = 1024},
    candidates = option.integer {default = 512, lo = 1, hi = 1 << 20},
    start = option.tensor {dim = 2}, steps = option.integer {default = 300, lo = 1},
    lr = option.number {default = 0.1, above = 0}, features = option.callable {}, variances = option.table {},
    feature_weight = option.number {default = 0.1, lo = 0}, prior = option.number {default = 0.001, lo = 0},
    shell = option.boolean {default = false}, bound = option.number {default = 3, above = 0},
    rng = option.stream {}, on_step = option.callable {},
  })
  if opt.start and core.size(opt.start, 2) ~= opt.z then
    return check.fail(NAME, "option 'start': expected vectors of %s, got %s", check.count(opt.z, "number"),
      check.found(opt.start))
  elseif not opt.start and opt.candidates < opt.restarts then
    return check.fail(NAME, "option 'candidates': expected at least %d, one a restart, got %d", opt.restarts,
      opt.candidates)
  end
  local rng, target = opt.rng or core.rng(0, "project"), {image = image}
  local z, start
  autograd.no_grad(function()
    target.seen = opt.features and opt.features(image)
    z = core.clone(opt.start or candidates(opt, target, rng))
    local loss, images, pixels = measure(opt, target, z)
    local best = order(core.to_table(loss))[1]
    start = {image = rows_of(images, {best}), rms = rms(core.to_table(pixels)[best])}
  end)
  local n = core.size(z, 1)
  local m, v, traces = core.full({n, opt.z}, 0), core.full({n, opt.z}, 0), {}
  for i = 1, n do traces[i] = {least = math.huge, fell = 0} end
  z:requires_grad_()
  for k = 0, opt.steps - 1 do
    local loss = measure(opt, target, z)
    local losses = core.to_table(loss)
    for i, l in ipairs(losses) do
      if l < 0.99 * traces[i].least then traces[i].least, traces[i].fell = l, k end
    end
    if opt.on_step then opt.on_step(k, losses) end
    local g = autograd.grad(ops.sum(loss), {z})
    core.adam_({z}, g, {m}, {v}, {
      lr = opt.lr * ramp(k, opt.steps), beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0, t = k + 1,
    })
    core.collect_step()
    if k < RENEWED * opt.steps then renew(opt, rng, z, m, v) end
  end
  return autograd.no_grad(function() return report(opt, target, core.clone(z), start, traces) end)
end
