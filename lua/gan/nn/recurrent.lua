--- gru: gated recurrent units over sequences of several lengths.
-- @module gan.nn.recurrent
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local initial = require "gan.nn.initial"
local module = require "gan.nn.module"
local linear = require("gan.nn.linear").linear

local option = check.option

local M = {}

M.gru = module.class "nn.gru"
local gru = M.gru

--- Makes a layer of gated recurrent units that begin with a state of zeros. Called (x, lengths); what x holds behind a
-- sequence's length changes nothing, and the state stays there what it was.
-- Fields input (D,3H) and recurrent (H,3H), linear layers whose columns are in the order r, z, n; all of their numbers
-- start from U(-1/sqrt(H), 1/sqrt(H)).
-- Source: Cho et al. 2014, arXiv:1406.1078, eqs. 5 to 8.  Differs: as PyTorch, with r behind the bias of n.
-- @function gan.nn.gru
-- @tparam table opt
-- @tparam integer opt.1  D, numbers of a step
-- @tparam integer opt.2  H, numbers of a state
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,L,D), lengths i32 (N), each 0..L (default: L) -> the states (N,L,H)
-- @raise if an option is unknown or out of range
function gru:init(opt)
  opt = check.options(self.label, opt, {rng = option.stream {}}, {"D", "H"})
  local d, h, bound = opt[1], opt[2], 1 / math.sqrt(opt[2])
  self.input, self.recurrent = linear {d, 3 * h, rng = opt.rng}, linear {h, 3 * h, rng = opt.rng}
  for _, t in ipairs(self:params()) do initial.uniform(t, {lo = -bound, hi = bound, rng = opt.rng}) end
end

-- 1 at the steps of each sequence, 0 behind: (N,L,1).
local function within(lengths, l)
  local steps = {}
  for t = 1, l do steps[t] = t end
  return core.ge(core.reshape(core.to(lengths, "real"), {core.size(lengths, 1), 1, 1}),
    core.reshape(core.tensor(steps), {1, l, 1}))
end

function gru:forward(x, lengths)
  self:check_input(x, 3, core.size(self.input.weight, 1))
  local n, l = core.size(x, 1), core.size(x, 2)
  if lengths ~= nil then
    if not core.is_tensor(lengths) or core.dtype(lengths) ~= "i32" or core.dim(lengths) ~= 1
      or core.size(lengths, 1) ~= n then
      return self:fail("bad argument #2 'lengths' (expected i32 (%d), got %s)", n, check.found(lengths))
    end
    -- else a NaN there would get into the weights' gradient
    if l > 0 then x = ops.where(within(lengths, l), x, 0) end
  end
  return (ops.gru(self.input(x), self.recurrent:used_weight(), self.recurrent.bias, nil, lengths))
end

function gru:shape(s)
  self:check_shape(s, 3, core.size(self.input.weight, 1))
  return {s[1], core.size(self.recurrent.weight, 1)}
end

function gru:describe()
  return ("gru %d -> %d%s"):format(core.size(self.input.weight, 1), core.size(self.recurrent.weight, 1),
    self.input:describe_norm())
end

return M
