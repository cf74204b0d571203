--- The relativistic logistic loss: D says how much more real a real image is than generated ones.
-- @module gan.loss.relativistic
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.loss.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

local bce, sub = loss.bce_with_logits, pointwise.sub
local NAME = "loss.relativistic"

--- Makes the relativistic loss.
-- The average form (RaSGAN) compares each logit with the mean of the other kind, the plain form (RSGAN) pairs them.
--
--     average: critic(real, fake) = mean BCE(real - mean fake, 1) + mean BCE(fake - mean real, 0)
--     plain:   critic(real, fake) = mean BCE(real - fake, 1)
--     generator(fake, real): the same with the targets exchanged, so that it lowers the real logits, too
--
-- The terms do not separate: there are no fields `real` and `fake`. At the equilibrium the average form is 2 ln 2, the
-- plain one ln 2. `generator` raises where the real logits are missing, the plain form where the shapes differ.
-- Source: Jolicoeur-Martineau 2018, arXiv:1807.00734.
-- @function gan.loss.relativistic
-- @tparam[opt] table opt
-- @tparam[opt=true] boolean opt.average  the average form
-- @treturn table  `critic`, `generator`: functions of logits of any shape -> scalar, nats
-- @raise if an option is unknown or no boolean
return function(opt)
  local average = check.options(NAME, opt, {average = check.option.boolean {default = true}}).average
  -- The loss of making `up` more real than `down`.
  local function above(up, down)
    if not average then return bce(sub(up, down), 1) end
    return pointwise.add(bce(sub(up, reduce.mean(down)), 1), bce(sub(down, reduce.mean(up)), 0))
  end
  local function pair(i, real, j, fake)
    base.logits(NAME, i, "real", real)
    base.logits(NAME, j, "fake", fake)
    local r, f = check.shape_string(core.shape(real)), check.shape_string(core.shape(fake))
    if average or r == f then return end
    return check.fail(NAME, "the real logits are %s, the fake ones %s: batches must have one size, as the i-th real "
      .. "image is paired with the i-th generated one", r, f)
  end
  return {
    critic = function(real, fake)
      pair(1, real, 2, fake)
      return above(real, fake)
    end,
    generator = function(fake, real)
      if real == nil then return check.fail(NAME, "generator(fake, real) needs D's logits of real images, too") end
      pair(2, real, 1, fake)
      return above(fake, real)
    end,
    margin = average and base.margins.to_mean or base.margins.in_pairs,
  }
end
