-- Runs as they lie on disk, for the pages that are made of them, without a training.
local core = require "gan.core"
local grid = require "gan.show.grid"
local json = require "gan.file.json"
local lfs = require "lfs"
local temp = require "spec.support.temp"

local M = {NASTY = [[a<b>&'q"]]} -- a name, and a text in it

--- Writes a run as it lies on disk: `records` of numbers, pictures of noise, and what `o` says. Returns its path.
function M.run(dir, name, o)
  local path = dir .. "/" .. name
  assert(lfs.mkdir(path))
  local lines, rng, size = {}, core.rng(3, "report"), o.size or 8
  for k = 1, o.records or 20 do
    local step = k * (o.every or 10)
    lines[k] = json.encode {step = step, total = o.total or 1000, seconds = k, eta = 50, memory = 1e8, epoch = k / 9,
      images_per_second = 100, D = 1 + math.sin(k), G = k == 7 and 0 / 0 or 2 + math.cos(k), real = 0.7, fake = 0.3,
      fake_after = 0.2, lr_D = 1e-3, lr_G = 1e-3, grad_D = k, grad_G = 1 / k, diversity = 0.8, nearest = 0.5,
      kimg = k / 10, health = k < 12 and "ok" or "D too strong", why = k < 12 and "" or "D(x) 1.000 <x>",
      ["own<i>"] = k} .. "\n"
  end
  lines[#lines + 1] = '{"step":50,"change":"lr","from":"0.1","to":"0.2"}\n{"step":60,"notice":"checkpoint <damaged>"}\n'
  temp.write(path .. "/stats.jsonl", table.concat(lines))
  temp.write(path .. "/metric-kid.jsonl", '{"metric":"kid","step":100,"value":0.5,"deviation":0.1,"n_fake":64}\n'
    .. '{"metric":"kid","step":200,"value":0.25,"deviation":0.05,"n_fake":64}\n')
  temp.write(path .. "/options.json", json.encode {recipe = "dcgan", version = o.version or "1", total_steps = 1000,
    options = {lr = o.lr or 0.5, name = M.NASTY, size = size, batch = 4, threads = 1, mirror = true},
    defaults = {lr = 0.25, batch = 4, mirror = false},
    networks = {G = "G <net>", D = "D"}, command = "lua5.4 experiments/dcgan.lua",
    conditional = true, environment = {lua = "Lua 5.4"}, data = {images = 9, height = size, width = size, channels = 3,
    checksum = "x", classes = {"cat <1>", 'dog "2"'}}})
  temp.write(path .. "/log.txt", "step 10/1000  D 1\nstep 200/1000  ok  0:00:20 eta 0:00:50  D 1\n" .. (o.log or ""))
  local function sheet(file, n, columns)
    assert(grid.save(path .. "/" .. file, rng:normal {n, size, size, 3}, {columns = columns}))
  end
  sheet("reals.png", o.tiles or 4, o.columns or 2)
  sheet("fakes_init.png", o.tiles or 4, o.columns or 2)
  for _, step in ipairs(o.pictures or {10, 50, 200}) do
    sheet(("fakes_%06d.png"):format(step), o.tiles or 4, o.columns or 2)
  end
  return path
end

return M
