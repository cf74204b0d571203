--- Asks nets without training them: in evaluation mode, a batch at a time, without a graph, with averaged weights if
-- wanted.
-- @module gan.nn.evaluate
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local ops = require "gan.ops"

local M = {}

local BATCH = 64

--- Runs f with averaged weights in the place of a net's own, which come back untouched, however f ends: also after an
-- error, or where its coroutine is closed or forgotten.
-- @function gan.nn.with_average
-- @tparam ?table average  has `params` and `shadow`, two lists of tensors (gan.optim.ema); nil: f runs as things are
-- @tparam function f  called without arguments
-- @treturn any  what f returns
-- @raise what f raises
function M.with_average(average, f)
  if not average then return f() end
  local params, own = table.move(average.params, 1, #average.params, 1, {}), {}
  for i, p in ipairs(params) do own[i] = core.clone(p) end
  local function fill(list)
    for i, p in ipairs(params) do core.copy_(p, list[i]) end
  end
  return core.with_undo(function() fill(average.shadow) end, function() fill(own) end, f)
end

--- Returns net(x, y) in evaluation mode, computed a batch at a time without a graph.
-- A row does not depend on its neighbours. Training does not notice: random streams in the net (noise, dropout that
-- stays on) stand where they stood, and the net is in training mode afterwards.
-- @function gan.nn.evaluate
-- @tparam Module net  in any mode
-- @tparam Tensor x  (N,...)
-- @tparam[opt] Tensor y  labels, i32 (N), of a conditional net
-- @tparam[opt] table opt
-- @tparam[opt=64] integer opt.batch  rows at a time
-- @tparam[opt] table opt.average  weights to ask instead of the net's own (gan.optim.ema)
-- @treturn Tensor (N,...)
-- @raise if an option is unknown or out of range; what the net raises
function M.evaluate(net, x, y, opt)
  opt = check.options("nn.evaluate", opt, {
    batch = check.option.integer {default = BATCH, lo = 1},
    average = check.option.table {expected = "an average (gan.optim.ema)"},
  })
  local n, parts, streams = core.size(x, 1), {}, {}
  for name, rng in pairs(net:streams()) do streams[name] = {rng, rng:state()} end
  core.with_undo(function() net:eval() end, function()
    net:train()
    for _, s in pairs(streams) do s[1]:load(s[2], s[3]) end
  end, M.with_average, opt.average, function()
    return autograd.no_grad(function()
      for first = 1, n, opt.batch do
        local size = math.min(opt.batch, n - first + 1)
        parts[#parts + 1] = net(core.narrow(x, 1, first, size), y and core.narrow(y, 1, first, size))
      end
    end)
  end)
  return #parts == 1 and parts[1] or ops.cat(parts, 1)
end

return M
