-- WGAN: D is a critic that estimates how far G's pictures are from the real ones; its weights are clipped to keep its
-- slope bounded.
-- Arjovsky, Chintala, Bottou: Wasserstein GAN, arXiv:1701.07875, algorithm 1.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "wgan", sizes = {16, 32, 64, 128},
  summary = "Trains a WGAN with weight clipping and RMSProp.",
  defaults = {lr = 5e-5, dsteps = 5},
  without = {"beta1", "beta2"},
  options = {
    {"clip", "number", 0.01, above = 0, help = "the critic's weights are kept in [-clip, clip]"},
    {"burn-in", "integer", 25, lo = 0,
      help = "in so many first steps, and in every 500th, the critic learns 100 times"},
  },
}
local opt = run.options
local clip = gan.penalty.clip {limit = opt.clip}

run:train {
  G = run:generator "dcgan", D = run:discriminator "dcgan",
  loss = gan.loss.wasserstein(),
  optimiser = function(params, player) return gan.optim.rmsprop(params, {lr = run:lr(player)}) end,
  dsteps = function(step)
    if step <= opt.burn_in or opt.burn_in > 0 and step % 500 == 0 then return 100 end
    return opt.dsteps
  end,
  hooks = {before_step = function(loop) clip(loop.D) end, after_d = function(loop) clip(loop.D) end},
}
