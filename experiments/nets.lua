-- The nets of own_net.lua: a file that returns two functions, each from options to a net (gan.model.own says which).
-- G is a skip generator: each resolution adds its own picture to the enlarged one before (Karras et al. 2020,
-- arXiv:1912.04958, fig. 7). A run keeps a copy of this file alone: it uses gan, and no other file beside it.
local gan = require "gan"
local nn = gan.nn

-- A net is a class with parts in its fields; parameters, checkpoints and prints follow from them.
local skip = nn.class "skip"

function skip:init(opt)
  local width = opt.ngf * opt.size // 8
  self.first = nn.linear {opt.z, 4 * 4 * width, rng = opt.rng}
  self.start = nn.view {4, 4, width}
  self.stages, self.pictures = {}, {}
  local i, side = 0, 4
  while side < opt.size do
    i, side = i + 1, 2 * side
    local half = math.max(opt.ngf, width // 2)
    self.stages[i] = nn.conv2d {width, half, kernel = 3, padding = 1, rng = opt.rng}
    self.pictures[i] = nn.conv2d {half, opt.channels, kernel = 1, rng = opt.rng}
    width = half
  end
end

-- z (N,Z) -> images (N,size,size,channels) in (-1,1)
function skip:forward(z)
  local x, picture = self.start(gan.leaky_relu(self.first(z), 0.2)), nil
  for i, stage in ipairs(self.stages) do
    x = gan.leaky_relu(stage(gan.upsample(x, 2)), 0.2)
    local own = self.pictures[i](x)
    picture = picture and own + gan.upsample(picture, 2) or own
  end
  return gan.tanh(picture)
end

-- images (N,size,size,channels) -> logits (N)
local function discriminator(opt)
  local layers = {name = "D", input = {opt.size, opt.size, opt.channels}}
  local from, to, side = opt.channels, opt.ndf, opt.size
  while side > 4 do
    layers[#layers + 1] = nn.conv2d {from, to, kernel = 4, stride = 2, padding = 1, rng = opt.rng}
    layers[#layers + 1] = nn.leaky_relu {slope = 0.2}
    from, to, side = to, 2 * to, side // 2
  end
  layers[#layers + 1] = nn.flatten {}
  layers[#layers + 1] = nn.linear {4 * 4 * from, 1, rng = opt.rng}
  layers[#layers + 1] = nn.view {}
  return nn.chain(layers)
end

return {generator = skip, discriminator = discriminator}
