-- Plots: round ticks, where points land, gaps, logarithms, and what wrong use says.
local plot = require "gan.show.plot"
local files = require "spec.support.files"

local function texts(svg)
  local list = {}
  for s in svg:gmatch "<text[^>]*>([^<]*)</text>" do list[#list + 1] = s end
  return list
end

-- The strokes of series: `stroke-width="1.8"` marks lines; legends have none of two points.
local function lines(svg)
  local list = {}
  for d in svg:gmatch '<path d="(M[^"]*)" fill="none" stroke="#%x+" stroke%-width="1.8"' do list[#list + 1] = d end
  return list
end

local function count(s, what) return select(2, s:gsub(what, "")) end

describe("plot", function()
  it("makes round ticks", function()
    for _, case in ipairs {
      {0, 10, 5, {0, 2, 4, 6, 8, 10}}, {0.13, 0.97, 4, {0.2, 0.4, 0.6, 0.8}}, {-3, 3, 6, {-3, -2, -1, 0, 1, 2, 3}},
      {990, 4100, 7, {1000, 1500, 2000, 2500, 3000, 3500, 4000}}, {1e-9, 3e-9, 2, {1e-9, 2e-9, 3e-9}},
    } do
      local got = plot.ticks(case[1], case[2], case[3])
      assert.equal(#case[4], #got, case[1])
      for i, v in ipairs(case[4]) do assert.is_true(math.abs(got[i] - v) < 1e-12 * math.max(1, math.abs(v)), got[i]) end
    end
  end)

  it("refuses ends that have no numbers between them, where it would go on for ever", function()
    for _, ends in ipairs {{3, 3}, {4, 3}, {0, 0 / 0}, {0, 1 / 0}, {5e-324, 1e-323}} do
      assert.error_matches(function() plot.ticks(ends[1], ends[2], 6) end, "ticks: expected finite numbers lo < hi")
    end
  end)

  it("draws the largest and the smallest doubles", function()
    for _, x in ipairs {{-1e308, 1e308}, {0, 5e-324}, {5e-324, 1e-323}, {1e17, 1e17 + 16}} do
      local svg = plot.svg {series = {{x = x, y = x}}}
      assert.is_nil(svg:find "nan")
      assert.is_nil(svg:find "inf")
    end
  end)

  it("puts points where their values are", function()
    local svg = plot.svg {
      series = {{x = {0, 5, 10}, y = {0, 50, 100}, points = true}}, y = {from = 0, to = 100}, width = 500, height = 300,
    }
    local x, y = {}, {}
    for cx, cy in svg:gmatch '<circle cx="([%d.]+)" cy="([%d.]+)"' do
      x[#x + 1], y[#y + 1] = tonumber(cx), tonumber(cy)
    end
    assert.equal(3, #x)
    assert.is_true(math.abs(x[2] - (x[1] + x[3]) / 2) < 0.02 and math.abs(y[2] - (y[1] + y[3]) / 2) < 0.02)
    assert.is_true(x[1] > 0 and x[3] < 500 and y[1] < 300 and y[3] > 0 and y[1] > y[3])
    assert.equal(1, #lines(svg))
  end)

  it("spaces decades evenly on a logarithmic axis", function()
    local svg = plot.svg {series = {{x = {1, 10, 100, 0, -3}, y = {1, 2, 3, 4, 5}}}, x = {log = true}}
    local x = {}
    for cx in svg:gmatch '<circle cx="([%d.]+)"' do x[#x + 1] = tonumber(cx) end
    assert.equal(3, #x) -- zero and less have no place
    assert.is_true(math.abs((x[2] - x[1]) - (x[3] - x[2])) < 0.02)
    local names = table.concat(texts(plot.svg {series = {{x = {1e-6, 1e6}, y = {1, 2}}}, x = {log = true}}), " ")
    assert.is_truthy(names:find("10⁻⁶", 1, true) and names:find("10⁶", 1, true) and names:find("1 ", 1, true), names)
  end)

  it("leaves gaps where there are no numbers", function()
    local svg = plot.svg {series = {{x = {1, 2, 3, 4, 5, 6}, y = {1, 2, 0 / 0, 4, 5, 1 / 0}}}}
    assert.equal(2, #lines(svg))
    assert.is_nil(svg:lower():find "nan")
    assert.is_nil(svg:find "inf")
    -- a lonely point is seen
    assert.equal(1, count(plot.svg {series = {{x = {1}, y = {2}, points = false}}}, "<circle"))
    for _, s in ipairs {{}, {{x = {}, y = {}}}, {{x = {1, 2}, y = {3, 3}}}, {{x = {0 / 0}, y = {1}}}} do
      assert.is_nil(plot.svg {series = s}:lower():find "nan")
    end
  end)

  it("draws bars, bands, titles and a legend", function()
    local s = {x = {1, 2, 3}, y = {4, 5, 6}, error = {1, 1, 1}, name = "a & <b>"}
    local svg = plot.svg {title = "T < 3", x = "step", y = {label = "FID"}, series = {s}}
    for _, text in ipairs {"T &lt; 3", "a &amp; &lt;b&gt;", ">FID<", ">step<"} do
      assert.is_truthy(svg:find(text, 1, true), text)
    end
    assert.equal(6, count(svg, "h6")) -- the caps of three bars
    s.band = true
    svg = plot.svg {series = {s}}
    assert.equal(1, count(svg, 'fill%-opacity="0.18"'))
    assert.equal(0, count(svg, "h6"))
    assert.equal(svg, plot.svg {series = {s}})
  end)

  it("stays XML whatever bytes a name has", function()
    local svg = plot.svg {title = "a\xff\xe9", series = {{x = {1, 2}, y = {1, 2}, name = "b\1\0c é"}}}
    assert.is_truthy(utf8.len(svg))
    assert.is_nil(svg:find "[\0-\8\11\12\14-\31]")
    assert.is_truthy(svg:find(">a\\xff\\xe9<", 1, true))
    assert.is_truthy(plot.svg({title = "é", series = {{x = {1, 2}, y = {1, 2}}}}):find(">é<", 1, true))
  end)

  it("names large, small and negative numbers", function()
    local function y_names(lo, hi)
      return table.concat(texts(plot.svg {series = {{x = {0, 1}, y = {lo, hi}}}, y = {from = lo, to = hi}}), " ")
    end
    assert.is_truthy(y_names(0, 50000):find("20k", 1, true))
    assert.is_truthy(y_names(0, 5e7):find("20M", 1, true))
    assert.is_truthy(y_names(0, 0.05):find("0.02", 1, true))
    assert.is_truthy(y_names(0, 5e-5):find("2e-5", 1, true))
    assert.is_truthy(y_names(-1, 1):find("−1.0", 1, true) or y_names(-1, 1):find("−0.5", 1, true))
  end)

  it("lays several plots out, and writes a file", function()
    local p = {series = {{x = {1, 2}, y = {1, 2}}}, width = 200, height = 100}
    local svg = plot.svg {panels = {p, p, p}, columns = 2}
    assert.is_truthy(svg:find('width="400" height="200"', 1, true))
    for i = 1, 3 do assert.is_truthy(svg:find(('id="c%d"'):format(i), 1, true)) end
    local dir = files.folder()
    finally(function() files.remove(dir) end)
    assert.is_true(plot.save(dir .. "/a.svg", p))
    assert.equal(plot.svg(p), files.read(dir .. "/a.svg"))
    assert.same({nil, dir .. "/a.png: plots are written as SVG: give a name that ends in .svg"},
      {plot.save(dir .. "/a.png", p)})
    local ok, message = plot.save(dir .. "/no/a.svg", p)
    assert.is_nil(ok)
    assert.matches("cannot write", message)
  end)

  it("says what is wrong", function()
    for what, spec in pairs {
      ["series 1 has 2 values of x and 1 of y"] = {series = {{x = {1, 2}, y = {1}}}},
      ["did you mean 'title'"] = {titel = "x", series = {}},
      ["did you mean 'label'"] = {x = {labl = "a"}, series = {}},
      ["show.plot.svg: option 'series': expected a list of series, got nil"] = {},
      ["show.plot.svg: series 1: option 'x': expected a list of numbers, got nil"] = {series = {{y = {1}}}},
      ["expected from < to"] = {x = {from = 3, to = 1}, series = {}},
      ["option 'panels': expected a list of plots"] = {panels = {}},
      ["option 'columns': expected an integer >= 1, got 0"] = {panels = {{series = {}}}, columns = 0},
    } do
      assert.error_matches(function() plot.svg(spec) end, what)
    end
    assert.error_matches(function() plot.svg(3) end, "expected a table of options, got 3")
    assert.error_matches(plot.svg, "expected a list of series, got nil")
  end)
end)
