-- Spectral normalisation and the hinge loss: no layer of D stretches any difference, and D stops where it is right by a
-- margin.
-- Miyato et al.: Spectral normalization for generative adversarial networks, arXiv:1802.05957.
local script = io.popen("readlink -f '" .. arg[0]:gsub("'", [['\'']]) .. "'"):read() or "./" .. arg[0]
local gan = (loadfile(script:match ".*/" .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "hinge_sn", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN whose D has spectral normalisation, with the hinge loss.",
}

run:train {
  G = run:generator "dcgan", D = run:discriminator("dcgan", {norm = "spectral"}),
  loss = gan.loss.hinge(),
}
