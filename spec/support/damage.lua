-- Damages a file in every small way and hands each result to f: all truncations, every byte changed to two others, and
-- some with several bytes changed at once. The file is valid: f must survive them all, and none may take long.
local gan = require "gan"

local M = {}

local function with(bytes, at, c) return bytes:sub(1, at - 1) .. string.char(c) .. bytes:sub(at + 1) end

function M.each(bytes, f)
  for n = 0, #bytes - 1 do f(bytes:sub(1, n), "cut to " .. n) end
  for at = 1, #bytes do
    local b = bytes:byte(at)
    for _, c in ipairs {b ~ 1 << at % 8, at % 2 * 255} do
      if c ~= b then f(with(bytes, at, c), ("byte %d is %d"):format(at, c)) end
    end
  end
  local rng = gan.rng(1, "damage")
  for i = 1, 200 do
    local places, values, damaged = rng:integer({3}, 1, #bytes):to_table(), rng:integer({3}, 0, 255):to_table(), bytes
    for k = 1, 3 do damaged = with(damaged, places[k], values[k]) end
    f(damaged, "three bytes, case " .. i)
  end
end

return M
