--- Tells a layer's place in the nets that were built around it, such as "D.2.1", for error messages.
--
-- A chain makes itself known to all layers below it when it is built. The place is looked up when an error is raised,
-- so it is right after layers were moved. A layer has no place in a net that it was put into later, or that is gone.
-- @internal gan.nn.place
local core = require "gan.core"
local walk = require "gan.nn.walk"

local M = {}

-- layer -> the outermost chains around it, as keys; neither is kept alive.
local nets_of = setmetatable({}, {__mode = "k"})

--- Makes a chain known to the layers below it, in place of the chains inside it.
function M.settle(net)
  local below = {}
  walk.each(net, function(kind, _, v) if kind == "module" then below[v] = true end end)
  for layer in pairs(below) do
    local nets = nets_of[layer] or setmetatable({}, {__mode = "k"})
    for other in pairs(nets) do if below[other] then nets[other] = nil end end
    nets[net], nets_of[layer] = true, nets
  end
end

-- Returns the names and keys on the way from t to the layer, joined by dots, or nil if it is not below t.
local function path(layer, t, before, seen)
  seen[t] = true
  if t ~= layer and walk.is_module(t) and type(t.name) == "string" then before = before .. t.name .. "." end
  if t == layer then return before:sub(1, -2) end
  for _, key in ipairs(walk.keys(t)) do
    local v = t[key]
    local found = walk.is_container(v) and not seen[v] and path(layer, v, before .. key .. ".", seen)
    if found then return found end
  end
end

--- Returns a layer's place, such as "D.2.1": names of chains, and keys. Nil if no chain was built around it.
-- A layer that several nets share has several places ("D.1 or Q.1"); one that a net has twice stands where it is first.
function M.of(layer)
  local places = {}
  for net in pairs(nets_of[layer] or {}) do places[#places + 1] = path(layer, net, "", {}) end
  core.sort(places)
  if #places > 0 then return table.concat(places, " or ") end
end

return M
