-- The options of command lines that say how data are opened: one list, whatever the script.
local command = require "gan.command"
local data = require "gan.data"

local options = data.options

local function parse(list, line)
  local words, declared = {}, command.declare(list)
  for w in line:gmatch "%S+" do words[#words + 1] = w end
  return command.parse(declared, words, {name = "x.lua", summary = "a test"})
end

describe("data.options", function()
  it("are those of data.open, each with the default that it has there", function()
    local o = assert(parse(options.list(), ""))
    assert.same({fit = "crop", exif = true, stretch_range = false, skip_bad = false, cache = 2 << 30}, o)
    assert.same(o, options.of(o))
    o = assert(parse(options.list {data = "fake"}, "--size 8 --limit 5 --channels 1 --fit pad --background black "
      .. "--no-exif --stretch-range --skip-bad --cache 1K"))
    local how = options.of(o)
    assert.same({
      size = 8, limit = 5, channels = 1, fit = "pad", background = "black", exif = false, stretch_range = true,
      skip_bad = true, cache = 1024,
    }, how)
    assert.same({5, 8, 1}, {assert(data.open("fake", how)).n, data.open("fake", how).size,
      data.open("fake", how).channels})
    assert.equal("test", options.of(assert(parse(options.list(), "--split test"))).split)
    for line, message in pairs {
      ["--background mauve"] = "--background: expected white, black, '#rrggbb' or 0 to 255, got",
      ["--fit zoom"] = "crop, pad or stretch",
      ["--split both"] = "train, val, test, eval or all",
      ["--channels 2"] = "1 or 3", ["--background 256"] = "--background",
    } do
      local none, why = parse(options.list(), line)
      assert.is_nil(none)
      assert.is_truthy(why:find(message, 1, true), why)
    end
  end)

  it("are changed by scripts: left out, other defaults, other words", function()
    local list = options.list {limit = false, size = {lo = 4, help = "side"}, data = "fake"}
    assert.equal(#options.list() - 1, #list)
    assert.equal("fake", list[1][3])
    assert.same({"size", 4, "side", 16384}, {list[2][1], list[2].lo, list[2].help, list[2].hi})
    assert.is_nil(options.list()[1][3])
    assert.equal("data size limit", table.concat(options.names(), " ", 1, 3))
  end)

  it("open --data, or what a script makes by what it looks at", function()
    local values = {data = "fake", size = 8, limit = 4, fit = "crop"}
    local set, unused = assert(options.open(values))
    assert.equal(4, set.n)
    assert.same({}, unused)
    local function own(o) return data.fake {count = o.limit, size = o.size} end
    set, unused = assert(options.open(values, {limit = true}, own))
    assert.equal(4, set.n)
    assert.is_nil(unused.limit or unused.size)
    assert.is_true(unused.data and unused.fit and unused.cache)
    assert.same({nil, "--data: has no meaning here, the script makes its data itself"},
      {options.open(values, {data = true}, own)})
    assert.same({nil, "no data"}, {options.open(values, {}, function() return nil, "no data" end)})
    assert.same({nil, "the script's function 'open' returned nothing"}, {options.open(values, {}, function() end)})
    for _, wrong in ipairs {5, {}, {n = 0, describe = print}, {n = 3}} do
      assert.error_matches(function() options.open(values, {}, function() return wrong end) end,
        "train.run: option 'open': must return a data set %(with n, describe and batches, at least%), returned ")
    end
    assert.same({nil, "nowhere: cannot open (No such file or directory)"}, {options.open {data = "nowhere"}})
    set, unused = options.open(values, {data = true}, function(o)
      for _ in pairs(o) do o.other = 1 end
      return own(o)
    end)
    assert.is_table(set)
    assert.same({}, {unused.data})
    assert.equal(1, values.other)
  end)

  it("start loaders, which a set may make itself", function()
    local set = data.fake {count = 8, size = 4}
    local loader <close> = options.batches(set, {batch = 2})
    assert.equal(2, #loader())
    local ring <close> = options.batches(data.ring {modes = 8}, {batch = 3, seed = 1})
    assert.same({3, 2}, ring():shape())
    for lacks, made in pairs {
      __call = function() end, __close = setmetatable({}, {__call = print}),
      epoch = setmetatable({state = print, load = print, close = print}, {__call = print, __close = print}),
    } do
      local own = {batches = function() return made end}
      assert.error_matches(function() options.batches(own, {}) end,
        "option 'open': batches of its data set must return a loader.*%(it has no " .. lacks .. "%)")
    end
  end)
end)
