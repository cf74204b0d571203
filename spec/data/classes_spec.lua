-- Classes are matched by name wherever both sides have names.
local gan = require "gan"

local map = gan.data.classes.map

describe("data.classes", function()
  it("maps labels by name", function()
    assert.same({{2, 0, 1}, true}, {map({"cat", "dog", "owl"}, {"dog", "owl", "cat"})})
    assert.same({{0, 1}, false}, {map({"cat", "dog"}, {"cat", "dog"})})
    assert.same({{1, 3}, true}, {map({"dog", "owl"}, {"cat", "dog", "hen", "owl"})})
    -- folders that were sorted as texts, and are sorted as numbers now
    assert.same({{0, 1, 10, 2, 3, 4, 5, 6, 7, 8, 9}, true},
      {map({"0", "1", "10", "2", "3", "4", "5", "6", "7", "8", "9"},
        {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"})})
    assert.same({{}, false}, {map({}, {"a"})})
  end)

  it("says which classes no image has", function()
    local without = gan.data.classes.without_images
    assert.is_nil(without({"cat", "dog"}, {1, 0, 1}))
    assert.equal("no picture of the class cat", without({"cat", "dog"}, {1, 1}))
    assert.equal("no picture of the classes cat, owl", without({"cat", "dog", "owl"}, {1}))
    local names = {}
    for k = 1, 30 do names[k] = tostring(k) end
    assert.matches("^no picture of the classes 2, 3, .*, 20, 21, %.%.%.$", without(names, {0}))
  end)

  it("takes names that are only numbers for no names", function()
    assert.same({{0, 1}, false}, {map({"0", "1"}, {"cat", "dog"})})
    assert.same({{0, 1}, false}, {map({"cat", "dog"}, {"0", "1"})})
    assert.same({nil, "3 classes without names, 2 with"}, {map({"0", "1", "2"}, {"cat", "dog"})})
    assert.same({nil, "2 classes without names, 1 with"}, {map({"cat"}, {"0", "1"})})
  end)

  it("says which class is missing, or twice there", function()
    assert.same({nil, "there is no class 'emu' among cat dog"}, {map({"cat", "emu"}, {"cat", "dog"})})
    assert.same({nil, "two classes are called 'cat'"}, {map({"cat", "cat"}, {"cat", "dog"})})
    assert.same({nil, "two classes are called 'dog'"}, {map({"cat"}, {"dog", "dog"})})
    assert.error_matches(function() map(nil, {}) end, "#1 'from' %(expected a list of class names, got nil%)")
    assert.error_matches(function() map({}, {3}) end, "#2 'to%[1%]' %(expected a class name, got 3%)")
  end)
end)
