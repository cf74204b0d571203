-- Conditions in pictures: outlines of boxes, colours of classes, beside their images.
local gan = require "gan"
local conditions = gan.show.conditions

-- Which colour each pixel has, by letters: '.' ground, 'a' class 0's, 'w' white.
local function letters(picture)
  local names = {["40 40 40"] = ".", ["255 255 255"] = "w"}
  for k = 0, 9 do names[("%d %d %d"):format(gan.show.sheet.colour(k))] = string.char(97 + k) end
  local out = {}
  for y, row in ipairs(picture:to_table()) do
    out[y] = ""
    for _, p in ipairs(row) do out[y] = out[y] .. (names[table.concat(p, " ")] or "?") end
  end
  return out
end

describe("conditions in pictures:", function()
  it("boxes are outlined, the first on top", function()
    local y = gan.tensor {{{0, 0, 0, 3, 3}, {2, 1.5, 1, 5, 4}, {-1, 0, 0, 5, 4}}, {{1, -3, 2, 9, 4}, {-1, 0, 0, 0, 0},
      {-1, 0, 0, 0, 0}}}
    local x = conditions.pictures(y, 4, 5)
    assert.same({2, 4, 5, 3}, x:shape())
    assert.same({"aaa..", "acacc", "aaa.c", ".cccc"}, letters(x[1]))
    assert.same({".....", ".....", "bbbbb", "bbbbb"}, letters(x[2]))
  end)

  it("classes have colours, void is white", function()
    local x = conditions.pictures(gan.tensor({{{0, 1, 2}, {255, 8, 9}}}, "u8"), 2, 3)
    assert.same({".ab", "whi"}, letters(x[1]))
    assert.same(x:to_table(), conditions.pictures(gan.tensor({{{0, 1, 2}, {255, 8, 9}}}, "i32"), 2, 3):to_table())
  end)

  it("stand before their images", function()
    local map = gan.tensor({{{0}}, {{1}}}, "u8")
    local x = conditions.beside(gan.tensor {{{{-1}}}, {{{1}}}}, map)
    assert.same({4, 1, 1, 3}, x:shape())
    assert.same({{{40, 40, 40}}}, x[1]:to_table())
    assert.same({{{0, 0, 0}}}, x[2]:to_table())
    assert.same({{{255, 255, 255}}}, x[4]:to_table())
  end)

  it("say what is wrong", function()
    local function says(words, f, ...)
      local ok, message = pcall(f, ...)
      assert.is_false(ok)
      assert.is_true(message:find(words, 1, true) ~= nil, message)
    end
    says("layouts, real (N,K,5), or maps of classes, u8 or i32 (N,2,2)", conditions.pictures, gan.zeros(1, 2, 2), 2, 2)
    says("'images' (expected u8 or real (N,H,W,C), C 1 or 3", conditions.beside, gan.zeros(2, 2), gan.zeros(1, 1, 5))
    says("a condition for each of 2 images", conditions.beside, gan.zeros(2, 2, 2, 3), gan.zeros(1, 1, 5))
  end)
end)
