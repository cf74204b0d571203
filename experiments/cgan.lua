-- Conditional GAN: both players are told the class; the label is appended to z, and as constant maps to D's first features.
-- Mirza, Osindero: Conditional generative adversarial nets, arXiv:1411.1784.
--
--   lua experiments/generate.lua --run runs/NAME --class heart
dofile((arg[0]:match "^.*/" or "") .. "base.lua")
local gan = require "gan"

local run = gan.train.run {
  recipe = "cgan", sizes = {16, 32, 64, 128}, conditional = true,
  summary = "Trains a conditional DCGAN on data with classes.",
}

run:train {
  G = run:generator "dcgan", D = run:discriminator "dcgan",
}
