-- Relativistic average GAN: D says how much more real a picture is than the average of the other kind; G moves both.
-- Jolicoeur-Martineau: The relativistic discriminator, arXiv:1807.00734.
local script = io.popen("readlink -f '" .. arg[0]:gsub("'", [['\'']]) .. "'"):read() or "./" .. arg[0]
local gan = (loadfile(script:match ".*/" .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "relativistic", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN with the relativistic average loss.",
}

run:train {
  G = run:generator "dcgan", D = run:discriminator "dcgan",
  loss = gan.loss.relativistic(),
}
