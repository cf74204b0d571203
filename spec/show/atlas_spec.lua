-- gan.show.atlas: cells of points, frames in their colours, wrong input.
local gan = require "gan"

local atlas = gan.show.atlas
local function i32(v) return gan.tensor(v, "i32") end

describe("atlas", function()
  it("arranges points on a grid", function()
    -- Scaled to the unit square by itself, a grid's own points lie in their cells.
    local cells, columns, rows, sum = atlas.arrange(gan.tensor {{10, 7}, {-10, 7}, {10, 3}, {-10, 3}})
    assert.same({3, 2, 1, 0}, cells:to_table())
    assert.same({2, 2}, {columns, rows})
    assert.is_true(math.abs(sum - 4 * 2 / 16) < 1e-6)
    cells, columns, rows = atlas.arrange(gan.tensor {{3, 0}, {1, 0}, {2, 0}}, {columns = 3})
    assert.same({{2, 0, 1}, 3, 1}, {cells:to_table(), columns, rows})
    cells, columns, rows = atlas.arrange(gan.zeros(5, 2)) -- one more cell than points
    assert.same({3, 2}, {columns, rows})
    local taken = {}
    for _, cell in ipairs(cells:to_table()) do taken[cell] = true end
    assert.equal(5, #(function()
      local list = {}
      for cell in pairs(taken) do list[#list + 1] = cell end
      return list
    end)())
  end)

  it("draws pictures in frames", function()
    local images = gan.cat({gan.full({1, 2, 2, 1}, -1), gan.full({1, 2, 2, 1}, 1)}, 1)
    local picture = atlas.draw(images, {"copied", "real"}, {cells = i32 {1, 0}, columns = 3, rows = 1, frame = 1})
    assert.same({1 + 4 + 1, 1 + 3 * 5, 3}, picture:shape())
    local function pixel(y, x) return picture[y][x]:to_table() end
    assert.same(atlas.COLOURS.real, pixel(2, 2))
    assert.same({255, 255, 255}, pixel(3, 3))
    assert.same(atlas.COLOURS.copied, pixel(2, 7))
    assert.same({0, 0, 0}, pixel(3, 8))
    assert.same({255, 255, 255}, pixel(3, 12)) -- nothing lies there
    local small = atlas.draw(gan.full({1, 8, 4, 3}, 9, "u8"), {"stray"}, {
      cells = i32 {0}, columns = 1, rows = 1, frame = 0, side = 4,
    })
    assert.same({4 + 2, 2 + 2, 3}, small:shape())
    assert.same({9, 9, 9}, small[2][2]:to_table())
  end)

  it("says what is wrong", function()
    local x = gan.zeros(1, 2, 2, 3)
    local function bad(what, f, ...)
      local ok, message = pcall(f, ...)
      assert.is_false(ok)
      assert.is_truthy(message:find(what, 1, true), message)
    end
    local o = {cells = i32 {0}, columns = 1, rows = 1}
    bad("show.atlas.arrange: bad argument #1 'points' (expected (N,2)", atlas.arrange, gan.zeros(2, 3))
    bad("row 1 holds NaN", atlas.arrange, gan.tensor {{0 / 0, 1}})
    bad("show.atlas.draw: bad argument #1 'images'", atlas.draw, gan.zeros(1, 2, 2, 2), {"real"}, o)
    bad("(expected a list of 1 kind", atlas.draw, x, {}, o)
    bad("unknown kind string 'fake'", atlas.draw, x, {"fake"}, o)
    bad("expected cells in 0..0, got 1", atlas.draw, x, {"real"}, {cells = i32 {1}, columns = 1, rows = 1})
    bad("expected 1 cells, got 2", atlas.draw, x, {"real"}, {cells = i32 {0, 0}, columns = 1, rows = 1})
  end)
end)
