-- Shows what each choice is worth: plays configurations over several seeds, on Gaussians in the plane or on images, and
-- writes a table and plots.
--
--   lua experiments/ablation.lua --group methods,adam                      8 Gaussians on a ring
--   lua experiments/ablation.lua --group methods --data ring25             25 on a grid
--   lua experiments/ablation.lua --group methods --data FASHION-MNIST --features CLASSIFIER --steps 1000
--   lua experiments/ablation.lua --group little --data FASHION-MNIST --limit 1000 --features CLASSIFIER
--   lua experiments/ablation.lua --group stacked --data MNIST --stacked --features CLASSIFIER --steps 6000
--
-- Every run is a process of one thread, and a line in OUT/results.jsonl: the same command goes on where it was stopped,
-- and takes from there what other groups have played.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"
local check = require "gan.check"
local core = require "gan.core"
local lfs = require "lfs"
local command, evaluate, json = gan.command, gan.measure.evaluate, gan.file.json
local choice, plot, ring = gan.game.choice, gan.show.plot, gan.game.ring

-- ---- the configurations ----

-- What all share, before a configuration's own fields: the plain GAN. Fields are those of gan.game.ring, which images
-- take too. `times`: so many times the steps.
local base = {
  ring = {batch = 128},
  images = {
    batch = 64, z = 64, ngf = 16, ndf = 16, lr = 2e-4, beta1 = 0.5, beta2 = 0.999, gnorm = "batch", init = "dcgan",
    ema_kimg = 32,
  },
  stacked = {batch = 64, z = 100, ngf = 32, ndf = 32, beta1 = 0, beta2 = 0.99, lr = "cosine:1e-3:5e-5",
    gnorm = "batch", init = "dcgan", ema_kimg = 32},
}
for _, name in ipairs {"loss", "penalty", "activation", "z", "ngf", "ndf", "lr", "beta1", "beta2"} do
  base.ring[name] = ring.classic[name]
end

-- What ring.lua had recommended before R1 and R2 were taken together.
local cured = {
  "spectral + R1, weight 3, orthogonal, leak 0.1",
  norm = "spectral", penalty = "r1", gamma = 3, init = "orthogonal", slope = 0.1, on = "ring",
}

-- A configuration of ring.lua's defaults, with other fields.
local function ours(label, more)
  local out = {label, on = "ring"}
  for _, name in ipairs {"z", "ngf", "ndf", "lr", "beta1", "beta2"} do out[name] = ring.defaults[name] end
  out.loss, out.penalty, out.activation = "rp", "r1_r2", "tanh"
  for k, v in pairs(more or {}) do out[k] = v end
  return out
end

-- DCGAN as the library has it, and what images gain by each part of the modern games.
local slow = {lr = 2e-4, beta1 = 0.5, beta2 = 0.999, norm = "batch"}
local function with(fields, label, more)
  local out = {label}
  for k, v in pairs(fields) do out[k] = v end
  for k, v in pairs(more or {}) do out[k] = v end
  return out
end
local fast = {lr = 1e-3, beta1 = 0, on = "images"}

-- Few images: start.lua's game, and what is done against a D that knows them by heart. p moves in a fifth of the usual
-- number of images, for runs are short.
local started = {lr = 1e-3, beta1 = 0, beta2 = 0.9, loss = "hinge", norm = "spectral", on = "images"}
local quick = 100

-- Groups of {label, field = value, ...}; the first is what the others are compared with. `on`: not on the other ground.
local groups = {
  methods = {
    {"plain"},
    {"minibatch discrimination", minibatch = "discrimination"},
    {"replay, pool of 5,000", replay = 5000, on = "ring"}, {"replay, pool of 512", replay = 512, on = "images"},
    {"batch norm in D", norm = "batch"},
    {"batch norm in G", gnorm = "batch", on = "ring"}, {"no batch norm in G", gnorm = "none", on = "images"},
    {"spectral norm", norm = "spectral"},
    {"R1", penalty = "r1", gamma = 1, on = "ring"}, {"R1", penalty = "r1", gamma = 10, on = "images"},
    {"spectral norm + R1", norm = "spectral", penalty = "r1", gamma = 1}, cured,
    {"WGAN-GP, 5 D steps", loss = "wgan", penalty = "gp", gamma = 10, beta1 = 0, beta2 = 0.9, dsteps = 5},
  },
  ksteps = {{"k = 1"}, {"k = 2", dsteps = 2}, {"k = 5", dsteps = 5}},
  batch = {
    {"128"}, {"16", batch = 16}, {"32", batch = 32}, {"64", batch = 64}, {"256", batch = 256}, {"512", batch = 512},
  },
  batch_images = {
    {"128"}, {"64, twice the steps", batch = 64, times = 2}, {"256, half the steps", batch = 256, times = 0.5},
    {"512, a quarter", batch = 512, times = 0.25},
    {"512, a quarter, lr x 2", batch = 512, times = 0.25, lr = 8e-3, on = "ring"},
  },
  adam = {
    {"beta1 0.5, beta2 0.999, lr 4e-3", on = "ring"}, {"beta1 0.5, beta2 0.999, lr 2e-4", on = "images"},
    {"beta1 0", beta1 = 0}, {"beta1 0.9", beta1 = 0.9}, {"beta2 0.9", beta2 = 0.9}, {"beta2 0.99", beta2 = 0.99},
    {"lr 1e-4", lr = 1e-4}, {"lr 5e-4", lr = 5e-4}, {"lr 1e-3", lr = 1e-3},
    {"lr 2e-3", lr = 2e-3, on = "ring"}, {"lr 8e-3", lr = 8e-3, on = "ring"},
    {"lr of D x 4", dlr = 1.6e-2, on = "ring"}, {"lr of D / 4", dlr = 1e-3, on = "ring"},
    {"lr of D x 4", dlr = 8e-4, on = "images"}, {"lr of D / 4", dlr = 5e-5, on = "images"},
  },
  init = {
    {"U(+-1/sqrt(fan in))", init = "default"}, {"normal 0.02", init = "dcgan"},
    {"Xavier", init = "xavier_normal"}, {"He", init = "he_normal"},
    {"orthogonal", init = "orthogonal"}, {"uniform 0.05, in D 0.005", init = "gan2014", on = "ring"},
  },
  activation = {
    {"leaky ReLU 0.2", activation = "leaky_relu"}, {"leak 0 (ReLU)", activation = "relu"},
    {"leak 0.05", activation = "leaky_relu", slope = 0.05},
    {"leak 0.1", activation = "leaky_relu", slope = 0.1}, {"leak 0.3", activation = "leaky_relu", slope = 0.3},
    {"tanh", activation = "tanh"}, {"ELU", activation = "elu", slope = 1}, {"swish", activation = "swish"},
  },
  decisive = {
    {"plain"}, {"minibatch discrimination", minibatch = "discrimination"},
    {"batch norm in D", norm = "batch"}, {"spectral norm", norm = "spectral"},
    {"R1", penalty = "r1", gamma = 1, on = "ring"}, {"R1", penalty = "r1", gamma = 10, on = "images"},
    {"spectral norm + R1", norm = "spectral", penalty = "r1", gamma = 1},
  },
  long = {{"plain"}, cured},
  modern = {
    ours("RpGAN + R1 + R2, tanh, 128 wide"), ours("gamma 0.01", {gamma = 0.01}),
    ours("RpGAN + R1", {penalty = "r1"}), ours("RpGAN", {penalty = "none"}),
    ours("GAN + R1 + R2", {loss = "ns"}), ours("GAN", {loss = "ns", penalty = "none"}),
    ours("RpGAN + R1 + R2, pack 2", {pack = 2}), ours("ReLU", {activation = "relu"}),
    ours("leaky ReLU 0.2", {activation = "leaky_relu"}),
    ours("hinge + spectral norm", {loss = "hinge", penalty = "none", norm = "spectral"}), {"plain", on = "ring"},
    cured,
    with(slow, "DCGAN", {on = "images"}), with(slow, "DCGAN, lr 1e-3", {lr = 1e-3, on = "images"}),
    with(fast, "hinge + spectral norm", {loss = "hinge", norm = "spectral", beta2 = 0.9}),
    with(fast, "RpGAN + spectral norm", {loss = "rp", norm = "spectral", beta2 = 0.9}),
    with(fast, "RpGAN + R1 + R2", {loss = "rp", penalty = "r1_r2", gamma = 0.2, beta2 = 0.99}),
    with(fast, "GAN + R1 + R2", {loss = "ns", penalty = "r1_r2", gamma = 0.2, beta2 = 0.99}),
  },
  stacked = {
    with(slow, "DCGAN"), with(slow, "DCGAN, pack 2", {pack = 2}),
    with(slow, "DCGAN, minibatch discrimination", {minibatch = "discrimination"}),
    with(slow, "DCGAN, step size of the games below", {lr = "cosine:1e-3:5e-5"}),
    {"hinge + spectral norm, 1.5 times the steps", loss = "hinge", norm = "spectral", beta2 = 0.9, times = 1.5},
    {"WGAN-GP, 5 D steps, a third of the steps", loss = "wgan", penalty = "gp", gamma = 10, lr = 1e-4, beta2 = 0.9,
      dsteps = 5, times = 1 / 3},
    {"RpGAN", loss = "rp"}, {"RpGAN + R1", loss = "rp", penalty = "r1", gamma = 1},
    {"RpGAN + R1 + R2", loss = "rp", penalty = "r1_r2", gamma = 1},
    {"GAN + R1 + R2", loss = "ns", penalty = "r1_r2", gamma = 1},
  },
  little = {
    with(started, "plain"), with(started, "mirror", {mirror = true}),
    with(started, "DiffAugment", {aug = "diffaug"}), with(started, "ADA", {aug = "ada", ada_kimg = quick}),
    with(started, "ramp to 0.3", {aug = "ramp", ada_kimg = quick}),
    with(started, "APA", {aug = "apa", ada_kimg = quick}),
    with(started, "ADA + LeCam", {aug = "ada", ada_kimg = quick, penalty = "lecam"}),
  },
}
for _, entry in ipairs(groups.stacked) do entry.on = "stacked" end
local order = {
  "methods", "ksteps", "batch", "batch_images", "adam", "init", "activation", "decisive", "long", "modern", "stacked",
  "little",
}
local all = "methods,ksteps,batch,batch_images,adam,init,activation"

-- ---- options ----

local must, stop, finish = gan.train.stop.script "ablation.lua"

local declared = command.declare(command.extend({
  {"group", "string", all, arg = "LIST", help = "which configurations: any of " .. table.concat(order, ", ")},
  {"seeds", "integer", 5, lo = 1, hi = 1000, help = "runs of each configuration, from seed 0"},
  {"steps", "integer", 2000, lo = 1, hi = 1000000000, help = "length of each run"},
  {"batch", "integer", nil, lo = 1, hi = 65536,
    help = "where a configuration does not say (default: 128, of images 64)"},
  {"width", "integer", nil, lo = 1, hi = 4096, help = "of both nets (default: 64, of images 16)"},
  {"features", "string", "random_conv", arg = "NAME|PATH", help = "the network that sees images: see evaluate.lua"},
  {"n", "integer", nil, lo = 10, hi = 1000000,
    help = "samples of a score, of each side (default: 2000, with --stacked 26000)"},
  {"points", "integer", nil, lo = 2, hi = 1000,
    help = "measure images so many times on the way, too, for curves over steps and over processor seconds"},
  {"stacked", "flag", false,
    help = "stack grey pictures of --data, all parts of it, in threes, and count their kinds by --features"},
  {"jobs", "integer", core.cores(), lo = 0, hi = 256,
    help = "runs at a time; 0: tables and plots of what has been played"},
  {"out", "string", "runs/ablation", arg = "DIR", help = "where results, tables and plots go"},
  {"job", "integer", nil, lo = 1, help = "play this line of OUT/jobs.jsonl (for the processes that the script starts)"},
}, gan.data.options.list {
  data = {[3] = "ring", arg = "NAME|PATH", help = "ring, ring25, or images: shapes, or a path as for dcgan.lua"},
  size = {[3] = 32, lo = 16, hi = 128}, limit = {lo = 2},
}))
local about = {name = "ablation.lua", summary = "Plays configurations over seeds; writes tables and plots."}
local opt, given = must(command.parse(declared, arg, about))
local points = {ring = 8, ring25 = 25}
local ground = points[opt.data] and "ring" or opt.stacked and "stacked" or "images"
opt.n = opt.n or ground == "stacked" and 26000 or 2000
if ground == "ring" and opt.points then stop("--points: is for images, the ring has ten") end
if ground == "ring" and opt.stacked then stop("--stacked: is for images, --data is %s", opt.data) end
for name in pairs(ground == "ring" and gan.data.options.of(opt) or {}) do
  if given[name] then stop("--%s: is for images, --data is %s", (name:gsub("_", "-")), opt.data) end
end

-- ---- one run ----

local function curve_of(list)
  local out = {}
  for i, s in ipairs(list) do out[i] = {s.step, s.modes, s.quality} end
  return out
end

local function play_ring(job)
  local how = {
    seed = job.seed, steps = job.steps, decay = job.steps, every = math.max(1, job.steps // 10), samples = job.n,
    modes = points[job.data],
  }
  for k, v in pairs(job.config) do how[k] = v end
  local r = ring.run(how)
  return {modes = r.modes, quality = r.quality, kl = r.kl, curve = curve_of(r.curve)}
end

-- The data, what is measured of them, and by which network. The real side is all of the data, also where --limit leaves
-- D a part: who repeats that part is no better for it.
local function open_images(job)
  local how = gan.data.options.of(job)
  if job.stacked then how.split, how.channels = how.split or "all", 1 end
  local set = must(gan.data.open(job.data, how))
  local features = must(gan.measure.features.open(job.features, {size = job.size, channels = set.channels}))
  if job.stacked then set = gan.data.stacked {digits = set, seed = job.seed} end
  local metrics = job.stacked and {"modes"} or {"fid", "kid", "pr", "diversity"}
  local session = evaluate.new {features = features, metrics = metrics}
  local whole = set
  if how.limit then
    how.limit = nil
    whole = must(gan.data.open(job.data, how))
    if job.stacked then whole = gan.data.stacked {digits = whole, seed = job.seed} end
  end
  must(session:set_real(must(evaluate.of_set(whole, {n = math.min(job.n, whole.n)}))))
  return set, session, tostring(features)
end

-- A session's results as a run's: name -> number.
local function numbers_of(results)
  local out = {}
  for _, r in ipairs(results) do
    out[r.metric] = r.metric == "diversity" and r.value / r.reference or r.value
    if r.metric == "kl" then out.real_kl, out.fair_kl = r.reference, r.fair end
  end
  return out
end

local function play_images(job)
  local c = {
    loss = "ns", penalty = "none", norm = "none", minibatch = "none", dsteps = 1, lazy = 1, pack = 1, replay = 0,
    noise = 0, decay = 0,
  }
  for k, v in pairs(job.config) do c[k] = v end
  for _, name in ipairs {"lr", "dlr", "glr", "beta1", "beta2", "gamma", "p"} do
    if c[name] then c[name] = gan.schedule.open(c[name], {steps = job.steps, batch = c.batch * c.dsteps}) end
  end
  local set, session, features = open_images(job)
  local streams = {}
  local function stream(name)
    streams[name] = streams[name] or core.rng(job.seed, name)
    return streams[name]
  end
  local both = {size = job.size, channels = set.channels, init = c.init, activation = c.activation, slope = c.slope}
  local function net(kind, own)
    for k, v in pairs(both) do own[k] = v end
    return gan.model.dcgan[kind](own)
  end
  local G = net("generator", {z = c.z, ngf = c.ngf, norm = c.gnorm, rng = stream "init.G"})
  local _, for_D = choice.nets(c)
  for_D.ndf, for_D.rng = c.ndf, stream "init.D"
  local game = ring.rules(c, stream)
  local parts = gan.game.augmented.of(c, c.batch * c.pack * c.dsteps)
  game.augment, game.deceive, game.rng = parts.augment, parts.deceive, game.rng or stream "augment"
  local loader <close> = gan.data.batches(set, {batch = c.batch * c.pack, seed = job.seed, mirror = c.mirror})
  game.G, game.D, game.batch = G, net("discriminator", for_D), loader
  local loop = gan.game.loop.new(gan.game.standard(game, c, stream))
  local parts_of_run, spent, curve = job.points or 1, 0, {}
  local numbers
  for i = 1, parts_of_run do
    local began = os.clock()
    for step = job.steps * (i - 1) // parts_of_run + 1, job.steps * i // parts_of_run do loop:step(step) end
    spent = spent + os.clock() - began
    numbers = numbers_of(must(session:measure(evaluate.of_net(G, {n = job.n, z = c.z, ema = game.ema}))))
    curve[i] = {job.steps * i // parts_of_run, spent, numbers.fid or numbers.kl, numbers.kid or numbers.modes}
  end
  numbers.features, numbers.training, numbers.curve = features, spent, job.points and curve or nil
  return numbers
end

local function lines_of(path)
  local out = {}
  if lfs.attributes(path) then for line in io.lines(path) do out[#out + 1] = line end end
  return out
end

local results_path, jobs_path = opt.out .. "/results.jsonl", opt.out .. "/jobs.jsonl"

if opt.job then
  local job = must(json.decode(lines_of(jobs_path)[opt.job] or ""))
  core.threads(1)
  local began, began_cpu = core.clock(), os.clock()
  local result = (points[job.data] and play_ring or play_images)(job)
  result.key, result.cpu, result.seconds = json.encode(job), os.clock() - began_cpu, core.clock() - began
  local f = must(io.open(results_path, "a"))
  must(f:write(json.encode(result) .. "\n"))
  f:close()
  print(opt.job)
  if not io.stdout:flush() then os.exit(255) end -- who plays all runs is gone: xargs plays no more
  return
end

-- ---- all runs ----

-- What a configuration is, without its name: what two groups share is played once.
local function job_of(entry, seed)
  local config = {}
  for k, v in pairs(base[ground]) do config[k] = v end
  config.batch = opt.batch or config.batch
  if opt.width then config.ngf, config.ndf = opt.width, opt.width end
  for k, v in pairs(entry) do if type(k) == "string" and k ~= "on" and k ~= "times" then config[k] = v end end
  local defaults = {init = "default", slope = 0.2}
  for k, v in pairs(ground == "ring" and defaults or {}) do if config[k] == v then config[k] = nil end end
  local steps = math.max(1, math.floor(opt.steps * (entry.times or 1)))
  local job = {config = config, data = opt.data, seed = seed, steps = steps, n = opt.n}
  if ground ~= "ring" then
    job.size, job.features, job.stacked = opt.size, opt.features, opt.stacked or nil
    job.points = opt.points
    for name, v in pairs(gan.data.options.of(opt)) do if given[name] then job[name] = v end end
  end
  return job
end

local chosen = {}
for name in opt.group:gmatch "[^,%s]+" do
  if not groups[name] then stop("--group: expected any of %s, got '%s'", table.concat(order, ", "), name) end
  local list = {name = name}
  for _, entry in ipairs(groups[name]) do if not entry.on or entry.on == ground then list[#list + 1] = entry end end
  chosen[#chosen + 1] = list
end
if not chosen[1] then stop("--group: expected any of %s", table.concat(order, ", ")) end

must(gan.file.text.make_folder(opt.out))
gan.file.text.leftovers(opt.out, true) -- of one that was killed

local function results()
  local found = {}
  local f = io.open(results_path, "r+")
  if f then
    if f:seek "end" > 0 and f:seek("end", -1) and f:read(1) ~= "\n" then f:write "\n" end
    f:close()
  end
  for _, line in ipairs(lines_of(results_path)) do
    local r = json.decode(line) -- a killed process may have left half a line
    if type(r) == "table" and r.key then found[r.key] = r end
  end
  return found
end

-- Seed by seed: what is there when it is stopped can be compared.
local found, todo, total = results(), {}, 0
for seed = 0, opt.seeds - 1 do
  for _, list in ipairs(chosen) do
    for _, entry in ipairs(list) do
      local key = json.encode(job_of(entry, seed))
      total = total + 1
      if not found[key] then
        found[key] = true
        todo[#todo + 1] = key
      end
    end
  end
end
-- Without jobs the list stays: it may be that of a command that is playing.
if opt.jobs > 0 then must(gan.file.text.write(jobs_path, table.concat(todo, "\n") .. "\n")) end
print(("%s, %d to be played, %d at a time"):format(check.count(total, "run"), #todo, opt.jobs))

local lua, i = arg[-1], -1
while arg[i - 1] do i = i - 1 lua = arg[i] end
if #todo > 0 and opt.jobs > 0 then
  local numbers = {}
  for k = 1, #todo do numbers[k] = k end
  local began, done = core.clock(), 0
  local line = "echo '%s' | OPENBLAS_NUM_THREADS=1 xargs -P %d -n 1 %s %s --out %s --job"
  local players = must(io.popen(line:format(
    table.concat(numbers, "\n"), opt.jobs, command.shell {lua}, command.shell {arg[0]}, command.shell {opt.out})))
  for _ in players:lines() do
    done = done + 1
    local seconds = core.clock() - began
    print(("%d of %d, %s left"):format(done, #todo, gan.quantities.time(seconds / done * (#todo - done))))
    io.flush()
  end
  players:close()
  if done < #todo then
    local lost = check.count(#todo - done, "run")
    io.stderr:write(("ablation.lua: %s failed; the same command tries again\n"):format(lost))
  end
  found = results()
end

-- ---- the table ----

-- By degrees of freedom: so many standard errors apart, two means differ by chance in 5 % of cases (Student's t,
-- two-sided). More of them count as 8.
local SURE = {12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31}

local columns = ground == "ring" and {
  {"modes", "modes", "%.1f"}, {"quality", "high-quality share", "%.3f"}, {"kl", "KL", "%.2f"},
  {"lost", "modes lost", "%.1f"}, {"cpu", "CPU s", "%.0f"},
} or ground == "stacked" and {
  {"modes", "modes", "%.1f"}, {"kl", "KL", "%.3f"}, {"real_kl", "KL of real stacks", "%.3f"},
  {"training", "CPU s of training", "%.0f"},
} or {
  {"kid", "KID", "%.3f"}, {"fid", "FID", "%.2f"}, {"precision", "precision", "%.2f"}, {"recall", "recall", "%.2f"},
  {"diversity", "diversity", "%.2f"}, {"cpu", "CPU s", "%.0f"},
}
local without_deviation = {cpu = true, training = true, real_kl = true}

local function mean_of(values)
  local sum, square = 0, 0
  for _, v in ipairs(values) do sum = sum + v end
  local mean = sum / #values
  for _, v in ipairs(values) do square = square + (v - mean) ^ 2 end
  return mean, #values > 1 and math.sqrt(square / (#values - 1)) or nil
end

-- The runs that there are of a configuration.
local function runs_of(entry)
  local out = {}
  for seed = 0, opt.seeds - 1 do
    local r = found[json.encode(job_of(entry, seed))]
    if type(r) == "table" then
      local most = 0
      for _, s in ipairs(r.curve or {}) do most = math.max(most, s[2]) end
      r.lost = r.modes and most - r.modes
      out[#out + 1] = r
    end
  end
  return out
end

local function values_of(runs, field)
  local out = {}
  for _, r in ipairs(runs) do out[#out + 1] = tonumber(r[field]) end -- what is not finite was written as null
  return out
end

-- A star where a mean is further from the first configuration's than chance explains. Of one run, or of runs that are
-- all alike on both sides, nobody knows what chance does: no star.
local function star(a, b)
  if #a < 2 or #b < 2 then return "" end
  local m, s = mean_of(a)
  local m2, s2 = mean_of(b)
  local free = (s > 0 and #a - 1 or 0) + (s2 > 0 and #b - 1 or 0)
  if free == 0 then return "" end
  return math.abs(m - m2) > SURE[math.min(free, #SURE)] * math.sqrt(s * s / #a + s2 * s2 / #b) and " *" or ""
end

-- The rows of a group's table, the head first.
local function rows_of(list)
  local head, first = {list.name, "runs"}, runs_of(list[1])
  for _, c in ipairs(columns) do head[#head + 1] = c[2] end
  local out = {head}
  for k, entry in ipairs(list) do
    local runs = runs_of(entry)
    local row = {entry[1], tostring(#runs)}
    for _, c in ipairs(columns) do
      local values = values_of(runs, c[1])
      local mean, deviation = mean_of(values)
      local sign = k > 1 and star(values, values_of(first, c[1])) or ""
      row[#row + 1] = #values == 0 and "-" or (without_deviation[c[1]] or not deviation) and c[3]:format(mean)
        or ("%s ± %s%s"):format(c[3]:format(mean), c[3]:format(deviation), sign)
    end
    out[#out + 1] = row
  end
  return out
end

local function markdown(rows)
  local out = {}
  for k, row in ipairs(rows) do
    out[#out + 1] = "| " .. table.concat(row, " | ") .. " |"
    if k == 1 then out[2] = ("|---"):rep(#row) .. "|" end
  end
  return table.concat(out, "\n") .. "\n"
end

-- ---- the plots ----

-- A panel of curves: means over a configuration's runs of columns x and y of its curve.
local function curves_of(list, panel, x, y)
  panel.series, panel.width, panel.height = {}, 480, 360
  for k, entry in ipairs(list) do
    local xs, ys = {}, {}
    for _, r in ipairs(runs_of(entry)) do
      for m, s in ipairs(r.curve or {}) do
        xs[m], ys[m] = xs[m] or {}, ys[m] or {}
        table.insert(xs[m], s[x])
        table.insert(ys[m], s[y])
      end
    end
    for m in ipairs(xs) do xs[m], ys[m] = mean_of(xs[m]), mean_of(ys[m]) end
    if xs[1] then
      panel.series[#panel.series + 1] = {name = entry[1], x = xs, y = ys, dash = k > 7, points = false}
    end
  end
  return panel
end

-- Curves over the steps; of images that were measured on the way, over processor seconds, too; of others the two
-- numbers of each configuration against each other.
local function panels_of(list)
  if ground == "ring" then
    local mean = "mean over seeds"
    return {
      curves_of(list, {title = list.name .. ": modes found", x = "step",
        y = {label = mean, from = 0, to = points[opt.data]}}, 1, 2),
      curves_of(list, {title = list.name .. ": high-quality share", x = "step",
        y = {label = mean, from = 0, to = 1}}, 1, 3),
    }
  end
  local names = ground == "images" and {"FID", "KID"} or {"KL", "modes"}
  if opt.points then
    local out = {}
    for n, name in ipairs(names) do
      for x, label in ipairs {"step", "processor seconds of training"} do
        out[#out + 1] = curves_of(list, {title = ("%s: %s"):format(list.name, name), x = label,
          y = {label = name, log = name ~= "modes"}}, x, 2 + n)
      end
    end
    return out
  end
  local x, y = table.unpack(ground == "images" and {"kid", "recall"} or {"kl", "modes"})
  local panel = {
    title = list.name, x = {label = x:upper() .. " (lower is better)"}, y = {label = y .. " (higher is better)"},
    series = {}, width = 640, height = 420,
  }
  for k, entry in ipairs(list) do
    local runs = runs_of(entry)
    if #runs > 0 then
      panel.series[#panel.series + 1] = {
        name = entry[1], x = values_of(runs, x), y = values_of(runs, y), line = false,
        colour = k == 8 and "#9a7d0a" or nil,
      }
    end
  end
  return {panel}
end

local text, shown = {}, {}
for _, list in ipairs(chosen) do
  local rows = rows_of(list)
  text[#text + 1], shown[#shown + 1] = markdown(rows), command.table(rows) .. "\n"
  local path = ("%s/%s-%s.svg"):format(opt.out, opt.data:match "([^/]*)/*$", list.name)
  must(plot.save(path, {panels = panels_of(list), columns = 2}))
end
text = table.concat(text, "\n")
must(gan.file.text.write(("%s/%s.md"):format(opt.out, opt.data:match "([^/]*)/*$"), text))
io.write("\n", core.isatty(1) and table.concat(shown, "\n") or text)
finish()
