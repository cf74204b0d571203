-- What a generator is asked for: layouts and maps of files, and all that can be wrong with them.
local core = require "gan.core"
local gan = require "gan"
local temp = require "spec.support.temp"

local asked = gan.data.asked

describe("asked:", function()
  local dir = temp.dir()
  teardown(temp.clean)

  local function file(name, s)
    local f <close> = assert(io.open(dir .. "/" .. name, "wb"))
    f:write(s)
    return dir .. "/" .. name
  end

  local kinds = {"circle", "square", "star"}
  local function layout(s, most) return asked.layout(file("a.json", s), {height = 32, width = 64, classes = kinds,
    most = most or 3}) end

  it("a layout in pixels of a size, or in parts of 1", function()
    local y = layout '{"size": [16, 16], "objects": [{"class": "square", "box": [4, 2, 8.5, 16]}]}'
    assert.same({{{1, 16, 4, 34, 32}, {-1, 0, 0, 0, 0}, {-1, 0, 0, 0, 0}}}, y:to_table())
    y = layout('{"objects": [{"class": 2, "box": [0, 0.25, 0.5, 1]}, {"class": "#0", "box": [0, 0, 1, 1]}]}', 2)
    assert.same({{{2, 0, 8, 32, 32}, {0, 0, 0, 64, 32}}}, y:to_table())
  end)

  it("says all that is wrong with a layout", function()
    for s, words in pairs {
      ['{"objects": [{"class": "sqare", "box": [0, 0, 1, 1]}]}'] = "object 1: expected a class (circle square star), "
        .. "or its number as in #0 to #2, got 'sqare' (did you mean 'square'?)",
      ['{"objects": [{"class": "star", "box": [0, 0, 1, 1]}, {"class": "star", "box": [0.5, 0, 1.5, 1]}, '
        .. '{"class": "star", "box": [0.5, 0, 0.5, 1]}]}'] = "object 2: its box (0.5, 0, 1.5, 1) is not inside of "
        .. "(0, 0, 1, 1); object 3: its box (0.5, 0, 0.5, 1): expected x0 < x1 and y0 < y1",
      ['{"objects": []}'] = ": no objects",
      ['{"objects": [1, {"class": 1}]}'] = 'object 1: expected {"class": "NAME", "box": [x0, y0, x1, y1]}; '
        .. "object 2: its box: expected four numbers",
      ['{"size": [0, 3], "objects": []}'] = "size: expected [height, width], above 0",
      ['{"object": []}'] = 'expected {"objects": [',
      ['{"objects": {"a": 1}}'] = 'expected {"objects": [',
      ['[1, 2'] = "at character 6",
      ['7'] = 'expected {"objects": [',
    } do
      local y, message = layout(s)
      assert.is_nil(y)
      assert.is_true(message:find(words, 1, true) ~= nil, message)
    end
    local one = '{"class": "star", "box": [0, 0, 1, 1]}'
    assert.matches("2 objects, the run knows layouts of at most 1", select(2, layout(('{"objects": [%s, %s]}')
      :format(one, one), 1)))
    assert.matches("nowhere.json", select(2, asked.layout(dir .. "/nowhere.json", {height = 1, width = 1, most = 1,
      classes = kinds})))
  end)

  local function mask(path, size, classes)
    return asked.mask(path, {height = size, width = size, classes = classes or {"ground", "a", "b"}})
  end

  local function png(name, rows)
    local path = dir .. "/" .. name
    assert(gan.data.image.write(path, core.reshape(core.tensor(rows, "u8"), {#rows, #rows[1], 1})))
    return path
  end

  it("a map of numbers, fitted where its size is another", function()
    local path = png("m.png", {{0, 1}, {2, 255}})
    local y, note = mask(path, 2)
    assert.same({{{0, 1}, {2, 255}}}, y:to_table())
    assert.is_nil(note)
    y, note = mask(path, 4)
    assert.same({{{0, 0, 1, 1}, {0, 0, 1, 1}, {2, 2, 255, 255}, {2, 2, 255, 255}}}, y:to_table())
    assert.matches("m.png: 2x2, fitted to 4x4", note)
    path = png("b.png", {{0, 255}, {255, 0}})
    assert.same({{{0, 1}, {1, 0}}}, (mask(path, 2, {"ground", "cell"})):to_table())
    assert.same({{{0, 255}, {255, 0}}}, (mask(path, 2)):to_table())
  end)

  it("names numbers that are no class", function()
    local y, message = mask(png("w.png", {{0, 9}, {3, 1}}), 2)
    assert.is_nil(y)
    assert.matches("w.png: has the classes 3, 9; the run knows 0 to 2 %(ground a b%)", message)
    assert.matches("no.png", select(2, mask(dir .. "/no.png", 2)))
    assert.is_nil((mask(file("broken.png", "\137PNG\r\n\26\nxx"), 2)))
    assert.is_nil((mask(file("text.png", "no picture"), 2)))
  end)
end)
