--- The facade: `local gan = require "gan"`. Rooms (gan.nn, gan.data, ...) are loaded on first use; ops are fields too (gan.relu).
-- @module gan
require "gan.wait" -- before core: how threads wait
local core = require "gan.core"

local source = debug.getinfo(1, "S").source
core.library((source:gsub("init%.lua$", "")))

local tensor = require "gan.tensor"
local autograd = require "gan.autograd"
local random = require "gan.random"

local gan = {
  _VERSION = core.version_string,
  tensor = tensor.tensor, zeros = tensor.zeros, ones = tensor.ones, full = tensor.full,
  rng = random.rng, seed = random.seed, randn = random.randn, rand = random.rand,
  grad = autograd.grad, sum_grads = autograd.sum_grads, no_grad = autograd.no_grad, gradcheck = autograd.gradcheck, op = autograd.op,
  is_tensor = core.is_tensor, threads = core.threads, winograd = core.winograd, memory = core.memory,
}

local rooms = {ops = true, nn = true, loss = true, penalty = true, schedule = true, optim = true, metric = true, data = true, file = true,
  model = true, latent = true, game = true, measure = true, show = true, train = true, autograd = true}
local ops = require "gan.ops"

return setmetatable(gan, {
  __index = function(_, key)
    local v = rooms[key] and require("gan." .. key) or ops[key]
    gan[key] = v
    return v
  end,
})
