-- Does a generator obey? Of a run on the built-in shapes: the part of its pictures that show the colour and the kind of
-- the first object that was asked for, as a classifier sees it that learns from other pictures, in this script; beside
-- what real pictures reach, and pictures that were asked for something else.
--
--   lua experiments/obedience.lua --run runs/NAME                 of text_to_image.lua, attributes.lua, ...
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local core = require "gan.core"
local command, conditions, latent, obedience = gan.command, gan.data.conditions, gan.latent, gan.measure.obedience

local must, stop, finish = gan.train.stop.script "obedience.lua"

local declared = command.declare {
  {"run", "string", nil, arg = "PATH", help = "a run's directory, or one of its checkpoints"},
  {"n", "integer", 2000, lo = 1, hi = 100000, help = "pictures that are asked for"},
  {"objects", "integer", nil, lo = 1, hi = 3,
    help = "most shapes in a picture that is asked for (default: 3; 1 where attributes do not tell which is first)"},
  {"count", "integer", 20000, lo = 2, hi = 1000000, help = "real pictures that the classifier learns from"},
  {"epochs", "integer", 5, lo = 1, hi = 1000, help = "passes over them"},
  {"width", "integer", 16, lo = 1, hi = 256, help = "channels of its first layers"},
  {"ema", "flag", true, negatable = true, help = "G's averaged weights, where the run has them"},
  {"seed", "integer", 0, lo = 0, hi = 1 << 31, help = "of the pictures, the latent vectors, the classifier"},
  {"threads", "integer", gan.threads(), lo = 1, hi = 64, help = "threads"},
}
local opt = must(command.parse(declared, arg, {name = "obedience.lua", summary = "Measures whether a run obeys."}))
if not opt.run then stop "--run is missing: a run's directory, such as runs/demo" end
gan.threads(opt.threads)
local trained = must(gan.train.trained.open(opt.run))
local condition = trained.condition
if not condition then stop("%s: its nets are told no captions and no attributes", trained.path) end
if trained.options.data ~= "shapes" then stop("%s: was not trained on shapes", trained.path) end

-- Pictures that neither the run nor the classifier learns from: of other seeds than --seed.
local size, far = trained.options.size, (opt.seed + 1) << 32
local real = gan.data.shapes {count = opt.count, size = size, seed = far + 1}
local asked = gan.data.shapes {count = opt.n, size = size, seed = far + 2,
  objects = opt.objects or condition.kind == "attributes" and 1 or 3}
local net = obedience.learn(real, {epochs = opt.epochs, width = opt.width, seed = opt.seed,
  told = function(epoch, loss) print(("classifier: epoch %d/%d  loss %.4f"):format(epoch, opt.epochs, loss)) end})

local rows, seeds = {}, {}
for i = 1, opt.n do rows[i], seeds[i] = i - 1, opt.seed * opt.n + i - 1 end
local labels, colours = obedience.labels(asked)
local y = must(conditions.of_set(condition, asked, {condition.kind}, core.tensor(rows, "i32")))
local images = gan.nn.evaluate(trained.G, latent.of_seeds(seeds, trained.options.z, trained.options.trunc), y,
  {average = opt.ema and trained.ema or nil})
local others = conditions.others(core.to_table(labels))
print(("%s, step %d: %d pictures; the part that shows what was asked for, and its 95 %% interval"):format(trained.path,
  trained.step, opt.n))
print(("%-32s %-22s %-22s %-22s"):format("", "colour and kind", "colour", "kind"))
for _, row in ipairs {
  {"pictures", images, labels}, {"real ones", gan.data.to_real(asked.images), labels},
  {"pictures, of another's caption", images, others and core.gather_rows(labels, others)},
} do
  if row[3] then
    local found, texts = obedience.count(net, row[2], row[3], colours), {}
    for k, what in ipairs {"both", "colour", "kind"} do
      texts[k] = ("%.4f %.4f-%.4f"):format(obedience.share(found[what], found.n))
    end
    print(("%-32s %-22s %-22s %-22s"):format(row[1], table.unpack(texts)))
  end
end
finish()
