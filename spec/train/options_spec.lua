-- Options of training scripts: ranges, the length of a run, and what may change when it goes on.
local command = require "gan.command"
local json = require "gan.file.json"
local options = require "gan.train.options"
local progress = require "gan.game.progress"

local declared = command.declare(options.training, {lr = 1e-3}, {size = {16, 32, 64, 128}})
local function parse(line)
  local words = {}
  for w in line:gmatch "%S+" do words[#words + 1] = w end
  return command.parse(declared, words, {name = "test.lua", summary = "a test"})
end

describe("train.options", function()
  it("have their ranges, and names of before", function()
    local o = parse "--nz 7 --keep 3 --kimg 1e3 --ema-kimg=0"
    assert.same({7, 3, 1000.0, 0, 1e-3, nil}, {o.z, o.snapshots, o.kimg, o.ema_kimg, o.lr, o.steps})
    for line, message in pairs {
      ["--ema-kimg -1"] = "--ema-kimg: expected a number >= 0 and <= 1e+09",
      ["--ema 0.999"] = "--ema has become --ema-kimg: half-life of G's average, which pictures",
      ["--ema=0"] = "--ema has become --ema-kimg: half-life",
      ["--seed -1"] = "--seed:", ["--threads 65"] = "--threads:",
      ["--snap -1"] = "--snap:", ["--blocks 0"] = "--blocks:",
      ["--on-collapse cry"] = "--on-collapse: expected warn, stop or rollback, got 'cry'",
    } do
      local none, err = parse(line)
      assert.is_nil(none, line)
      assert.is_truthy(err:find(message, 1, true), err)
    end
  end)

  it("knows of runs from before that they had no average", function()
    local function now(stored) return assert(options.checked({options = stored}, "x", declared)).options.ema_kimg end
    assert.same({0}, {now {ema = 0}})
    assert.same({nil}, {now {ema = 0.99}}) -- it goes on with the half-life that is asked for
    assert.same({5.0}, {now {ema = 0, ema_kimg = 5.0}})
  end)

  it("counts steps", function()
    local function steps(line, n)
      local o, given = parse(line)
      return assert(options.check(o, given, declared)) and progress.total_steps(o, n)
    end
    assert.equal(5000, steps("", 371)) -- 25 passes would be 145
    assert.equal(5000, steps("", 12800))
    assert.equal(5001, steps("", 12803))
    assert.equal(3906, steps("--epochs 25", 10000))
    assert.same({5000, true}, {progress.total_steps({batch = 64}, 371)})
    assert.same({145, false}, {progress.total_steps({batch = 64, epochs = 25}, 371)})
    assert.same({9, false}, {progress.total_steps({batch = 64, steps = 9}, 371)})
    assert.equal(7, steps("--steps 7", 10000))
    assert.equal(157, steps("--epochs 1", 10032))
    assert.equal(1, steps("--epochs 0.0001", 100))
    assert.equal(63, steps("--kimg 8 --dsteps 2", 10))
    local _, given = parse "--steps 3 --kimg 4"
    assert.same({nil, "--steps and --kimg: give one of them"}, {options.check({batch = 64}, given)})
  end)

  it("tells what may not change", function()
    local old, new = parse "--lr 1e-4", parse "--lr 1e-4 --steps 9 --threads 1 --snap 3 --keep 1 --outdir x --name y"
    assert.same({nil, {}}, {command.difference(declared, old, new)})
    assert.equal("was started with --lr 0.0001, now 0.001 (--change lr lets it change)",
      command.difference(declared, old, (parse "")))
    old.batch = 64.0 -- as JSON gives it back
    assert.is_nil(command.difference(declared, old, new))
    assert.equal("was started with --limit unset, now 5",
      command.difference(declared, old, (parse "--lr 1e-4 --limit 5")))
    local packed = json.decode(json.encode(command.fixed(declared, new)))
    assert.is_nil(packed.steps)
    assert.equal(1e-4, packed.lr)
    assert.equal("integer", math.type(packed.batch))
  end)

  it("lets a length that is given take the place of a recipe's own", function()
    local own = command.declare(options.training, {steps = 12000})
    for line, expected in pairs {[""] = 12000, ["--kimg 6.4"] = 100, ["--epochs 2"] = 20, ["--steps 9"] = 9} do
      local words = {}
      for w in line:gmatch "%S+" do words[#words + 1] = w end
      local o, given = command.parse(own, words, {name = "test.lua", summary = "a test"})
      assert(options.check(o, given, own))
      assert.equal(expected, (progress.total_steps(o, 640)), line)
    end
  end)

  it("lets step sizes change that --change names", function()
    local function check(line)
      local o, given = parse(line)
      return options.check(o, given, declared)
    end
    assert.is_true(check "--lr 1 --dlr 2 --change lr,dlr")
    assert.same({nil, "--change lr: give --lr, too"}, {check "--change lr"})
    assert.same({nil, "--change: 'batch' cannot be changed (can be: lr, dlr, glr)"}, {check "--batch 8 --change batch"})
    local old, new = parse "--lr 1", parse "--lr 2 --dlr 3 --change lr"
    assert.equal("was started with --dlr unset, now 3 (--change dlr lets it change)",
      command.difference(declared, old, new))
    new.change = "lr,dlr"
    local changed, told = command.difference(declared, old, new)
    assert.is_nil(changed)
    assert.same({{"lr", "1", "2"}, {"dlr", "unset", "3"}},
      {{told[1].option.name, told[1].was, told[1].is}, {told[2].option.name, told[2].was, told[2].is}})
    assert.is_nil(told[3])
  end)

  it("compares by former names, and not what is known otherwise", function()
    assert.is_nil(command.difference(declared, {image_size = 64, lr = 1e-3}, (parse "--size 64")))
    local new = parse "--data elsewhere"
    assert.equal("was started with --data shapes, now elsewhere", command.difference(declared, parse "", new))
    local changed, told = command.difference(declared, parse "", new, {data = true})
    assert.same({nil, "data", 1}, {changed, told[1].option.name, #told})
  end)

  it("cuts batches into blocks that divide them", function()
    assert.is_true(options.check({batch = 24, blocks = 8}, {}, declared))
    assert.is_true(options.check({batch = 24}, {}, declared)) -- a script without the option
    assert.same({nil, "--blocks: expected a power of two, got 6"}, {options.check({batch = 24, blocks = 6}, {})})
    assert.same({nil, "--blocks: 16 does not divide --batch 24"}, {options.check({batch = 24, blocks = 16}, {})})
  end)

  it("lets a run go on that did not know an option yet", function()
    local known = command.declare(options.training)
    local old, new = {}, {}
    for _, d in ipairs(known) do old[d.field], new[d.field] = d.default, d.default end
    old.blocks = nil
    assert.is_nil(command.difference(known, old, new))
    new.blocks = 2
    assert.equal("was started with --blocks 1, now 2", command.difference(known, old, new))
  end)
end)
