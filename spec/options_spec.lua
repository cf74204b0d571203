-- Every public function that takes a table of options says what is wrong with it in one form, names the option and
-- blames the caller's line:
--
--     nn.dropout: unknown option 'pp' (known: always, p, rng)
--     nn.dropout: option 'p': expected a number in [0,1], got userdata
--
-- The functions and their options are read off the manual's entries (spec/doc_spec.lua holds these against the code),
-- so a new one is tried by itself; it fails until `needs` below has what it cannot do without.
local gan = require "gan"
local lfs = require "lfs"
local manual = require "spec.support.manual"

local ROOT = "lua/gan/"

local x = gan.rng(1):normal {4, 8, 8, 3}
local features = gan.rng(2):normal {8, 3}
local labels = gan.tensor({0, 1, 0, 1, 0, 1, 0, 1}, "i32")
local set = gan.data.fake {count = 8, size = 8}
local w = gan.rng(3):normal({3, 3, 3, 2})
local function net() return gan.nn.chain {gan.nn.linear {3, 2}} end
local identity = {}
for i = 1, 4 do identity[i] = {{1, 0, 0}, {0, 1, 0}} end
local parameter = gan.ones(2):requires_grad_()
local pipeline = setmetatable({p = 1}, {__call = function(_, images) return images end})

-- Name -> the arguments before the options, and the options that must be there.
local needs = {
  ["gan.gradcheck"] = {function(v) return v:sum() end, {gan.ones(2)}},
  ["gan.grad"] = {(parameter * 2):sum(), {parameter}},
  ["gan.augment.ada"] = {{pipeline}},
  ["gan.data.batches"] = {set, {batch = 2}},
  ["gan.data.custom"] = {{n = 2, sample = function(_, n) return gan.zeros(n, 4, 4, 1), gan.full({n}, 1, "i32") end}},
  ["gan.data.image.read"] = {"no such file"},
  ["gan.data.open"] = {"fake"}, ["gan.data.train_test"] = {"fake"},
  ["gan.data.stacked"] = {{digits = gan.data.fake {count = 2, size = 16, channels = 1}}},
  ["gan.file.pth.load"] = {"no such file"},
  ["gan.augment.compose"] = {{}}, ["gan.augment.preset"] = {"bgc"}, ["gan.augment.diffaug"] = {"color"},
  ["gan.loss.open"] = {"hinge"}, ["gan.show.augmented"] = {"no such folder/x.png", x:narrow(1, 1, 1)},
  ["gan.metric.density_coverage"] = {{real = features}}, ["gan.metric.fid"] = {{real = features}},
  ["gan.metric.kid"] = {{real = features}}, ["gan.metric.nearest"] = {{real = features}},
  ["gan.metric.memorised"] = {{real = features}},
  ["gan.metric.modes"] = {{modes = 2}}, ["gan.metric.precision_recall"] = {{real = features}},
  ["gan.metric.ppl"] = {{generator = print, features = print, z = 2}},
  ["gan.latent.truncate"] = {features, {at = 1}}, ["gan.latent.path"] = {features}, ["gan.latent.through"] = {features},
  ["gan.latent.along"] = {{1, 2}, {1, 0}, 1}, ["gan.latent.circle"] = {{1, 2}, {2, 1}}, ["gan.latent.walk"] = {{1, 2}},
  ["gan.latent.wander"] = {features, features}, ["gan.latent.arithmetic"] = {features, features + 1, features + 2},
  ["gan.latent.directions.sefa"] = {features}, ["gan.latent.directions.principal"] = {features, features},
  ["gan.latent.directions.separator"] = {features, labels}, ["gan.latent.project"] = {features, {generator = print,
    z = 2}},
  ["gan.latent.directions.separators"] = {features, labels, {"a", "b"}},
  ["gan.show.sheet.svg"] = {set}, ["gan.show.sheet.save"] = {"no such folder/x.svg", set},
  ["gan.show.sheet.written"] = {"no such folder/x.svg", x, {}},
  ["gan.optim.accumulate"] = {{blocks = 2}},
  ["gan.optim.adam"] = {{parameter}}, ["gan.optim.ema"] = {{parameter}},
  ["gan.optim.rmsprop"] = {{parameter}}, ["gan.optim.sgd"] = {{parameter}},
  ["gan.penalty.consistency"] = {{augment = print}}, ["gan.penalty.historical"] = {{params = {parameter}}},
  ["gan.schedule.cosine"] = {{from = 1, steps = 2}}, ["gan.schedule.linear"] = {{from = 1, steps = 2}},
  ["gan.schedule.half_life"] = {{images = 1, batch = 1}}, ["gan.schedule.step"] = {{from = 1, every = 1}},
  ["gan.schedule.warmup"] = {{of = 1, steps = 1}},
  ["gan.game.loop.new"] = {{
    G = print, D = print, optG = gan.optim.sgd {parameter}, optD = gan.optim.sgd {parameter}, loss = gan.loss.hinge(),
    batch = print, latent = print,
  }},
  ["gan.game.standard"] = {{G = net(), D = net()}},
  ["gan.show.atlas.arrange"] = {features:narrow(2, 1, 2)}, ["gan.show.atlas.draw"] = {x, {"real"}, {
    cells = gan.tensor({0}, "i32"), columns = 1, rows = 1,
  }},
  ["gan.data.asked.layout"] = {"no such file", {height = 8, width = 8, classes = {"a"}, most = 1}},
  ["gan.data.asked.mask"] = {"no such file", {height = 8, width = 8, classes = {"a"}}},
  ["gan.measure.segmenter.save"] = {"no such folder/x.safetensors", gan.model.segmenter {classes = 2, width = 1}, {
    classes = {"a", "b"}, width = 1, data = "x", accuracy = 1,
  }},
  ["gan.measure.segmenter.train"] = {gan.data.shapes {count = 2, size = 16}, {steps = 1, width = 1, batch = 1}},
  ["gan.metric.segmentation"] = {{classes = 2}}, ["gan.model.segmenter"] = {{classes = 2}},
  ["gan.show.tsne"] = {features},
  ["gan.show.explorer.page"] = {net(), {z = 3}}, ["gan.show.plot.svg"] = {{series = {}}},
  ["Custom:batches"] = {{batch = 2, seed = 1}},
  ["Run:train"] = {{G = net(), D = net()}},
  ["gan.train.run"] = {{recorder = gan.train.recorder.silent()}},
  ["gan.game.ring.run"] = {{steps = 1}},
  ["gan.measure.evaluate.of_set"] = {set}, ["gan.measure.evaluate.of_generator"] = {{}, {n = 1}},
  ["gan.measure.evaluate.of_net"] = {net(), {n = 1, z = 3}}, ["gan.nn.standing"] = {net(), {z = 3}},
  ["gan.measure.evaluate.new"] = {{features = print, metrics = {"kid"}}},
  ["gan.measure.features.save"] = {"no such folder/x", net(), {data = "d", accuracy = 1}},
  ["gan.measure.features.open"] = {"pixels"}, ["gan.measure.perceptual.open"] = {"none", {size = 8, channels = 3}},
  ["gan.model.classifier.lenet"] = {{size = 28, channels = 1, classes = 10}},
  ["gan.model.classifier.resnet"] = {{size = 32, channels = 3, classes = 10}},
  ["gan.model.inception.load"] = {{}}, ["gan.model.vgg.load"] = {{}},
  ["gan.nn.self_attention"] = {{8}}, ["gan.nn.conditional_batch_norm"] = {{3, 2}}, ["gan.nn.label_concat"] = {{2}},
  ["gan.nn.projection_head"] = {{3, 2}}, ["gan.nn.class_head"] = {{3, 2}}, ["gan.nn.conv2d"] = {{3, 2, kernel = 3}},
  ["gan.nn.conv_transpose2d"] = {{3, 2, kernel = 3}}, ["gan.nn.embedding"] = {{2, 3}}, ["gan.nn.linear"] = {{3, 2}},
  ["gan.nn.evaluate"] = {net(), features},
  ["gan.nn.bottleneck"] = {{16, group = 16}}, ["gan.nn.learned_basis"] = {{2, 3}},
  ["gan.nn.label_product"] = {{3, 2}}, ["gan.nn.resample"] = {{up = 2}}, ["gan.upfirdn2d"] = {x, {1, 3, 3, 1}},
  ["gan.warp"] = {x, identity}, ["gan.warp_dx"] = {x, identity},
  ["gan.schedule.open"] = {"cosine:1:2", {steps = 2, batch = 1}}, ["gan.schedule.halving"] = {{from = 1, steps = 2}},
  ["gan.nn.minibatch_discrimination"] = {{3}}, ["gan.nn.batch_norm"] = {{3}}, ["gan.nn.layer_norm"] = {{3}},
  ["gan.nn.instance_norm"] = {{3}}, ["gan.nn.group_norm"] = {{4, groups = 2}}, ["gan.nn.residual_up"] = {{3, 2}},
  ["gan.nn.residual_down"] = {{3, 2}}, ["gan.nn.spectral_norm"] = {gan.nn.linear {3, 2}}, ["gan.nn.spectral"] = {net()},
  ["gan.nn.adapted"] = {{gan.nn.chain {gan.nn.batch_norm {3}}}},
  ["gan.nn.weight_norm"] = {gan.nn.linear {3, 2}}, ["gan.nn.virtual_batch_norm"] = {{3}},
  ["gan.nn.virtual_batch"] = {{gan.nn.chain {gan.nn.virtual_batch_norm {3}}, reference = features}},
  ["gan.nn.chain"] = {{gan.nn.linear {3, 2}}},
  ["gan.conv2d"] = {x, w}, ["gan.conv2d_dx"] = {x:conv2d(w), w, {size = 8}},
  ["gan.conv2d_dw"] = {x, x:conv2d(w), {kernel = 3}},
  ["gan.conv_transpose2d"] = {x:conv2d(w), w},
  ["gan.avg_pool2d"] = {x, {kernel = 2}}, ["gan.avg_pool2d_dx"] = {x, {16, 16}, {kernel = 2}},
  ["gan.max_pool2d"] = {x, {kernel = 2}}, ["gan.resize"] = {x, {size = 4}}, ["gan.resize_dx"] = {x, {4, 4}, {size = 8}},
  ["gan.pad2d"] = {x}, ["gan.pad2d_dx"] = {x}, ["gan.crop2d"] = {x},
  ["gan.data.text.parse"] = {"<pad>\t0\n<unk>\t0\n<s>\t0\n</s>\t0\n"}, ["gan.data.text.vocabulary"] = {{"a"}},
  ["gan.model.captions.new"] = {gan.data.shapes {count = 2, size = 16}},
  ["gan.measure.obedience.learn"] = {gan.data.shapes {count = 2, size = 16}},
  ["gan.model.layout.generator"] = {{classes = 2}}, ["gan.model.layout.discriminator"] = {{classes = 2}},
  ["gan.model.spade.generator"] = {{classes = 2}}, ["gan.model.spade.discriminator"] = {{classes = 2}},
  ["gan.nn.gru"] = {{3, 2}}, ["gan.nn.isla"] = {{3, 2}}, ["gan.nn.spade"] = {{3, 2}},
  ["gan.nn.map_concat"] = {{2}}, ["gan.nn.residual_spade"] = {{3, 3, 2}}, ["gan.nn.text.augment"] = {{3, 2}},
  ["gan.nn.text.bag"] = {{3, 2}}, ["gan.nn.text.concat"] = {{3, 2}}, ["gan.nn.text.gru"] = {{3, 2, 2}},
  ["gan.roi_align"] = {x, gan.tensor {{0, 0, 4, 4}}, gan.tensor({0}, "i32"), {size = 2}},
  ["gan.roi_align_dx"] = {x:narrow(1, 1, 1):narrow(2, 1, 2):narrow(3, 1, 2), gan.tensor {{0, 0, 4, 4}},
    gan.tensor({0}, "i32"), {size = 2}},
  ["gan.show.compare.page"] = {{"a", "b"}},
  ["gan.show.curves.plots"] = {{}, {}}, ["gan.show.grid.grid"] = {x}, ["gan.show.grid"] = {x},
  ["gan.show.animation.join"] = {{"x"}}, ["gan.show.animation.save"] = {"no such folder/x.png", {x}},
  ["gan.show.grid.save"] = {"no such folder/x.png", x},
}
for name in ([[zeros constant normal uniform xavier_uniform xavier_normal he_uniform he_normal orthogonal dcgan
  default]]):gmatch "%S+" do needs["gan.nn.initial." .. name] = {net()} end
for name in ([[xflip rotate90 translate scale rotate anisotropic_scale fractional_translate brightness contrast
  luma_flip hue saturation band1 band2 band3 band4 noise cutout]]):gmatch "%S+" do
  needs["gan.augment." .. name] = {1}
end
for name in ("sum mean var max min norm argmax argmin logsumexp"):gmatch "%S+" do needs["gan." .. name] = {x} end

-- Name -> the arguments before a random stream.
local before = {["gan.dropout"] = {x, 0.5}, ["gan.latent.other_labels"] = {gan.full({2}, 0, "i32"), 3}}

-- Class -> f() -> an object of it, for methods with options.
local objects = {
  Lazy = function() return gan.penalty.lazy(print, 4) end,
  Custom = function() return gan.data.ring {} end,
  Run = function()
    local arg = {[0] = "x.lua", "--data", "fake", "--limit", "8", "--batch", "4", "--steps", "1"}
    return gan.train.run {arg = arg, recorder = gan.train.recorder.silent()}
  end,
}

-- Options that take anything, or that another function checks.
local free = {}
for option in ("size channels fit background exif stretch_range skip_bad cache limit"):gmatch "%S+" do
  free["data.train_test." .. option] = true
end
free["show.plot.svg.columns"], free["show.plot.svg.panels"] = true, true -- of several plots

local function entries(folder, out)
  for file in lfs.dir(folder) do
    local path = folder .. file
    if file:sub(1, 1) ~= "." and lfs.attributes(path, "mode") == "directory" then entries(path .. "/", out)
    elseif file:find "%.lua$" then
      local read = manual.read(path)
      for _, e in ipairs(read.kind == "module" and read.entries or {}) do out[#out + 1] = e end
    end
  end
  return out
end

-- Names of parameters that are tables of options.
local tables = {opt = true, options = true, spec = true, about = true, hooks = true}

-- name -> {place of the table of options, names of the options}, of functions that have one; and all random streams
-- that functions take: {name, place, name of the argument}, or {name, option =}.
local functions, names, streams = {}, {}, {}
for _, e in ipairs(entries(ROOT, {})) do
  local place, options, places = nil, {}, {}
  local found = e.name and (e.name:find "^gan%." or objects[e.name:match "^(%a+):"])
  for _, param in ipairs(e.params) do
    local of, option = param.name:match "^(%l+)%.(.+)$"
    if found and param.type == "Stream" then
      streams[#streams + 1] = {e.name, not of and #places + 1 or nil, param.name, option = option}
    end
    if of then
      place = tables[of] and places[of] or place
      if not option:find "^%d" then options[#options + 1] = option end
    else
      places[#places + 1], places[param.name] = param.name, #places + 1
      if param.name == "opt" or param.name == "options" then place = #places end
    end
  end
  if place and found then
    functions[e.name] = {place = place, options = options}
    names[#names + 1] = e.name
  end
end
table.sort(names)

-- Finds a function by its name; a method as a function of all but its object.
local function find(name)
  local class, method = name:match "^(%a+):([%w_]+)$"
  if class then
    local object = objects[class]()
    return function(...) return object[method](object, ...) end
  end
  local f = gan
  for word in name:gmatch "[^.]+" do if word ~= "gan" then f = f[word] end end
  return f
end

-- Calls a function with an option more, and returns its error.
local function error_of(name, option, value)
  local place, args = functions[name].place, {}
  for i, v in pairs(needs[name] or {}) do args[i] = v end
  local opt = {}
  for k, v in pairs(args[place] or {}) do opt[k] = v end
  opt[option] = value
  args[place] = opt
  local f = find(name)
  local ok, message = pcall(function() f(table.unpack(args, 1, place)) end)
  return not ok and tostring(message) or "no error"
end

local function begins(name, message)
  local head = message:match "^spec/options_spec.lua:%d+: ([%w_.:]+): "
  return head == name:gsub("^gan%.", "") and message:gsub("^[^ ]* [^ ]* ", "") or nil
end

-- Functions that take options out of a table with others.
local choosy = {["gan.game.standard"] = true}
-- Functions that hand all their options on, and speak in the name of what takes them.
local handing = {["gan.loss.open"] = true, ["gan.data.options.batches"] = true}

describe("options", function()
  it("are known of many functions", function() assert.is_true(#names > 100) end)

  for _, name in ipairs(names) do
    if handing[name] then goto next end
    it("of " .. name .. " are told from others", function()
      if choosy[name] then return end
      local word = functions[name].options[1]
      local wrong = word and #word > 2 and word .. "q" or "qqqqqq"
      local message = error_of(name, wrong, 1)
      local rest = begins(name, message)
      assert.truthy(rest, message)
      local want = ("unknown option '%s'"):format(wrong)
      assert.equal(want, rest:sub(1, #want))
      if wrong ~= "qqqqqq" then assert.truthy(rest:find(" (did you mean '", 1, true), message) end
    end)

    for _, option in ipairs(functions[name].options) do
      it("of " .. name .. " refuse what " .. option .. " cannot be", function()
        if free[name:gsub("^gan%.", "") .. "." .. option] then return end
        local message = error_of(name, option, io.stdout)
        local rest = begins(name, message)
        assert.truthy(rest, message)
        assert.truthy(rest:find(("^option '%s': expected .+, got userdata"):format(option)), message)
      end)
    end
    ::next::
  end

  it("take the streams of gan.rng alone", function()
    assert.is_true(#streams > 40)
    local function nothing() return x end
    local alike = {uniform = nothing, normal = nothing, integer = nothing, permutation = nothing}
    for _, s in ipairs(streams) do
      local name, place, argument, option = s[1], s[2], s[3], s.option
      for _, wrong in ipairs {io.stdout, alike} do
        local expected, message
        if option then
          expected, message = ("option '%s': expected a random stream"):format(option), error_of(name, option, wrong)
        else
          local args = table.pack(table.unpack(before[name] or {}))
          args[place] = wrong
          expected = ("bad argument #%d '%s' (expected a random stream"):format(place, argument)
          message = select(2, pcall(find(name), table.unpack(args, 1, place + 1)))
        end
        assert.truthy(tostring(message):find(expected, 1, true), name .. ": " .. tostring(message))
      end
    end
  end)
end)
