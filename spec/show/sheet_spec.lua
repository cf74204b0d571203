-- Sheets of images with their annotations: what stands in the SVG, and that it is XML.
local gan = require "gan"
local core = require "gan.core"
local temp = require "spec.support.temp"

local sheet = gan.show.sheet

describe("a sheet", function()
  teardown(temp.clean)

  it("shows images with boxes, masks, labels, attributes and captions", function()
    local set = gan.data.shapes {count = 30, size = 16}
    local svg = sheet.svg(set, {count = 10, columns = 4})
    local root = assert(gan.file.xml.decode(svg))
    local n = {}
    for _, node in ipairs(root) do n[node.tag] = (n[node.tag] or 0) + 1 end
    local boxes = 0
    for k = 0, 9 do boxes = boxes + #set:boxes(k * 30 // 10 + 1) end
    assert.same({20, boxes + 1}, {n.image, n.rect})
    for k = 0, 9 do
      local first = set:boxes(k * 30 // 10 + 1)[1]
      assert.is_truthy(svg:find(("<title>%s</title>"):format(first.name), 1, true))
    end
    assert.is_truthy(svg:find("[" .. set.classes[set.labels:get(1) + 1] .. "]", 1, true))
    assert.is_truthy(svg:find(set:captions(1)[1]:match "^%S+ %S+ %S+", 1, true))
    assert.equal(svg, sheet.svg(set, {count = 10, columns = 4}))
  end)

  it("escapes what files say, and shortens it", function()
    local set = gan.data.set.new {
      images = core.full({1, 2, 4, 1}, 9, "u8"), source = "x", box_classes = {"<b>\27"},
      boxes = function() return {{class = 0, x0 = 0.5, y0 = 0, x1 = 2, y1 = 1}} end,
      captions = function() return {"<script>" .. ("x"):rep(500) .. " & " .. ("y "):rep(500)} end,
    }
    local svg = sheet.svg(set)
    assert.is_truthy(gan.file.xml.decode(svg))
    assert.is_nil(svg:find("<script", 1, true))
    assert.is_true(#svg < 4000)
    assert.is_truthy(svg:find('<rect x="32.0" y="12.0" width="60.0" height="40.0"', 1, true), svg)
  end)

  it("is written as SVG", function()
    local set, path = gan.data.shapes {count = 2, size = 16}, temp.dir() .. "/a.svg"
    assert.is_true(sheet.save(path, set))
    assert.equal(sheet.svg(set), temp.read(path))
    assert.matches("sheets are written as SVG", select(2, sheet.save("a.png", set)))
    assert.error_matches(function() sheet.svg {} end, "show.sheet.svg: bad argument #1 'set' %(expected a data set")
    assert.error_matches(function() sheet.svg(set, {count = 0}) end, "count")
  end)
end)
