-- Arithmetic on latent vectors, a - b + c: three averages of pictures that you chose, and what comes of them.
-- Radford et al., arXiv:1511.06434, sec. 6.3.2. Look for seeds with generate.lua --grid first.
--
--   lua experiments/arithmetic.lua --run runs/demo --a 3,17,20 --b 1,5,9 --c 2,8,30     runs/demo/arithmetic.png
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local command, latent, painter = gan.command, gan.latent, gan.show.painter

local must, stop, finish = gan.train.stop.script "arithmetic.lua"

local function group(name, what)
  return {name, "string", nil, arg = "LIST",
    help = ("seeds of pictures %s; three lie in the prior as they are"):format(what)}
end
local declared = command.declare(command.extend({
  group("a", "that have something"), group("b", "that are like them without it"), group("c", "that are to get it"),
  {"rescale", "flag", true, negatable = true, help = "to the lengths of latent vectors, where not three a group"},
  {"class", "string", nil, arg = "CLASS", help = "of a conditional run: the class, by its name or as #3 (default: #0)"},
}, painter.options "arithmetic.png"))
local about = {name = "arithmetic.lua", summary = "Draws a - b + c of latent vectors."}
local opt = must(command.parse(declared, arg, about))
local paint = must(painter.open(opt, gan.train.trained.open))
local y, drawn, why = paint:label(opt.class)
if why then stop("%s", why) end
local z, rows = {}, 0
for i, name in ipairs {"a", "b", "c"} do
  if not opt[name] then stop("--%s is missing: seeds, such as 3,17,20", name) end
  z[i] = must(paint:seeds("--" .. name, opt[name]))
  rows = math.max(rows, #z[i])
end
local sum, means = latent.arithmetic(z[1], z[2], z[3], {rescale = opt.rescale})

-- A column for each group, below it its average, and right of these the result.
local h, w, c = table.unpack(paint.shape)
local blank, list = gan.full({1, h, w, c}, 1), {}
for r = 1, rows + 1 do
  for i = 1, 3 do
    local from = r <= rows and z[i] or means[i]:unsqueeze(1)
    local at = r <= rows and r or 1
    list[#list + 1] = at <= #from and paint:images(from:narrow(1, at, 1), y) or blank
  end
  list[#list + 1] = r > rows and paint:images(sum:unsqueeze(1), y) or blank
end
local path = must(paint:sheet(opt.out, "arithmetic.png", gan.ops.cat(list, 1), 4))
print(check.shown(("%s: a, b, c, their averages below, a - b + c at the right%s, step %d"):format(path, drawn,
  paint.step)))
finish()
