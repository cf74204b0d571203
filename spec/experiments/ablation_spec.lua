-- The ablation, tiny: tables and plots of both grounds, going on where it was stopped, wrong use.
local json = require "gan.file.json"
local lfs = require "lfs"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local SCRIPT = "experiments/ablation.lua"

describe("ablation.lua", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  local function run(words)
    local code, out, err = script.run(SCRIPT, words)
    assert.same({0, ""}, {code, err})
    return out
  end
  local function lines(path)
    local out = {}
    for line in io.lines(path) do out[#out + 1] = line end
    return out
  end

  it("plays points over seeds, and goes on where it was stopped", function()
    local words = "--group ksteps --steps 3 --seeds 2 --n 40 --width 4 --batch 8 --jobs 2 "
      .. "--out " .. dir .. "/new/points"
    local out, path = run(words), dir .. "/new/points/results.jsonl"
    assert.is_truthy(out:find("6 runs, 6 to be played, 2 at a time\n", 1, true), out)
    local head = "| ksteps | runs | modes | high-quality share | KL | modes lost | CPU s |\n"
    assert.is_truthy(out:find(head, 1, true), out)
    assert.is_truthy(out:find("| k = 5 | 2 | 0.0 ± 0.0 | ", 1, true), out)
    assert.is_truthy(temp.read(dir .. "/new/points/ring-ksteps.svg"):find("high-quality share", 1, true))
    assert.is_truthy(out:find(temp.read(dir .. "/new/points/ring.md"), 1, true))
    local all = lines(path)
    assert.equal(6, #all)
    for i, line in ipairs(all) do -- two play at a time: any may end last
      if line:find([[\"dsteps\":5]], 1, true) then all[i], all[6] = all[6], line break end
    end
    -- killed in the middle of its last line
    temp.write(path, table.concat(all, "\n", 1, 5) .. "\n" .. all[6]:sub(1, 60))
    temp.write(dir .. "/new/points/jobs.jsonl", "somebody's\n")
    assert.is_truthy(run(words .. " --jobs 0"):find("| k = 5 | 1 |", 1, true)) -- what there is
    assert.equal("somebody's\n", temp.read(dir .. "/new/points/jobs.jsonl"))
    out = run(words)
    assert.is_truthy(out:find("6 runs, 1 to be played", 1, true), out)
    assert.is_truthy(out:find("| k = 5 | 2 |", 1, true), out)
    -- the same game in another group is not played again, and a seed gives the same numbers in any process
    out = run(words:gsub("ksteps", "batch_images"))
    assert.is_truthy(out:find("10 runs, 8 to be played", 1, true), out)
    temp.write(path, "")
    run(words)
    local function numbers(list)
      local by = {}
      for _, line in ipairs(list) do
        local r = json.decode(line)
        if r then by[r.key] = {r.modes, r.quality, r.kl, #r.curve} end
      end
      return by
    end
    assert.same(numbers(all), numbers(lines(path)))
  end)

  it("gives a deviation to two runs and more, and a star to what chance does not explain", function()
    local words = "--group ksteps --steps 1 --seeds 3 --n 20 --width 2 --batch 4 --out " .. dir .. "/stars"
    run(words .. " --jobs 2")
    local path, made = dir .. "/stars/results.jsonl", {}
    local modes = {[1] = {8, 8, 8}, [2] = {2, 2, 2}, [5] = {3, 3.5, 4}} -- dsteps -> of each seed
    local quality = {[1] = {0.8, 0.9, 1}, [2] = {0.2, 0.2, 0.2}, [5] = {0.7, 0.9, 0.8}}
    for _, line in ipairs(lines(path)) do
      local r = json.decode(line)
      local job = json.decode(r.key)
      local k = math.tointeger(job.config.dsteps or 1)
      r.modes, r.quality, r.kl = modes[k][job.seed + 1], quality[k][job.seed + 1], 1
      made[#made + 1] = json.encode(r)
    end
    temp.write(path, table.concat(made, "\n") .. "\n")
    local out = run(words .. " --jobs 0")
    for _, row in ipairs {
      "| k = 1 | 3 | 8.0 ± 0.0 | 0.900 ± 0.100 | 1.00 ± 0.00 | ",
      "| k = 2 | 3 | 2.0 ± 0.0 | 0.200 ± 0.000 * | 1.00 ± 0.00 | ", -- of modes, both sides are all alike
      "| k = 5 | 3 | 3.5 ± 0.5 * | 0.800 ± 0.100 | 1.00 ± 0.00 | ", -- 15.6 and 1.2 standard errors
    } do assert.is_truthy(out:find(row, 1, true), out) end
    out = run(words:gsub("seeds 3", "seeds 1") .. " --jobs 0")
    assert.is_truthy(out:find("| k = 5 | 1 | 3.0 | 0.700 | 1.00 | ", 1, true), out)
    assert.is_nil(out:find("±", 1, true))
    assert.is_nil(out:find(" *", 1, true))
    local shown = script.terminal(SCRIPT, words .. " --jobs 0", {columns = 60, env = "TERM=xterm"})
    if not shown then return end
    assert.is_truthy(shown:find("\nksteps +runs +modes +high%-quality share +KL\r?\n"), shown)
    assert.is_truthy(shown:find("\nk = 5 +%S+ ± %S+ %* +%S+\r?\n"), shown)
  end)

  it("plays images", function()
    local out = run("--group decisive --data shapes --limit 24 --size 16 --steps 2 --seeds 1 --n 12 --width 2 "
      .. "--fit pad --batch 4 --out " .. dir .. "/images")
    local head = "| decisive | runs | KID | FID | precision | recall | diversity | CPU s |\n"
    assert.is_truthy(out:find(head, 1, true), out)
    for _, name in ipairs {
      "plain", "minibatch discrimination", "batch norm in D", "spectral norm", "R1", "spectral norm + R1",
    } do
      assert.is_truthy(out:find(("| %s | 1 | "):format(name), 1, true), name)
    end
    assert.equal("file", lfs.attributes(dir .. "/images/shapes-decisive.svg", "mode"))
    local job = json.decode(temp.read(dir .. "/images/jobs.jsonl"):match "[^\n]*")
    assert.same({"pad", 24, 16}, {job.fit, job.limit, job.size})
    assert.is_nil(job.exif)
  end)

  it("measures images on the way, for curves over steps and over processor seconds", function()
    local words = "--group long --data shapes --limit 24 --size 16 --steps 5 --seeds 2 --n 12 --width 2 --batch 4 "
      .. "--out " .. dir .. "/way"
    run(words)
    run(words .. " --points 2") -- jobs of their own
    local plain, n = {}, 0
    for _, line in ipairs(lines(dir .. "/way/results.jsonl")) do
      local r = json.decode(line)
      local seed = json.decode(r.key).seed
      if not r.curve then plain[seed] = {r.fid, r.kid} else
        n = n + 1
        assert.equal(2, #r.curve)
        assert.same({2, 5}, {r.curve[1][1], r.curve[2][1]})
        assert.is_true(r.curve[1][2] > 0 and r.curve[2][2] == r.training and r.curve[2][2] > r.curve[1][2])
        assert.same({r.fid, r.kid}, {r.curve[2][3], r.curve[2][4]})
        assert.same(plain[seed], {r.fid, r.kid}) -- to measure disturbs nothing
      end
    end
    assert.equal(2, n)
    local svg = temp.read(dir .. "/way/shapes-long.svg")
    for _, title in ipairs {"long: FID", "long: KID", "processor seconds"} do
      assert.is_truthy(svg:find(title, 1, true), title)
    end
  end)

  it("augments few images", function()
    local out = run("--group little --data shapes --limit 24 --size 16 --steps 5 --seeds 1 --n 12 --width 2 "
      .. "--batch 4 --out " .. dir .. "/little")
    for _, name in ipairs {"plain", "mirror", "DiffAugment", "ADA", "ramp to 0.3", "APA", "ADA + LeCam"} do
      assert.is_truthy(out:find(("| %s | 1 | "):format(name), 1, true), name)
    end
    local found = {}
    for _, line in ipairs(lines(dir .. "/little/results.jsonl")) do
      local r = json.decode(line)
      found[r.kid] = true
    end
    local n = 0
    for _ in pairs(found) do n = n + 1 end
    assert.is_true(n >= 4, n .. " different games") -- in so few steps p has hardly moved
  end)

  it("has configurations that can be played", function()
    local out = run("--group methods,batch_images,adam,init,activation --steps 1 --seeds 1 --n 10 --width 4 "
      .. "--batch 8 --out " .. dir .. "/all")
    local _, played = out:gsub("\n| [^|]+ | 1 | ", "")
    local _, rows = out:gsub("\n| ", "")
    assert.equal(rows - 5, played) -- but for the heads
    assert.is_true(played >= 38)
  end)

  it("says what is wrong", function()
    for words, what in pairs {
      ["--skip-bad"] = "--skip-bad: is for images, --data is ring",
      ["--points 3"] = "--points: is for images, the ring has ten",
      ["--group method"] = "--group: expected any of methods, ksteps,",
      ["--data no/such --steps 1 --seeds 1 --group long"] = "no/such",
      ["--seeds 0"] = "--seeds",
    } do
      local _, _, err = script.run(SCRIPT, ("%s --out %s/wrong"):format(words, dir))
      assert.is_truthy(err:find(what, 1, true), err)
      assert.equal("ablation.lua: ", err:sub(1, 14))
    end
  end)
end)
