-- Curves from a run's files: which keys there are, metrics with their deviation, several runs, what is missing.
local curves = require "gan.show.curves"
local plot = require "gan.show.plot"
local temp = require "spec.support.temp"

local dir

local function run(name, metric)
  local path = temp.dir()
  local lines = {}
  for k = 1, 4 do
    lines[k] = ('{"D":%g,"G":%g,"fid":%g,"kimg":%g,"step":%d,"seconds":%g}\n'):format(
      1 / k, k, 90 / k, k / 10, k, k * 2)
  end
  temp.write(path .. "/stats.jsonl", table.concat(lines) .. '{"D":1,"st')
  if metric then
    temp.write(path .. "/metric-kid.jsonl", '{"metric":"kid","step":2,"value":0.5,"deviation":0.1}\n'
      .. '{"metric":"kid","step":4,"value":0.25,"deviation":0.05}\n')
  end
  local r = assert(curves.read(path .. "//"))
  assert.equal(path, r.dir)
  r.name = name
  return r
end

describe("show.curves", function()
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  it("knows what there is", function()
    assert.same({"D", "G", "fid"}, curves.keys(run "a"))
    assert.same({"kid", "D", "G", "fid"}, curves.keys(run("a", true)))
  end)

  it("makes series of statistics and of metrics", function()
    local a = run("a", true)
    assert.same({name = "fid", x = {1, 2, 3, 4}, y = {90, 45, 30, 22.5}}, curves.series(a, "fid", "step"))
    assert.same({0.1, 0.2, 0.3, 0.4}, curves.series(a, "D", "kimg").x)
    local kid = curves.series(a, "kid", "kimg")
    assert.same({0.2, 0.4}, kid.x)
    assert.same({0.4, 0.2}, kid.low)
    assert.same({0.6, 0.3}, kid.high)
    assert.is_true(kid.band)
    assert.is_nil(curves.series(a, "no", "step"))
  end)

  it("draws a metric by itself, losses together, several runs side by side", function()
    local a, b = run("a", true), run("b")
    local spec = curves.plots {a}
    assert.equal(1, #spec.panels)
    assert.equal("KID", spec.panels[1].y.label)
    spec = curves.plots({a, b}, {"fid", "D+G"}, {title = "T", x = "seconds", log = true})
    assert.same({"a", "b"}, {spec.panels[1].series[1].name, spec.panels[1].series[2].name})
    local s = spec.panels[2].series
    assert.same({"a D", "b D", "a G", "b G"}, {s[1].name, s[2].name, s[3].name, s[4].name})
    assert.is_string(plot.svg(spec))
    assert.equal(2, #curves.plots({b}).panels[1].series)
  end)

  it("says what is missing", function()
    for what, f in pairs {
      ["no/such: no such run"] = function() return curves.read "no/such" end,
      ["it has no stats.jsonl"] = function() return curves.read(dir) end,
      ["has no 'fdi' (did you mean 'fid'?)"] = function() return curves.plots({run "a"}, {"fdi"}) end,
      ["has no 'precision' (it has D, G, fid)"] = function() return curves.plots({run "a"}, {"precision"}) end,
    } do
      local ok, message = f()
      assert.is_nil(ok)
      assert.is_truthy(message:find(what, 1, true), message)
    end
    local ok, message = curves.plots {{dir = "new", name = "new", stats = {}, metrics = {}}}
    assert.same({nil, "new: has no 'D': it has no numbers yet"}, {ok, message})
    assert.error_matches(function() curves.plots({run "a"}, nil, {x = "time"}) end,
      "show.curves.plots: option 'x': expected 'step', 'kimg', 'epoch' or 'seconds'.*, got string 'time'")
  end)
end)
