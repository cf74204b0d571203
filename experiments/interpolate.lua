-- The space between latent vectors: a strip through some, the field between four, a closed loop as an animated PNG.
--
--   lua experiments/interpolate.lua --run runs/demo --seeds 3,14,15              runs/demo/strip.png
--   lua experiments/interpolate.lua --run runs/demo --mode field --seeds 3-6     runs/demo/field.png, four corners
--   lua experiments/interpolate.lua --run runs/demo --mode loop                  runs/demo/loop.png, animated
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local core = require "gan.core"
local lfs = require "lfs"
local command, latent, painter = gan.command, gan.latent, gan.show.painter

local must, stop, finish = gan.train.stop.script "interpolate.lua"

local declared = command.declare(command.extend({
  {"mode", "string", "strip", choices = {"strip", "field", "loop"},
    help = "strip: from seed to seed; field: between four; loop: an animated PNG that ends where it began"},
  {"seeds", "string", nil, arg = "LIST", help = "whose latent vectors (default: 0-3; of a loop a circle of its own)"},
  {"form", "string", "slerp", choices = {"slerp", "lerp"}, help = "of a strip: arcs, or straight lines"},
  {"steps", "integer", 7, lo = 1, hi = 1000, help = "of a strip: from one seed to the next"},
  {"columns", "integer", 9, lo = 1, hi = 200, help = "of a field"},
  {"rows", "integer", 9, lo = 1, hi = 200, help = "of a field"},
  {"loop", "string", "circle", choices = {"circle", "flat", "wander"},
    help = "of a loop without --seeds: a circle, one of equal lengths, or one that wanders"},
  {"seed", "integer", 0, lo = 0, help = "of a loop without --seeds: which; and of its tiles"},
  {"tiles", "integer", 9, lo = 1, hi = 400, help = "of a loop without --seeds: how many loops in one picture"},
  {"frames", "integer", nil, lo = 2, hi = 2000, help = "of a loop (default: one each 0.08 radians)"},
  {"fps", "number", 20, lo = 0.1, hi = 100, help = "of a loop: frames a second"},
  {"stills", "string", nil, arg = "DIR", help = "of a loop: its frames as pictures, too, for programs that make films"},
  {"class", "string", nil, arg = "CLASS", help = "of a conditional run: the class, by its name or as #3 (default: #0)"},
}, painter.options "strip.png, field.png or loop.png"))
local opt, given = must(command.parse(declared, arg, {name = "interpolate.lua",
  summary = "Draws what lies between latent vectors."}))
local paint = must(painter.open(opt, gan.train.trained.open))
local y, drawn, why = paint:label(opt.class)
if why then stop("%s", why) end
local z
if opt.seeds or opt.mode ~= "loop" then z = must(paint:seeds("--seeds", opt.seeds or "0-3", 2)) end
if opt.mode == "field" and core.size(z, 1) ~= 4 then stop("--seeds: a field has four corners, got %d", #z) end
if opt.stills and opt.mode ~= "loop" then stop "--stills belongs to --mode loop" end
if given.loop and z then stop "--loop belongs to --mode loop without --seeds" end

-- One closed path for each tile.
local function loops()
  if z then return {(latent.through(z, {frames = opt.frames}))} end
  local list = {}
  for i = 1, opt.tiles do
    local rng = gan.rng(opt.seed + i - 1, "loop")
    if opt.loop == "wander" then
      list[i] = latent.wander(rng:normal {2, paint.z}, rng:normal {2, paint.z}, {frames = opt.frames})
    else
      local flat = opt.loop == "flat" and paint.z > 1
      list[i] = latent.circle(rng:normal {paint.z}, rng:normal {paint.z}, {frames = opt.frames, flat = flat})
    end
  end
  return list
end

local path, told
if opt.mode == "loop" then
  local pictures, frames = {}, {}
  for i, ring in ipairs(loops()) do pictures[i] = paint:images(ring, y) end
  for k = 1, #pictures[1] do
    local row = {}
    for i, images in ipairs(pictures) do row[i] = images:narrow(1, k, 1) end
    frames[k] = gan.show.grid(gan.ops.cat(row, 1))
  end
  path = paint:place(opt.out, "loop.png")
  must(gan.show.animation.save(path, frames, {fps = opt.fps}))
  if opt.stills then
    if lfs.attributes(opt.stills, "mode") ~= "directory" then
      local ok, message = lfs.mkdir(opt.stills)
      if not ok then stop("--stills %s: cannot make the directory: %s", opt.stills, message) end
    end
    gan.file.text.leftovers(opt.stills, true)
    for k, frame in ipairs(frames) do must(gan.data.image.write(("%s/%06d.png"):format(opt.stills, k), frame)) end
  end
  told = ("%d frames of %s"):format(#frames, check.count(#pictures, "picture"))
else
  local columns, rows = opt.columns
  if opt.mode == "strip" then -- a row from each seed to the next
    local list = {}
    for i = 1, #z - 1 do list[i] = latent.path(z:narrow(1, i, 2), {steps = opt.steps, form = opt.form}) end
    rows, columns = gan.ops.cat(list, 1), opt.steps + 1
  else
    rows = latent.field(z, opt.rows, opt.columns)
  end
  path = must(paint:sheet(opt.out, opt.mode .. ".png", paint:images(rows, y), columns))
  told = check.count(#rows, "picture")
end
print(check.shown(("%s: %s%s, step %d"):format(path, told, drawn, paint.step)))
if opt.stills then
  local stills = "'" .. opt.stills:gsub("'", [['\'']]) .. "/%06d.png'"
  print(check.shown(("ffmpeg -framerate %g -i %s -pix_fmt yuv420p loop.mp4"):format(opt.fps, stills)))
end
finish()
