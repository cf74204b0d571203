--- gan.model: architectures, each loaded on first use: gan.model.dcgan.generator {size = 64}.
-- @module gan.model
local check = require "gan.check"

return check.room("gan.model", {}, {
  classifier = true, dcgan = true, inception = true, mlp = true, sndcgan = true, sngan_resnet = true,
})
