-- Layout to image: G draws objects where boxes are, each of its class; one critic sees the image beside its layout,
-- another each object.
-- After Sun, Wu: Image synthesis from reconfigurable layout and style, arXiv:1908.07500; the nets are gan.model.layout.
--
--   lua experiments/generate.lua --run runs/NAME --layout FILE.json
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "layout_to_image", sizes = {32, 64, 128}, annotations = {"boxes"}, without = {"pack", "z"},
  summary = "Trains a generator of images from layouts on data with boxes.",
  defaults = {data = "shapes", batch = 32, lr = 2e-4, dlr = 4e-4, beta1 = 0, beta2 = 0.9},
  options = {
    {"mismatch", "number", 0.5, lo = 0, hi = 1,
      help = "part of the fakes' share in both critics' losses that goes to real ones with another layout or class"},
    {"objects-weight", "number", 1, lo = 0, help = "weight of the critic of objects"},
  },
}
local opt, loss = run.options, gan.loss.hinge()
local condition = gan.model.places.layouts(run.data)

-- z has 32 numbers of the image and 16 of each object: as many objects as an image of the data has at most.
local z = 32 + 16 * condition.most
run.options.z, run.varying.z = z, z
table.insert(run.declared, gan.command.declare({{"z", "integer", z, help = "size of the latent vector"}})[1])
local rng = run:stream "objects"

local function has_objects(layout) return layout:narrow(3, 1, 1):max():item() >= 0 end

-- The object critic's loss: means over the objects of a batch. A real one with another class's name is no better than
-- a fake (Reed et al. 2016, arXiv:1605.05396).
local function critic(D, real, fake, layout)
  if not has_objects(layout) then return gan.zeros(1) end
  local on_real, classes = D:judge_objects(real, layout)
  local sum = loss.real(on_real) + loss.fake((D:judge_objects(fake, layout))) * (1 - opt.mismatch)
  if opt.mismatch == 0 or #condition.classes < 2 then return sum end
  local others = gan.latent.other_labels(classes, #condition.classes, rng)
  return sum + loss.fake((D:judge_objects(real, layout, others))) * opt.mismatch
end

local function generator(D, _, fake, layout)
  return has_objects(layout) and loss.generator((D:judge_objects(fake, layout))) or gan.zeros(1)
end

run:train {
  G = run:generator("layout", {classes = #condition.classes}),
  D = run:discriminator("layout", {classes = #condition.classes}),
  condition = condition, loss = loss, mismatch = opt.mismatch,
  penalties = {{critic, weight = opt.objects_weight, name = "objects"}},
  g_penalties = {{generator, weight = opt.objects_weight, name = "objects_G"}},
}
