-- Runs side by side through the command line.
local lfs = require "lfs"
local reported = require "spec.support.reported"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local SCRIPT = "experiments/compare.lua"
local dir

describe("compare.lua", function()
  setup(function()
    dir = temp.dir()
    for _, name in ipairs {"a", "b"} do reported.run(dir, name, {log = "done: 20 steps\n", pictures = {10}}) end
  end)
  teardown(temp.clean)

  it("writes a page beside the first run, or where it is told to", function()
    local code, out, err = script.run(SCRIPT, ("%s/a/ %s/b/stats.jsonl"):format(dir, dir))
    assert.same({0, ""}, {code, err})
    assert.matches("/a is a run of version 1, this is [^\n]*\n[^\n]*/b is a run [^\n]*\n[^\n]*/compare.html: 2 runs\n$",
      out)
    assert.is_truthy(temp.read(dir .. "/compare.html"):find("</html>", 1, true))
    code, out = script.run(SCRIPT, ("--x kimg %s/a %s/b --out %s/ab.html"):format(dir, dir, dir))
    assert.same({0, true}, {code, lfs.attributes(dir .. "/ab.html") ~= nil})
    assert.matches("ab.html: 2 runs\n$", out)
  end)

  it("writes the page of all runs, and those that runs lack", function()
    local code, out, err = script.run(SCRIPT, ("--index %s/"):format(dir))
    assert.same({0, "", dir .. "/index.html: 2 runs\n"}, {code, err, out})
    assert.is_truthy(temp.read(dir .. "/index.html"):find('href="b/report.html"', 1, true))
    local written = lfs.attributes(dir .. "/a/report.html", "ino")
    assert.equal(0, (script.run(SCRIPT, ("--index %s"):format(dir))))
    assert.equal(written, lfs.attributes(dir .. "/a/report.html", "ino")) -- what is there stays
    for words, what in pairs {
      ["--index /no/such"] = "/no/such: no such folder", ["--index D/a"] = "D/a: no folder of runs",
      ["--index D D/a"] = "--index DIR: goes with no run",
    } do
      code, out, err = script.run(SCRIPT, (words:gsub("D(%f[/ %z])", dir .. "%1")))
      assert.same({1, ""}, {code, out})
      assert.is_truthy(err:find("compare.lua: " .. what:gsub("D(%f[/])", dir .. "%1"), 1, true), err)
    end
  end)

  it("says in one line what is wrong", function()
    lfs.mkdir(dir .. "/links")
    os.execute(("ln -s ../a '%s/links/a'"):format(dir))
    for words, what in pairs {
      [""] = "name two runs or more", ["D/a"] = "D/a: one run is nothing to compare", ["D/a D/c"] = "D/c: no such run",
      ["D/a D/b D/a/"] = "D/a is given twice", ["D/a D/links/a"] = "D/links/a is given twice (it is D/a)",
      ["D/a D"] = "D: not a run, but a folder of them: name one, such as D/b, D/a",
      ["D/a D/b --x seconds"] = "--x: expected step, kimg or epoch, got 'seconds'",
      ["D/a D/b --out D/x.svg"] = "D/x.svg: pages are written as HTML: give a name that ends in .html",
      ["D/a D/b --out /no/such/x.html"] = "/no/such/x.html: cannot write",
      ["D/a D/b --ot x"] = "unknown option '--ot' (did you mean '--out'?)",
    } do
      local code, _, err = script.run(SCRIPT, (words:gsub("D", dir)))
      assert.equal(1, code, words)
      assert.is_truthy(err:find("compare.lua: " .. what:gsub("D(%f[/: ])", dir .. "%1"), 1, true), err)
      assert.equal(#err, err:find "\n", err)
    end
  end)
end)
