--- Makes numbers in [-1,1] of pixels, to the bytes that batches have.
-- @internal gan.data.scaled
local core = require "gan.core"

-- pixels: u8; or real, numbers in 0..255 that are not rounded. -> real, the same shape
return function(pixels) return core.div(core.sub(core.mul(core.to(pixels, "real"), 2), 255), 255) end
