-- Stacked-MNIST: three digits, drawn anew for every picture, are its channels. There are 1,000 kinds of such pictures;
-- a classifier of digits says how many of them G makes, and how unevenly (KL, in nats; real stacks have not 0 either).
-- Metz et al.: Unrolled generative adversarial networks, arXiv:1611.02163, section 3.3.1; 26,000 samples: Srivastava et
-- al., arXiv:1705.07761.
--
--   lua experiments/classifier.lua --data MNIST --size 32 --width 16 --epochs 4      once, a minute
--   lua experiments/stacked_mnist.lua --data MNIST                                   RpGAN with R1 and R2
--   lua experiments/stacked_mnist.lua --data MNIST --loss hinge --norm spectral --penalty none --beta2 0.9 --steps 9000
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local choice = gan.game.choice

local function digits(opt)
  local how = gan.data.options.of(opt)
  how.channels = 1
  return gan.data.open(opt.data, how)
end

local run = gan.train.run {
  recipe = "stacked_mnist", sizes = {16, 24, 32, 48, 64, 96, 128},
  summary = "Trains on three digits a picture, one a channel, and counts the kinds of pictures that G makes.",
  defaults = {
    data = "MNIST", split = "all", ngf = 32, ndf = 32, lr = "cosine:1e-3:5e-5", beta1 = 0, beta2 = 0.99,
    steps = 6000, snap = 1000, metrics = "modes", metrics_every = 1000, metrics_n = 26000,
  },
  without = {"features", "mirror"},
  options = {
    {"features", "string", nil, alias = {"classifier"}, arg = "FILE", free = true, inherit = true,
      help = "the classifier of digits, of classifier.lua (default: the one that it leaves for --data)"},
    table.unpack(choice.list {loss = "rp", penalty = "auto", norm = "none"}),
  },
  open = function(opt)
    local name = opt.data:match "([^/]*)/*$"
    opt.features = opt.features or ("runs/classifier-%s.safetensors"):format(name)
    if opt.metrics ~= "none" and not gan.file.text.exists(opt.features) then
      return nil, ("there is no classifier %s; make it, a minute's work: lua5.4 experiments/classifier.lua --data %s "
        .. "--size %d --width 16 --epochs 4 --out %s"):format(opt.features, opt.data, opt.size, opt.features)
    end
    local set, message = digits(opt)
    return set and gan.data.stacked {digits = set, seed = opt.seed}, message
  end,
}

run:train(choice.game(run))
