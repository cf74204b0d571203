-- The built-in shapes: pure functions of seed, size and number, with annotations that agree with each other.
local gan = require "gan"
local core = require "gan.core"
local double = require "spec.support.double"

describe("shapes", function()
  local set = gan.data.shapes {count = 300, size = 32, seed = 7}

  it("picture i depends on seed, size and i alone", function()
    local few = gan.data.shapes {count = 10, size = 32, seed = 7}
    assert.equal(set.images:narrow(1, 1, 10):to_bytes(), few.images:to_bytes())
    assert.not_equal(few.images:to_bytes(), gan.data.shapes({count = 10, size = 32, seed = 8}).images:to_bytes())
    local before = core.threads()
    core.threads(1)
    local alone = gan.data.shapes {count = 300, size = 32, seed = 7}
    core.threads(before)
    assert.is_true(set.images:to_bytes() == alone.images:to_bytes())
    local wide = double.require "gan.data".shapes {count = 300, size = 32, seed = 7}
    assert.is_true(set.images:to_bytes() == wide.images:to_bytes())
  end)

  it("shows every class, colour, ground and count", function()
    local seen = {}
    for i = 1, set.n do
      local boxes = set:boxes(i)
      seen[#boxes] = true
      seen[boxes[1].name] = true
      seen[boxes[1].colour] = true
      seen[set:captions(i)[1]:match "(%w+) ground$"] = true
    end
    for _, what in ipairs {
      1, 2, 3,
      "circle", "square", "triangle", "star", "ring", "cross", "heart", "moon",
      "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink",
      "plain", "striped", "checked", "dotted", "speckled", "wavy",
    } do
      assert.is_true(seen[what], what)
    end
  end)

  it("boxes, masks, labels and captions agree", function()
    local names = {}
    for k, name in ipairs(set.attribute_names) do names[name] = k end
    for i = 1, 60 do
      local kinds = {}
      for _, box in ipairs(set:boxes(i)) do kinds[box.name], kinds[box.colour] = true, true end
      for name, k in pairs(names) do assert.equal(kinds[name] and 1 or 0, set.attributes:get(i, k)) end
      local boxes, mask, caption = set:boxes(i), core.to_table(set:mask(i)), set:captions(i)[1]
      assert.equal(set.labels:get(i), boxes[1].class)
      assert.equal(set.classes[boxes[1].class + 1], boxes[1].name)
      assert.matches("^an? " .. boxes[1].colour .. " " .. boxes[1].name .. " ", (caption:gsub("^(an?) small", "%1")))
      local seen = {}
      for y = 1, 32 do
        for x = 1, 32 do
          local k = mask[y][x]
          if k > 0 then
            local s = seen[k] or {y0 = 99, x0 = 99, y1 = 0, x1 = 0, n = 0}
            seen[k] = {
              y0 = math.min(s.y0, y - 1), y1 = math.max(s.y1, y), x0 = math.min(s.x0, x - 1), x1 = math.max(s.x1, x),
              n = s.n + 1,
            }
          end
        end
      end
      assert.equal(#boxes, #seen)
      for k, box in ipairs(boxes) do
        for _, edge in ipairs {"x0", "y0", "x1", "y1"} do assert.equal(seen[k][edge], box[edge]) end
        assert.is_true(seen[k].n >= 8)
        assert.matches(box.colour .. " " .. box.name, caption)
        assert.equal(k, box.id)
        if k > 1 then assert.is_true(seen[k].n < 0.8 * 32 * 32) end
        assert.is_true(box.y0 >= 0 and box.x0 >= 0 and box.y1 <= 32 and box.x1 <= 32)
      end
    end
  end)

  it("an object's pixels are of its colour", function()
    local hue = {red = {1, 0, 0}, green = {0, 1, 0}, blue = {0, 0, 1}}
    local checked = 0
    for i = 1, set.n do
      local box = set:boxes(i)[1]
      local want = hue[box.colour]
      if want then
        local image, mask, sum = core.to_table(set:image(i)), core.to_table(set:mask(i)), {0, 0, 0}
        for y = 1, 32 do
          for x = 1, 32 do
            if mask[y][x] == 1 then for k = 1, 3 do sum[k] = sum[k] + image[y][x][k] end end
          end
        end
        for k = 1, 3 do
          if want[k] == 1 then assert.is_true(sum[k] == math.max(table.unpack(sum)), set:captions(i)[1]) end
        end
        checked = checked + 1
      end
    end
    assert.is_true(checked > 50)
  end)

  it("checks its options", function()
    assert.error_matches(function() gan.data.shapes {size = 8} end, "expected an integer in 16..512, got 8")
    assert.error_matches(function() gan.data.shapes {count = 0} end, "count")
    assert.error_matches(function() gan.data.shapes {objects = 4} end, "objects")
    assert.error_matches(function() gan.data.shapes {seed = "x"} end, "seed")
    assert.error_matches(function() set:mask(301) end, "mask: bad argument #1 'i'")
    assert.error_matches(function() set:boxes(0) end, "boxes")
    assert.error_matches(function() set:captions "a" end, "captions")
    assert.equal(1, #gan.data.shapes({count = 1, objects = 1}):boxes(1))
  end)
end)
