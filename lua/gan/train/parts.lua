--- What makes up a run besides data and streams: what a script gives, as something with state and load.
-- @internal gan.train.parts
local check = require "gan.check"
local state = require "gan.state"

local M = {}

--- Returns something with methods state and load, of what a script gives.
-- An object that has them is one already. Of a table with functions state and load, state() may return any value that
-- gan.state packs. Any other table without a metatable is put back in place, entry by entry.
-- @tparam string name  of the part, for errors
-- @param v  any of these
-- @treturn table  with methods `state`, `load`, and perhaps `streams`
-- @raise if v is none of these
function M.part(name, v)
  if type(v) == "table" and type(v.state) == "function" and type(v.load) == "function" then
    if getmetatable(v) then return v end
    return {
      state = function() return state.pack(name, v:state()) end, load = function(_, t) v:load(state.unpack(t)) end,
      streams = v.streams and function() return v:streams() end,
    }
  end
  if type(v) ~= "table" or getmetatable(v) or v.state ~= nil or v.load ~= nil then
    return check.fail("Run:save_with",
      "'%s': expected a table of plain values, or something with state() and load(), got %s", name, check.found(v))
  end
  state.pack(name, v) -- what cannot be kept is told at once
  return {state = function() return state.pack(name, v) end, load = function(_, t) state.into(v, t) end}
end

return M
