--- freeze: layers that are trained no longer.
-- @module gan.nn.freeze
local check = require "gan.check"
local autograd = require "gan.autograd"
local class = require("gan.nn.chain").chain
local module = require "gan.nn.module"
local norms = require("gan.nn.adapted").norms
local walk = require "gan.nn.walk"

local M = {}

-- The layers of the first n sections of a net, with their places in it.
local function first_sections(net, n)
  local chain = net
  while getmetatable(chain) ~= class and module.is_module(chain.net) do chain = chain.net end -- virtual_batch
  local sections = chain.sections
  if getmetatable(chain) ~= class or not sections then
    return check.fail("nn.freeze", "option 'sections': the net does not say where its sections end "
      .. "(nn.chain {sections = {...}})")
  elseif n > #sections then
    return check.fail("nn.freeze", "option 'sections': the net has %s, got %d", check.count(#sections, "section"), n)
  end
  return table.move(chain, 1, n > 0 and sections[n] or 0, 1, {})
end

--- Ends the training of a net, or of a part of it: its parameters become buffers. They are saved as before, under the
-- same names, but params() does not list them, so optimisers that are made from then on leave them alone, and their
-- gradients are not computed. Spectral norm's vectors stay as they are, too; a batch norm goes on normalising by its
-- batch, and its running statistics go on, for they say what it sees.
-- Source: Mo et al. 2020, arXiv:2002.10964 (D's first layers); Noguchi & Harada 2019, arXiv:1904.01774 (all but gains
-- and biases of norms, their baseline).
-- @function gan.nn.freeze
-- @tparam Module net  changed in place
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.sections  the first so many, from the input on, of a chain that has them (default: all)
-- @tparam[opt] string opt.except  "norms": gamma and beta of normalisation layers go on
-- @treturn Module  the net
-- @raise if an option is unknown or out of range, or the net has fewer sections, or no norms to leave
-- @usage
-- gan.nn.freeze(D, {sections = 2})
-- local optD = gan.optim.adam(D:params())                            -- without those of the first two sections
function M.freeze(net, opt)
  opt = check.options("nn.freeze", opt, {
    sections = check.option.integer {lo = 0}, except = check.option.word {"norms"},
  })
  if not module.is_module(net) then return check.expected("nn.freeze", 1, "net", "a layer", net) end
  local layers, left = opt.sections and first_sections(net, opt.sections) or {net}, {}
  for _, layer in ipairs(opt.except and layers or {}) do
    for _, n in ipairs(module.is_module(layer) and norms(layer) or {}) do
      local gamma, beta = n.layer.gamma, n.layer.beta
      if gamma and beta then left[n.layer], left[gamma], left[beta] = true, true, true end
    end
  end
  if opt.except and not next(left) then
    return check.fail("nn.freeze", "option 'except': the net has no normalisation layer with gamma and beta")
  end
  local function stop(kind, _, v)
    if left[v] then return end
    if kind == "module" then v.frozen = true elseif kind == "parameter" then autograd.requires_grad_(v, false) end
  end
  for _, layer in ipairs(layers) do
    if module.is_module(layer) then
      stop("module", "", layer)
      walk.each(layer, stop)
    end
  end
  return net
end

return M
