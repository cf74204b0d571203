--- Puts all ops into one table, and makes methods of tensors of those whose first argument is a tensor.
-- @internal gan.ops
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local tensor = require "gan.tensor"

local M = {}

local files = {"pointwise", "shape", "reduce", "norm", "loss", "index", "resample", "matmul", "conv", "spectral",
  "minibatch", "augment", "recurrent", "boxes"}

for _, file in ipairs(files) do
  for name, f in pairs(require("gan.ops." .. file)) do
    M[name] = f
    local def = autograd.registry[name]
    if not (def and def.method == false) then tensor.methods[name] = f end
  end
end

for _, def in pairs(autograd.registry) do def.builtin = true end -- their rules keep no gradient; see autograd

for event, name in pairs {__add = "add", __sub = "sub", __mul = "mul", __div = "div"} do
  core.tensor_mt[event] = M[name]
end
core.tensor_mt.__unm = function(x) return M.neg(x) end
core.tensor_mt.__pow = function(x, p) return M.pow(x, p) end

return check.room("gan.ops", M, {})
