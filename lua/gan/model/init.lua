--- gan.model: architectures, each loaded on first use: gan.model.dcgan.generator {size = 64}.
-- @module gan.model
local check = require "gan.check"

local files = {"classifier", "dcgan", "inception", "mlp", "own", "r3gan", "sndcgan", "sngan_resnet", "vgg"}

return check.room("gan.model", {}, files)
