-- The main job through the command line: runs, exact resuming, signals, and every wrong use with one line and exit
-- code 1.
local core = require "gan.core"
local gan = require "gan"
local json = require "gan.file.json"
local lfs = require "lfs"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local checkpoint = gan.file.safetensors

local SCRIPT = "experiments/dcgan.lua"
local TINY = "--data shapes --limit 40 --size 16 --ngf 2 --ndf 2 --z 8 --batch 4 --threads 1 "

local dir

local function run(words, opt) return script.run(SCRIPT, TINY .. "--outdir " .. dir .. " " .. words, opt) end

local function trained(words, opt)
  local code, out, err = run(words, opt)
  assert.equal("", err)
  assert.equal(0, code, out)
  return out
end

local function last(name) return dir .. "/" .. name .. "/checkpoint_last.safetensors" end
local function bytes(name) return temp.read(last(name)) end
local function step(name)
  local tree = checkpoint.load(last(name))
  return tree and tree.run.step
end

-- Wrong use: exit code 1 and one line that says `what`.
local function fails(words, what, opt)
  local code, _, err = run(words, opt)
  assert.equal(1, code, words .. "\n" .. err)
  assert.is_truthy(err:find(what, 1, true), ("%s\nexpected: %s\ngot: %s"):format(words, what, err))
  assert.equal("dcgan.lua: ", err:sub(1, 11))
  assert.equal(#err, err:find "\n", err)
end

local function everything(name)
  local all = {}
  for _, file in ipairs(temp.list(dir .. "/" .. name)) do all[file] = temp.read(dir .. "/" .. name .. "/" .. file) end
  return all
end

describe("dcgan.lua", function()
  setup(function()
    dir = temp.dir()
    trained "--name whole --steps 40 --snap 20"
  end)
  teardown(temp.clean)

  it("leaves a run behind", function()
    assert.same({
      "checkpoint_last.safetensors", "checkpoint_previous.safetensors", "fakes_000010.png", "fakes_000020.png",
      "fakes_000040.png", "fakes_init.png", "log.txt", "options.json", "reals.png", "report.html",
      "snapshot_000020.safetensors", "snapshot_000040.safetensors", "stats.jsonl",
    }, temp.list(dir .. "/whole"))
    local options = json.decode(temp.read(dir .. "/whole/options.json"))
    assert.equal(40, options.total_steps)
    assert.equal(2, options.options.ngf)
    assert.equal(0.5, options.options.beta1)
    assert.equal(1, options.options.threads)
    assert.is_string(options.version)
    local stats = {}
    for line in io.lines(dir .. "/whole/stats.jsonl") do stats[#stats + 1] = assert(json.decode(line)) end
    assert.equal(40, stats[#stats].step)
    for _, name in ipairs {"D", "G", "real", "fake", "fake_after", "seconds", "memory", "epoch", "kimg"} do
      assert.is_number(stats[#stats][name], name)
    end
    local log = temp.read(dir .. "/whole/log.txt")
    for _, text in ipairs {
      "*size 16", " lr 0.0006", "shapes (drawn): 40 images of 16x16", "step 40/40", "D(G(z))", "done: 40 steps",
    } do
      assert.is_truthy(log:find(text, 1, true), text)
    end
    local tree = assert(checkpoint.load(last "whole"))
    assert.equal(40, tree.run.step)
    assert.equal(40, tree.optG.t)
    assert.equal(4, tree.data.epoch)
    assert.is_truthy(tree.rng.z[2] > 0)
    assert.same({64, 8}, tree.run.z:shape())
    assert.is_truthy(next(tree.ema) and next(tree.G) and next(tree.D))
  end)

  it("gives the same bytes with one and two threads, but not with another seed", function()
    trained "--name two --steps 40 --threads 2"
    assert.equal(bytes "whole", bytes "two")
    trained "--name seed --steps 40 --seed 1"
    assert.not_equal(bytes "whole", bytes "seed")
  end)

  it("resumes exactly: N and N steps are 2N steps", function()
    trained "--name half --steps 20 --snap 10 --keep 1"
    assert.is_truthy(trained("--name half --steps 40 --snap 10"):find("goes on from step 20", 1, true))
    assert.equal(bytes "whole", bytes "half")
    assert.equal(temp.read(dir .. "/whole/fakes_000040.png"), temp.read(dir .. "/half/fakes_000040.png"))
    assert.is_truthy(trained("--name half --steps 40"):find("already at step 40", 1, true))
  end)

  it("resumes exactly with several updates, mirrored images, and no average", function()
    local more = "--dsteps 2 --gsteps 3 --mirror --ema-kimg 0 "
    trained(more .. "--name more --steps 12")
    trained(more .. "--name more2 --steps 5")
    trained(more .. "--name more2 --steps 12")
    assert.equal(bytes "more", bytes "more2")
  end)

  it("goes on with a run or a snapshot by its path, options and all", function()
    local words = "--resume %s/whole/snapshot_000020.safetensors --outdir %s --name branch --steps 40 --threads 1"
    local code, out, err = script.run(SCRIPT, words:format(dir, dir))
    assert.equal("", err)
    assert.equal(0, code)
    assert.is_truthy(out:find("goes on from step 20", 1, true))
    assert.equal(bytes "whole", bytes "branch")
    code, out = script.run(SCRIPT, ("--resume %s/branch/ --steps 44"):format(dir))
    assert.equal(0, code)
    assert.is_truthy(out:find("step 44/44", 1, true))
    trained "--name longer --steps 44"
    assert.equal(bytes "longer", bytes "branch")
    code, out, err = script.run(SCRIPT, ("--resume %s/branch --lr 0.001"):format(dir))
    assert.equal("", out)
    assert.equal(1, code)
    assert.is_truthy(err:find("branch was started with --lr 0.0006, now 0.001", 1, true), err)
  end)

  it("survives SIGKILL at any moment: the resumed run ends in the same bytes", function()
    local words = TINY .. "--outdir " .. dir .. " --name killed --snap 7 --steps "
    local start = core.clock()
    trained "--name unkilled --snap 7 --steps 400"
    local whole = core.clock() - start -- on a busy machine a fixed delay would end before the first step
    local kills, seen = 0, {}
    for _, part in ipairs {0.2, 0.5, 0.35, 0.6, 0.4} do
      local p = script.start(SCRIPT, words .. "400")
      os.execute(("sleep %.3f"):format(part * whole))
      if p.alive() then kills = kills + 1 end
      p.kill "KILL"
      p.wait()
      local at = step "killed"
      if at then seen[at] = true end
      if at == 400 then break end
    end
    assert.is_true(kills >= 1)
    assert.is_truthy(next(seen))
    trained "--name killed --snap 7 --steps 400"
    assert.equal(bytes "unkilled", bytes "killed")
    local steps, previous = {}, 0
    for line in io.lines(dir .. "/killed/stats.jsonl") do steps[#steps + 1] = json.decode(line).step end
    for _, s in ipairs(steps) do
      assert.is_true(s > previous)
      previous = s
    end
  end)

  it("saves and says how to go on when Ctrl-C comes", function()
    for _, signal in ipairs {"INT", "TERM"} do
      local name = "stopped" .. signal
      local p = script.start(SCRIPT, TINY .. "--outdir " .. dir .. " --steps 1000000 --name " .. name)
      while p.alive() and not lfs.attributes(dir .. "/" .. name .. "/fakes_000010.png") do os.execute "sleep 0.02" end
      p.kill(signal)
      local code, out = p.wait()
      assert.equal(130, code, out)
      local at = tonumber(out:match "stopped after step (%d+) of 1000000")
      assert.equal(at, step(name))
      assert.is_truthy(out:find(" experiments/dcgan.lua --resume " .. dir .. "/" .. name, 1, true), out)
      if signal == "INT" then
        trained(("--name %s --steps %d"):format(name, at + 10))
        trained(("--name straight --steps %d"):format(at + 10))
        assert.equal(bytes "straight", bytes(name))
      end
    end
  end)

  it("numbers runs without a name, and goes on with the one that is not finished", function()
    local function in_numbered(words)
      local code, out, err = script.run(SCRIPT, TINY .. "--outdir " .. dir .. "/numbered " .. words)
      assert.equal("", err)
      assert.equal(0, code)
      return out
    end
    in_numbered "--steps 2"
    assert.is_truthy(in_numbered("--steps 4"):find("00000-shapes-dcgan-16: goes on from step 2", 1, true))
    assert.is_truthy(in_numbered("--steps 4"):find("00001-shapes-dcgan-16: starts", 1, true))
    assert.is_truthy(in_numbered("--steps 5 --resume new"):find("00002-shapes-dcgan-16: starts", 1, true))
    assert.is_truthy(in_numbered("--steps 5 --lr 0.001"):find("00003-shapes-dcgan-16: starts", 1, true))
  end)

  it("touches nothing of a run of other options", function()
    local before = everything "whole"
    fails("--name whole --steps 50 --lr 0.001",
      "whole was started with --lr 0.0006, now 0.001 (--change lr lets it change); nothing was overwritten")
    fails("--name whole --steps 50 --batch 8", "was started with --batch 4, now 8")
    fails("--name whole --steps 50 --mirror", "was started with --mirror false, now true")
    fails("--name whole --steps 50 --resume new", "whole: exists; nothing was overwritten")
    assert.same(before, everything "whole")
    lfs.mkdir(dir .. "/mine")
    temp.write(dir .. "/mine/thesis.txt", "precious")
    fails("--name mine --steps 3", "mine: exists and is no run (it has no options.json)")
    assert.same({"thesis.txt"}, temp.list(dir .. "/mine"))
    fails("--name mine/thesis.txt --steps 3", "exists and is a file, not a run")
  end)

  it("lets one process at a time into a run", function()
    local lock = assert(require("gan.core").file_lock(dir .. "/whole"))
    fails("--name whole --steps 50", "whole: another process is training there")
    lock:close()
    -- where the file system has no locks
    local words = TINY .. "--outdir " .. dir .. " --name nolock --steps "
    local code, out = script.run(SCRIPT, words .. "2", {env = "GAN_LOCK=file"})
    assert.equal(0, code, out)
    assert.is_truthy(out:find("nolock: no lock of the file system (GAN_LOCK=file)", 1, true), out)
    assert.is_nil(lfs.attributes(dir .. "/nolock/.lock"))
    temp.write(dir .. "/nolock/.lock", '{"pid":7,"host":"far away"}')
    local _, err
    code, _, err = script.run(SCRIPT, words .. "4", {env = "GAN_LOCK=file"})
    assert.equal(1, code)
    assert.is_truthy(err:find("nolock/.lock: held by process 7 on far away; if that has ended, remove", 1, true), err)
  end)

  it("gives equal commands that start at once a run each, or refuses", function()
    local words = TINY .. "--steps 20 --seed 77 --outdir " .. dir .. "/many"
    os.execute(("for i in 1 2 3 4 5 6; do OMP_WAIT_POLICY=passive '%s' %s %s >%s/many$i.out 2>&1 & done; wait"):format(
      script.lua(), SCRIPT, words, dir))
    local done, numbers = 0, {}
    for i = 1, 6 do
      local out = temp.read(("%s/many%d.out"):format(dir, i))
      if out:find("done: 20 steps", 1, true) then done = done + 1
      else assert.is_truthy(out:find("another process is training there", 1, true), out) end
    end
    local names = temp.list(dir .. "/many")
    assert.equal("index.html", table.remove(names))
    for _, name in ipairs(names) do
      numbers[name:match "^%d+"] = true
      local starts = select(2, temp.read(("%s/many/%s/log.txt"):format(dir, name)):gsub(": starts\n", ""))
      assert.equal(1, starts, name)
    end
    assert.equal(done, #names)
    for _, name in ipairs(names) do assert.equal(bytes("many/" .. names[1]), bytes("many/" .. name)) end
    local count = 0
    for _ in pairs(numbers) do count = count + 1 end
    assert.equal(#names, count)
  end)

  it("keeps seeds of 63 bits, numbers of 17 digits and names of any bytes", function()
    local seed, lr = math.maxinteger - 6, 0.1 + 2e-17 + 0.2
    local name = "caf\xe9\xff"
    local data = ("%s/%s"):format(dir, "d\xfe")
    for i, class in ipairs {"ja\xff", "nein"} do
      assert(require("gan.file.text").make_folder(data .. "/" .. class))
      for k = 1, 4 do
        temp.write(("%s/%s/%d.png"):format(data, class, k), require("spec.support.files").plain(16, 60 * k, 90 * i, 0))
      end
    end
    local words = ("--data '%s' --size 16 --ngf 2 --ndf 2 --z 8 --batch 4 --threads 1 --outdir '%s' --name '%s' "
      .. "--seed %d --lr %.17g --steps "):format(data, dir, name, seed, lr)
    local code, out, err = script.run("experiments/cgan.lua", words .. "2")
    assert.same({0, ""}, {code, err}, out)
    local text = temp.read(("%s/%s/options.json"):format(dir, name))
    assert.is_truthy(utf8.len(text))
    local t = json.decode(text).options
    assert.same({seed, lr, name, data}, {t.seed, t.lr, t.name, t.data})
    code, out, err = script.run("experiments/cgan.lua", words .. "4")
    assert.same({0, ""}, {code, err}, out)
    assert.is_truthy(out:find("goes on from step 2", 1, true), out)
    for other, what in pairs {["--seed " .. seed - 1] = "--seed", ["--lr 0.3"] = "--lr"} do
      local refused = {script.run("experiments/cgan.lua", words .. "5 " .. other)}
      assert.equal(1, refused[1])
      assert.is_truthy(refused[3]:find("was started with " .. what, 1, true), refused[3])
    end
    local of_run = ("--run '%s/%s' "):format(dir, name)
    code, out, err = script.run("experiments/generate.lua", of_run .. "--seeds 1 --class 'ja\xff' --grid")
    assert.same({0, ""}, {code, err}, out)
    assert.is_table(lfs.attributes(("%s/%s/generated.png"):format(dir, name)))
    code, out, err = script.run("experiments/evaluate.lua", of_run .. "--n 8 --metrics kid --json --threads 1")
    assert.equal(0, code, err)
    assert.is_truthy(utf8.len(out), out)
    assert.equal(data, json.decode(out).data, out)
    code, out, err = script.run("experiments/plot.lua", of_run)
    assert.same({0, ""}, {code, err}, out)
    local again = require("gan.train.trained").open(("%s/%s"):format(dir, name))
    assert.same({"ja\xff", "nein"}, again.classes)
    assert.equal(seed, again.options.seed)
    assert.equal(lr, again.options.lr)
    if os.execute "python3 -c 'import json' 2>/dev/null" then
      local head = temp.write(dir .. "/head.py", [[
import json, os, struct, sys
run = sys.argv[1]
with open(run + "/checkpoint_last.safetensors", "rb") as f:
    header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
options = json.load(open(run + "/options.json", encoding="utf-8"))["options"]
for line in open(run + "/stats.jsonl"): json.loads(line)
print(options["seed"], repr(options["lr"]), os.fsencode(options["name"]).hex(), "__metadata__" in header)
]])
      local pipe = io.popen(("python3 %s '%s/%s' 2>&1"):format(head, dir, name))
      assert.equal(("%d %.17g %s True\n"):format(seed, lr, (name:gsub(".", function(c)
        return ("%02x"):format(c:byte())
      end))), pipe:read "a")
      pipe:close()
    end
  end)

  it("says in one line what is wrong", function()
    temp.write(dir .. "/bad.safetensors", "PK\3\4 not a checkpoint")
    temp.write(dir .. "/cut.safetensors", bytes("whole"):sub(1, -2))
    checkpoint.save(dir .. "/other.safetensors", {a = 1})
    lfs.mkdir(dir .. "/empty")
    for words, what in pairs {
      ["--batch -4"] = "--batch: expected an integer in 1..65536, got '-4'",
      ["--batch 41 --steps 1"] = "--batch 41 is more than the data: shapes has 40 images",
      ["--steps ten"] = "--steps: expected an integer", ["--size 48"] = "--size: expected 16, 32, 64 or 128, got '48'",
      ["--sise 16"] = "unknown option '--sise' (did you mean '--size'?)",
      ["--steps 1 --epochs 1"] = "--steps and --epochs: give one of them",
      ["--data no/such/thing"] = "no/such/thing", ["--data " .. dir .. "/empty"] = dir .. "/empty",
      ["--data " .. dir .. "/bad.safetensors"] = "bad.safetensors",
      ["--resume no/such/run"] = "--resume: no/such/run: no such run or checkpoint",
      ["--resume " .. dir .. "/empty"] = "empty: no run (it has no options.json)",
      ["--resume " .. dir] = "--resume: " .. dir .. ": not a run, but a folder of them: name one, such as " .. dir,
      ["--resume " .. dir .. "/bad.safetensors"] = "bad.safetensors: expected a header",
      ["--resume " .. dir .. "/cut.safetensors"] = "truncated",
      ["--resume " .. dir .. "/other.safetensors"] = "other.safetensors: expected the checkpoint of a run",
      ["--outdir " .. dir .. "/bad.safetensors --steps 1"] = "bad.safetensors: expected a directory, found a file",
    } do
      fails(words, what)
    end
    assert.same({}, temp.list(dir .. "/empty"))
  end)

  it("refuses a damaged checkpoint and leaves it alone", function()
    trained "--name damaged --steps 2"
    os.remove(dir .. "/damaged/checkpoint_previous.safetensors") -- to which it would go back
    local cut = bytes("damaged"):sub(1, -100)
    temp.write(last "damaged", cut)
    fails("--name damaged --steps 4", last "damaged" .. ": ")
    assert.equal(cut, bytes "damaged")
  end)

  it("keeps the last good checkpoint when the disk is full", function()
    local seen = {}
    for _, room in ipairs {0, 1000, 30000, 70000, 90000, 130000} do
      fails("--name full --steps 40 --snap 5 --report none", "cannot write: No space left on device",
        {chunk = ('require("gan.core").file_fail_after(%d)'):format(room)})
      for _, name in ipairs(temp.list(dir .. "/full")) do assert.is_nil(name:find "tmp", name) end
      if lfs.attributes(last "full") then
        local at = assert(step "full")
        seen[at] = true
      end
    end
    assert.is_true(seen[0] and next(seen, next(seen)) ~= nil)
    trained "--name full --steps 40 --snap 5 --report none"
    assert.equal(bytes "whole", bytes "full")
  end)

  it("keeps the last good checkpoint at a limit on the size of files", function()
    for _, blocks in ipairs {1, 20} do
      local limited = temp.write(dir .. "/limited.sh", ('#!/bin/sh\nulimit -f %d\nexec %s "$@" >/dev/null\n'):format(
        blocks, script.lua()))
      os.execute("chmod +x " .. limited)
      fails("--name limited --steps 40 --snap 5", "cannot write: File too large", {lua = limited})
      for _, name in ipairs(temp.list(dir .. "/limited")) do assert.is_nil(name:find "tmp", name) end
      os.remove(limited)
    end
    trained "--name limited --steps 40 --snap 5"
    assert.equal(bytes "whole", bytes "limited")
  end)

  it("shows what a terminal would obey in names of files, classes, tensors and members of archives", function()
    local files = require "spec.support.files"
    local evil, root = "\27[2J\r\xc2\x9b31m\u{202e}\xff\nx", temp.dir()
    local data = root .. "/data" .. evil
    for k, folder in ipairs {data, data .. "/a" .. evil, data .. "/b"} do
      assert(lfs.mkdir(folder))
      for i = 1, k > 1 and 3 or 0 do temp.write(("%s/%d.png"):format(folder, i), files.plain(16, 40 * k, 9 * i, i)) end
    end
    local function quote(s) return "'" .. s .. "'" end
    local function clean(what, ...)
      local code, out, err = run(...)
      local text = out .. err
      assert.is_nil(text:find "[\0-\8\11-\31\127]", what)
      assert.is_truthy(utf8.len(text), what)
      assert.is_nil(text:find "\xc2[\x80-\x9f]" or text:find "\u{202e}", what)
      assert.is_truthy(text:find("\\x1b[2J", 1, true), what .. ": " .. text)
      return code, select(2, err:gsub("\n", ""))
    end
    local words = " --size 16 --limit 6 --steps 1 --name evil"
    assert.equal(0, (clean("folder", "--data " .. quote(data) .. words)))
    assert.is_nil(temp.read(dir .. "/evil/log.txt"):find "[\0-\8\11-\31\127]")
    temp.write(data .. "/b/0" .. evil .. ".png", "no picture")
    clean("picture", "--data " .. quote(data) .. " --size 16 --steps 1 --name evil1")
    local zip = temp.write(root .. "/a.zip", files.zip {{name = "a/0" .. evil .. ".png", data = "no picture"}})
    assert.same({1, 2}, {clean("member", "--data " .. zip .. " --steps 1 --name evil2")})
    local path = root .. "/t.safetensors"
    assert(checkpoint.save(path, {["w" .. evil] = require("gan").ones {2}, run = {step = 0}}))
    assert.same({1, 1}, {clean("path", "--resume " .. quote(root .. "/no" .. evil))})
    temp.write(root .. "/bad" .. evil .. ".safetensors", temp.read(path):sub(1, -3))
    assert.same({1, 1}, {clean("checkpoint", "--resume " .. quote(root .. "/bad" .. evil .. ".safetensors"))})
    assert.same({1, 1}, {clean("option", "--optim" .. quote(evil) .. " 3")})
  end)

  it("stops at a loss that is no number", function()
    local message = "step 16: G is NaN; stopped, checkpoint_last.safetensors keeps step 10"
    fails("--name nan --steps 30 --snap 10", message, {chunk = [[
      local gan, calls = require "gan", 0
      local logistic = gan.loss.logistic
      gan.loss.logistic = function(o)
        local loss = logistic(o)
        local generator = loss.generator
        function loss.generator(x)
          calls = calls + 1
          return calls == 16 and generator(x) * (0 / 0) or generator(x)
        end
        return loss
      end]]})
    assert.equal(10, step "nan")
  end)

  it("never saves weights that are no numbers", function()
    local message = "is not finite; stopped, checkpoint_last.safetensors keeps step 10"
    fails("--name rot --steps 30 --snap 10", message, {chunk = [[
      local optim, core, calls = require "gan.optim", require "gan.core", 0
      local adam = optim.adam
      optim.adam = function(params, o)
        local opt = adam(params, o)
        local step = getmetatable(opt).__index.step
        function opt:step(grads)
          step(self, grads)
          calls = calls + 1
          if calls == 40 then core.copy_(params[1], core.full({}, 0 / 0)) end
        end
        return opt
      end]]})
    assert.equal(10, step "rot")
  end)

  it("shows the networks and the time in a dry run, and leaves nothing behind", function()
    local before = temp.list(dir)
    local out = trained "--name dry --steps 100 -n"
    for _, text in ipairs {"conv_transpose2d", "total", "s a step", "100 steps in about"} do
      assert.is_truthy(out:find(text, 1, true), text)
    end
    assert.same(before, temp.list(dir))
  end)

  it("runs from any directory", function()
    local code, out, err = script.run(lfs.currentdir() .. "/" .. SCRIPT, TINY .. "--outdir runs --name here --steps 2",
      {dir = dir})
    assert.equal("", err)
    assert.equal(0, code, out)
    assert.is_truthy(lfs.attributes(dir .. "/runs/here/reals.png"))
    code, out, err = script.run("dcgan.lua", "--help", {dir = "experiments"})
    assert.equal("", err)
    assert.equal(0, code, out)
  end)

  it("runs by a symbolic link, whatever its name, and by a link to that", function()
    lfs.mkdir(dir .. "/it's a $HOME")
    local link = dir .. "/it's a $HOME/my gan.lua"
    assert(lfs.link(lfs.currentdir() .. "/" .. SCRIPT, link, true))
    assert(lfs.link("it's a $HOME/my gan.lua", dir .. "/short.lua", true))
    assert(lfs.link(lfs.currentdir() .. "/experiments", dir .. "/linked", true))
    for _, name in ipairs {"short.lua", "./short.lua", dir .. "/short.lua", "linked/dcgan.lua"} do
      local code, out, err = script.run(name, "--help", {dir = dir})
      assert.equal("", err)
      assert.equal(0, code, out)
    end
    local code, _, err = script.run("'my gan.lua'", "--help", {dir = dir .. "/it's a $HOME"})
    assert.equal("", err)
    assert.equal(0, code)
    assert(lfs.link(lfs.currentdir() .. "/" .. SCRIPT, dir .. "/$(touch executed)'.lua", true))
    code, _, err = script.run([["./\$(touch executed)'.lua"]], "--help", {dir = dir})
    assert.equal("", err)
    assert.equal(0, code)
    assert.is_nil(lfs.attributes(dir .. "/executed"), "the script's name was executed")
  end)

  it("explains itself", function()
    local code, out = script.run(SCRIPT, "--help")
    assert.equal(0, code)
    for _, name in ipairs {"data", "size", "outdir", "name", "batch", "steps", "epochs", "kimg", "z", "ngf", "ndf",
      "lr", "beta1", "beta2",
      "dsteps", "gsteps", "ema", "seed", "threads", "snap", "keep", "resume", "mirror", "dry-run"} do
      assert.is_truthy(out:find("--" .. name, 1, true), name)
    end
    assert.is_truthy(out:find("1 kimg is 1000 real images", 1, true))
    for name, mark in pairs {steps = "+ ", threads = "+ ", lr = "! ", dlr = "! ", batch = "", data = ""} do
      assert.is_truthy(out:find(("\n *%%-%%-%s [^\n]*%%u,?  +"):format(name) .. mark:gsub("%p", "%%%0") .. "%a"), name)
    end
    assert.is_truthy(out:find("marked !"))
  end)

  it("says so when another Lua runs it", function()
    local other = io.popen "command -v lua5.1 || command -v luajit || command -v lua5.3":read "l"
    if not other then return end
    for _, name in ipairs {"dcgan", "generate"} do
      local code, _, err = script.run("experiments/" .. name .. ".lua", "", {lua = other})
      assert.equal(1, code)
      local message = "^%s.lua: needs Lua 5.4, this is Lua 5%%.%%d: try lua5.4 experiments/%s.lua\n$"
      assert.is_truthy(err:find(message:format(name, name)), err)
    end
  end)
end)
