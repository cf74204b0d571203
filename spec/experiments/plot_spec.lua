-- Curves through the command line.
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
    local here = require("lfs").currentdir()
    for name, curves in pairs {[dir .. "/checkpoint_last.safetensors"] = dir, ["checkpoint_last.safetensors"] = "."} do
      local code, out, err = script.run(here .. "/" .. SCRIPT, "--run " .. name, {dir = dir})
      assert.same({0, ""}, {code, err})
      assert.equal(curves .. "/curves.svg: 1 plot\n", out)
    end
  end)

  it("says in one line what is wrong", function()
    for words, what in pairs {
      [""] = "--run is missing", ["--run no/such"] = "no/such: no such run",
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
