-- Curves from a run's files: which keys there are, metrics with their deviation, several runs, what is missing.
local core = require "gan.core"
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

  it("smooths as TensorBoard does, and leaves constants as they are", function()
    local function is(expected, y, w)
      for i, v in ipairs(curves.smooth(y, w)) do
        assert.is_true(v ~= v and expected[i] ~= expected[i] or math.abs(v - expected[i]) < 1e-9, i .. ": " .. v)
      end
    end
    is({1, 1.625, 0 / 0, 2.8367346939, 1.5330882353}, {1, 2, 0 / 0, 4, 0}, 0.6)
    is({1, 1.5263157895, 2.4391143911, 1.7298633324}, {1, 2, 4, 0}, 0.9)
    is({3, 3, 3}, {3, 3, 3}, 0.9)
    is({2, 1}, {2, 1}, 0)
    is({0, 0}, {2, 1}, 1)
    assert.has_error(function() curves.smooth({1}, 2) end)
  end)

  it("thins curves and keeps their extremes", function()
    local x, y = {}, {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3}
    for i = 1, 16 do x[i] = (i - 1) * 10 end
    assert.same({1, 2, 5, 6, 7, 10, 11, 13, 16}, curves.thin(x, y, 3))
    assert.equal(16, #curves.thin(x, y, 4)) -- few enough
    y[8] = 0 / 0
    assert.same({1, 2, 5, 6, 7, 8, 10, 11, 13, 16}, curves.thin(x, y, 3))
    assert.same({}, curves.thin({}, {}))
    assert.same({1, 2, 3}, curves.thin({5, 5, 5}, {1, 2, 3}, 0))
    local rng = core.rng(1, "thin")
    local noise = core.to_table(rng:normal {10000})
    local steps = {}
    for i = 1, 10000 do steps[i] = i end
    noise[777], noise[5003] = 1e6, -1e6
    local has = {}
    local chosen = curves.thin(steps, noise)
    for _, i in ipairs(chosen) do has[i] = true end
    assert.is_true(has[777] and has[5003] and has[1] and has[10000])
    assert.is_true(#chosen <= 1600)
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
