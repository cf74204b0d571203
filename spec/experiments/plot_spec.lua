-- Curves through the command line.
local lfs = require "lfs"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local SCRIPT = "experiments/plot.lua"
local dir

describe("plot.lua", function()
  setup(function()
    dir = temp.dir()
    temp.write(dir .. "/stats.jsonl", '{"step":1,"D":1,"G":2}\n{"step":2,"D":0.5,"G":3}\n')
  end)
  teardown(temp.clean)

  it("writes a file", function()
    local code, out, err = script.run(SCRIPT, "--run " .. dir)
    assert.same({0, ""}, {code, err})
    assert.equal(dir .. "/curves.svg: 1 plot\n", out)
    assert.is_truthy(temp.read(dir .. "/curves.svg"):find("</svg>", 1, true))
    code, out = script.run(SCRIPT,
      ("--run %s,%s --keys D,G+D --columns 2 --log --x step --title T --out %s/b.svg"):format(dir, dir, dir))
    assert.equal(0, code)
    assert.equal(dir .. "/b.svg: 2 plots\n", out)
  end)

  it("takes a run by a file in it, also by its bare name", function()
    temp.write(dir .. "/checkpoint_last.safetensors", "")
    local here = lfs.currentdir()
    for name, curves in pairs {[dir .. "/checkpoint_last.safetensors"] = dir, ["checkpoint_last.safetensors"] = "."} do
      local code, out, err = script.run(here .. "/" .. SCRIPT, "--run " .. name, {dir = dir})
      assert.same({0, ""}, {code, err})
      assert.equal(curves .. "/curves.svg: 1 plot\n", out)
    end
  end)

  it("takes a comma or a blank for a part of a name where there is such a run", function()
    local stats = '{"step":1,"D":1,"G":2}\n{"step":2,"D":0.5,"G":3}\n'
    for _, name in ipairs {"lr=0,001", "lr=0", "with blank", "a,b,c"} do
      lfs.mkdir(("%s/%s"):format(dir, name))
      temp.write(("%s/%s/stats.jsonl"):format(dir, name), stats)
    end
    local function drawn(runs)
      local code, _, err = script.run(SCRIPT, ("--run '%s' --out %s/c.svg"):format(runs:gsub("DIR", dir), dir))
      assert.same({0, ""}, {code, err})
      return temp.read(dir .. "/c.svg")
    end
    for runs, names in pairs {
      ["DIR/lr=0,001,DIR/lr=0"] = {"lr=0,001", "lr=0"},
      ["DIR/lr=0, DIR/with blank,DIR/lr=0,001"] = {"lr=0", "with blank", "lr=0,001"},
      ["DIR/a,b,c,DIR/lr=0"] = {"a,b,c", "lr=0"},
    } do
      local svg, at = drawn(runs), 1
      for _, name in ipairs(names) do
        local found = svg:find((">%s"):format(name), at, true) or svg:find(name, at, true)
        assert.is_truthy(found, runs .. ": " .. name)
        at = found + 1
      end
    end
    local _, out = script.run(SCRIPT, "--run " .. dir .. "/lr=0,001")
    assert.equal(dir .. "/lr=0,001/curves.svg: 1 plot\n", out)
    local _, _, err = script.run(SCRIPT, ("--run %s/lr=0,002"):format(dir))
    assert.is_truthy(err:find("002: no such run", 1, true), err)
  end)

  it("says in one line what is wrong", function()
    for words, what in pairs {
      [""] = "--run is missing", ["--run no/such"] = "no/such: no such run",
      ["--run " .. dir .. "/.."] = "/..: not a run, but a folder of them: name one, such as ",
      ["--run " .. dir .. " --keys d"] = "has no 'd'",
      ["--run " .. dir .. " --x y"] = "expected step", ["--run " .. dir .. " --out /no/such/x.svg"] = "cannot write",
      ["--run " .. dir .. " --out " .. dir .. "/x.png"] = "x.png: plots are written as SVG: give a name",
      ["--run ,"] = "expected a run's directory",
    } do
      local code, _, err = script.run(SCRIPT, words)
      assert.equal(1, code, words)
      assert.is_truthy(err:find(what, 1, true), err)
      assert.equal("plot.lua: ", err:sub(1, 10))
      assert.equal(#err, err:find "\n", err)
    end
  end)
end)
