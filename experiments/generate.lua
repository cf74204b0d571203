-- Pictures from a trained run: one per seed, always the same for the same seed.
--
--   lua experiments/generate.lua --run runs/demo --grid                          one sheet: runs/demo/generated.png
--   lua experiments/generate.lua --run runs/demo --seeds 7,20-29 --out pictures  pictures/seed000007.png, ...
--   lua experiments/generate.lua --run runs/demo --seeds 7 --out seven.png       one picture
--   lua experiments/generate.lua --run runs/demo --grid --out sheet.svg          with their captions beneath
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local told = require "gan.model.told"
local lfs = require "lfs"
local command, grid, latent, text = gan.command, gan.show.grid, gan.latent, gan.file.text

local must, stop, finish = gan.train.stop.script "generate.lua"

local declared = command.declare {
  {"run", "string", nil, arg = "PATH", help = "a run's directory, or one of its checkpoints"},
  {"net", "string", nil, arg = "FILE.lua",
    help = "the Lua file that makes the run's generator, where one does; it is executed: the run's copy, or your own"},
  {"seeds", "string", "0-63", arg = "LIST", help = "which pictures, such as 0-63 or 7,20-29"},
  {"class", "string", nil, arg = "CLASS",
    help = "of a conditional run: the class of all pictures, by its name, or by its number from 0 as in #3 "
      .. "(default: by turns)"},
  {"caption", "string", nil, arg = "TEXT", help = "of a run of text_to_image.lua: what all pictures show, in quotes "
      .. "(default: captions that the run's own pictures have, by turns)"},
  {"attributes", "string", nil, arg = "LIST", help = "of a run of attributes.lua: what all pictures have, such as "
      .. "red,circle (default: those of the run's own pictures, by turns)"},
  {"layout", "string", nil, arg = "FILE.json", help = "of a run of layout_to_image.lua: which objects all pictures "
      .. "have, and where"},
  {"mask", "string", nil, arg = "FILE.png", help = "of a run of mask_to_image.lua or pix2pix.lua: the classes of all "
      .. "pictures' pixels, grey or palette"},
  {"trunc", "number", nil, lo = 0.01, hi = 100,
    help = "draw latent coordinates beyond this anew: 0.5 gives likelier, less varied pictures (default: the run's "
      .. "own --trunc, or none)"},
  {"grid", "flag", false, help = "one picture of all, instead of one each; with --out FILE.svg their captions beneath"},
  {"columns", "integer", nil, lo = 1, hi = 1000, help = "columns of the grid (default: as square as it goes)"},
  {"ema", "flag", true, negatable = true, help = "G's averaged weights, where the run has them"},
  {"standing", "integer", 0, lo = 0, hi = 10000, arg = "K",
    help = "take batch norm's statistics anew, of K batches of 128 (20 are enough); 0: those of training"},
  {"out", "string", nil, arg = "PATH",
    help = "the PNG file of the grid or of one picture, or the pictures' directory (default: 'generated' in the run)"},
  {"threads", "integer", gan.threads(), lo = 1, hi = 64, help = "threads"},
}
local about = {name = "generate.lua", summary = "Draws pictures with a trained generator."}
local opt = must(command.parse(declared, arg, about))
if not opt.run then stop "--run is missing: a run's directory, such as runs/demo" end
gan.threads(opt.threads)

local seeds, message = latent.seeds(opt.seeds)
if not seeds then stop("--seeds: %s", message) end

-- One file, or a directory of them: as --out says by its name, before anything is drawn.
local is_folder = opt.out and lfs.attributes(opt.out, "mode") == "directory"
local one_file = opt.grid or opt.out and not is_folder and #seeds == 1 and text.extension(opt.out)
local sheet = opt.grid and opt.out and text.extension(opt.out) == "svg"
if one_file and opt.out then
  if is_folder then stop("--out %s: is a directory; give --grid a file, such as %s/grid.png", opt.out, opt.out) end
  local ok, why = gan.data.image.named(opt.out)
  if not ok and not sheet then stop("--out %s", why) end
elseif opt.out and not is_folder and text.extension(opt.out) then
  stop("--out %s: %d pictures do not go into one file: give --grid for one sheet of them, or a directory", opt.out,
    #seeds)
end

local trained = must(gan.train.trained.open(opt.run, {net = opt.net}))
if trained.notice then io.stderr:write("generate.lua: warning: ", trained.notice, "\n") end
local z = must(check.try(latent.of_seeds, seeds, trained.options.z, opt.trunc or trained.options.trunc))
local y, texts, notice = told.of(trained, opt, seeds)
if y == false then stop("%s", texts) end
if sheet and not texts then stop("--out %s", (select(2, gan.data.image.named(opt.out)))) end
if notice then io.stderr:write("generate.lua: ", check.shown(notice), "\n") end
local drawn = opt.caption and ("'%s'"):format(opt.caption) or opt.attributes or opt.layout or opt.mask
if trained.classes then
  y, drawn = latent.labels(trained.classes, seeds, opt.class)
  if not y then stop("--class: %s", drawn) end
elseif opt.class then
  stop("--class: %s is not conditional", trained.path)
end
local images, why_not = check.try(function()
  local average = opt.ema and trained.ema or nil
  if opt.standing > 0 then
    average = gan.nn.standing(trained.G, {
      z = trained.options.z, batches = opt.standing, classes = trained.classes and #trained.classes, average = average,
      labels = texts and y or nil,
    })
  end
  return gan.nn.evaluate(trained.G, z, y, {average = average})
end)
if not images then stop("%s: cannot draw: %s", trained.path, why_not) end
if images:dim() ~= 4 then stop("%s: draws no pictures", trained.path) end

local columns = opt.columns
if opt.grid and not sheet and trained.condition and trained.condition.places then -- each beside what it was made of
  images = gan.show.conditions.beside(images, y)
  columns = 2 * (columns or math.ceil(math.sqrt(#seeds)))
end

local out = opt.out or gan.file.text.folder_of(trained.path) .. (opt.grid and "/generated.png" or "/generated")
text.leftovers((opt.grid or one_file) and text.folder_of(out) or out, true) -- of one that was killed
if sheet then
  must(gan.show.sheet.written(out, images, texts, {columns = columns}))
elseif opt.grid then
  must(grid.save(out, images, {columns = columns}))
elseif one_file then
  must(grid.save(out, images, {pad = 0}))
else
  if lfs.attributes(out, "mode") ~= "directory" then
    local ok, why = lfs.mkdir(out)
    if not ok then stop("%s: cannot make the directory: %s", out, why) end
  end
  for i, seed in ipairs(seeds) do
    must(grid.save(("%s/seed%06d.png"):format(out, seed), images:narrow(1, i, 1), {pad = 0}))
  end
end
print(check.shown(("%s: %s%s, step %d"):format(out, check.count(#seeds, "picture"), drawn and " of " .. drawn or "",
  trained.step)))
finish()
