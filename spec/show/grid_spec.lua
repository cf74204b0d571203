-- Picture grids: where every pixel lands, clipping, and what wrong use says.
local core = require "gan.core"
local grid = require "gan.show.grid"
local image = require "gan.data.image"
local files = require "spec.support.files"
local temp = require "spec.support.temp"

describe("grid", function()
  it("lays images out in rows with padding and scale", function()
    local images = core.tensor({{{{10}, {20}}}, {{{30}, {40}}}, {{{50}, {60}}}}, "u8") -- three of 1x2
    local t = core.to_table(grid(images, {columns = 2, pad = 1, scale = 1, fill = 9}))
    local flat = {}
    for y, row in ipairs(t) do
      flat[y] = {}
      for x, p in ipairs(row) do flat[y][x] = p[1] end
    end
    assert.same({
      {9, 9, 9, 9, 9, 9, 9},
      {9, 10, 20, 9, 30, 40, 9},
      {9, 9, 9, 9, 9, 9, 9},
      {9, 50, 60, 9, 9, 9, 9},
      {9, 9, 9, 9, 9, 9, 9},
    }, flat)
    assert.same({{{10}, {10}, {20}, {20}}, {{10}, {10}, {20}, {20}}},
      core.to_table(grid(core.narrow(images, 1, 1, 1), {pad = 0, scale = 2})))
    assert.same({8, 10, 1}, core.shape(grid(images, {pad = 2, columns = 2}))) -- 2 rows of 1+2, 2 columns of 2+2, and 2
    assert.same({8, 10, 3}, core.shape(grid(core.full({4, 1, 2, 3}, 0))))       -- as square as it goes
  end)

  it("brings [-1,1] to 0..255, rounding and clipping", function()
    local x = core.reshape(core.tensor {-1, -1.5, 1, 7, 0, 0.5, 0 / 0, -0.999}, {8, 1, 1, 1})
    local t = core.to_table(grid(x, {columns = 8, pad = 0}))[1]
    local flat = {}
    for i, p in ipairs(t) do flat[i] = p[1] end
    assert.same({0, 0, 255, 255, 128, 191, 0, 0}, flat)
  end)

  it("writes PNG under a name that says so", function()
    local dir = temp.dir()
    local images = core.full({1, 2, 2, 3}, 9, "u8")
    for _, name in ipairs {"x.jpg", "x.jpeg", "x.webp", "x.svg"} do
      local expected = ("%s/%s: pictures are written as PNG: give a name that ends in .png"):format(dir, name)
      assert.same({nil, expected}, {grid.save(dir .. "/" .. name, images)})
      assert.same({nil, expected}, {image.write(dir .. "/" .. name, core.reshape(images, {2, 2, 3}))})
    end
    assert.same({}, temp.list(dir))
    for _, name in ipairs {"x.png", "X.PNG", "x", "lr0.1"} do assert.is_true(grid.save(dir .. "/" .. name, images)) end
    temp.clean()
  end)

  it("saves a PNG file", function()
    local dir = files.folder()
    finally(function() files.remove(dir) end)
    local images = core.full({4, 2, 2, 3}, 0.5)
    assert.is_true(grid.save(dir .. "/g.png", images, {pad = 1}))
    local back = assert(core.image_decode(files.read(dir .. "/g.png")))
    assert.same(core.to_table(grid(images, {pad = 1})), core.to_table(back))
    local ok, message = grid.save(dir .. "/no/g.png", images)
    assert.is_nil(ok)
    assert.matches("no/g.png: cannot write: No such file", message)
  end)

  it("says what is wrong", function()
    assert.error_matches(function() grid(5) end,
      "show.grid: bad argument #1 'images' %(expected images %(N,H,W,C%), C 1 to 4, got 5%)")
    assert.error_matches(function() grid.save(core.full({1, 2, 2, 1}, 0), "x.png") end,
      "show.grid.save: bad argument #2 'images'")
    assert.error_matches(function() grid(core.full({4, 4}, 0)) end, "got real tensor %(4,4%)")
    assert.error_matches(function() grid(core.full({1, 2, 2, 3}, 0, "f64")) end, "got f64 tensor %(1,2,2,3%)")
    assert.error_matches(function() grid(core.full({0, 2, 2, 3}, 0)) end, "at least one image")
    assert.error_matches(function() grid(core.full({1, 0, 2, 3}, 0)) end, "pixels a side")
    assert.error_matches(function() grid(core.full({1, 2, 2, 5}, 0)) end, "C 1 to 4")
    assert.error_matches(function() grid(core.full({1, 2, 2, 3}, 0), {colums = 3}) end, "did you mean 'columns'")
    assert.error_matches(function() grid(core.full({1, 2, 2, 3}, 0), {columns = 0}) end, "columns")
    assert.error_matches(function() grid(core.full({1, 2, 2, 3}, 0), {pad = -1}) end, "pad")
    assert.error_matches(function() grid(core.full({1, 2, 2, 3}, 0), {scale = 0}) end, "scale")
    assert.error_matches(function() grid(core.full({600, 32, 32, 1}, 0), {columns = 1, scale = 64}) end,
      "sheet too large")
  end)
end)
