-- GAN-CLS and GAN-INT: pictures of what a caption says. D also sees real pictures with another's caption, and G also
-- draws what lies between two captions. First a text encoder learns together with a net of images, then it stays.
-- Reed et al.: Generative adversarial text to image synthesis, arXiv:1605.05396; the encoder: arXiv:1605.05395.
--
--   lua experiments/text_to_image.lua --data shapes
--   lua experiments/generate.lua --run runs/NAME --caption "a red circle left of a blue square" --grid
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "text_to_image", sizes = {16, 32, 64, 128}, annotations = {"captions"},
  summary = "Trains a generator that draws what captions say.",
  defaults = {lr = 2e-4},
  options = {
    {"mismatch", "number", 0.5, lo = 0, hi = 1,
      help = "part of the fakes' share in D's loss that goes to real pictures with another's caption; 0: none"},
    {"between", "number", 1, lo = 0, help = "weight in G's loss of what lies between two captions; 0: none"},
    {"encoder", "string", "gru", choices = {"gru", "bag"}, help = "the text encoder: a GRU, or a mean of words"},
    {"encoder-steps", "integer", 3000, lo = 0, help = "steps that it learns before the game; 0: it stays as drawn"},
    {"text", "integer", 128, lo = 1, hi = 4096, help = "numbers that a caption becomes"},
  },
}
local opt = run.options

local condition = run.recorder:must(gan.model.captions.new(run.data, {
  encoder = opt.encoder, features = opt.text, rng = run:stream "init.text",
}))
condition:begin(run, opt.encoder_steps)

local G = run:generator("gan_cls", {text = opt.text})
local D = run:discriminator("gan_cls", {text = opt.text})
local loss, z = gan.loss.logistic(), run:stream "between"
local function between(_, _, _, e)
  local middle = gan.nn.text.between(e)
  return loss.generator(D(G(z:normal {middle:size(1), opt.z}, middle), middle))
end

run:train {
  G = G, D = D, loss = loss, condition = condition, mismatch = opt.mismatch,
  g_penalties = opt.between > 0 and {{between, weight = opt.between, name = "between"}} or nil,
}
