--- The facade: `local gan = require "gan"`. Rooms (gan.nn, gan.data, ...) are loaded on first use; ops are fields, too
-- (gan.relu).
-- @module gan
require "gan.wait" -- before core: how threads wait
local core = require "gan.core"
local check = require "gan.check"

local source = debug.getinfo(1, "S").source
core.library((source:gsub("init%.lua$", "")))

local tensor = require "gan.tensor"
local autograd = require "gan.autograd"
local random = require "gan.random"

local gan = {
  _VERSION = core.version_string,
  tensor = tensor.tensor, zeros = tensor.zeros, ones = tensor.ones, full = tensor.full,
  rng = random.rng, seed = random.seed, randn = random.randn, rand = random.rand,
  grad = autograd.grad, sum_grads = autograd.sum_grads, no_grad = autograd.no_grad, gradcheck = autograd.gradcheck,
  op = autograd.op,
  is_tensor = core.is_tensor, threads = core.threads, winograd = core.winograd, memory = core.memory,
}

local rooms = {
  "ops", "nn", "latent", "loss", "penalty", "schedule", "optim", "metric", "data", "file", "model", "game", "measure", "show",
  "train", "autograd",
}

for name, op in pairs(require "gan.ops") do gan[name] = op end

return check.room("gan", gan, rooms)
