-- Projection discriminator: D's answer has a term that is the inner product of the picture's features with the class's vector; G's batch norms
-- have a scale and a shift for each class.
-- Miyato, Koyama: cGANs with projection discriminator, arXiv:1802.05637.
dofile((arg[0]:match "^.*/" or "") .. "base.lua")
local gan = require "gan"

local run = gan.train.run {
  recipe = "projection", sizes = {16, 32, 64, 128}, conditional = true,
  summary = "Trains a conditional GAN with a projection discriminator on data with classes.",
}

run:train {
  G = run:generator("dcgan", {conditioning = "projection"}),
  D = run:discriminator("dcgan", {conditioning = "projection", norm = "spectral"}),
  loss = gan.loss.hinge(),
}
