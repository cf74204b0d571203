-- What specs of decoders do with bytes: read them, or see them refused in one line.
local core = require "gan.core"

local M = {}

--- The pixels of a picture, rows of columns of channels; arguments as of core.image_decode.
function M.pixels(...) return core.to_table(assert(core.image_decode(...))) end

--- Asserts that bytes are no picture, for a reason that matches.
function M.refused(bytes, pattern)
  local image, message = core.image_decode(bytes)
  assert(image == nil, "it was read")
  assert(message:find(pattern), message)
  assert(not message:find "\n", message)
end

return M
