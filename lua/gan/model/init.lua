--- gan.model: architectures, each loaded on first use: gan.model.dcgan.generator {size = 64}.
-- @module gan.model
local check = require "gan.check"

local files = {
  "attributes", "captions", "classifier", "dcgan", "gan_cls", "inception", "layout", "mlp", "own", "pix2pix", "places",
  "r3gan", "segmenter", "sndcgan", "sngan_resnet", "spade", "vgg",
}

return check.room("gan.model", {}, files)
