-- Labels of seeds, of a grid of classes, others than given ones; what a file may hold.
local gan = require "gan"
local core = require "gan.core"
local latent = gan.latent

describe("latent: labels", function()
  it("knows latent vectors and labels from a file", function()
    local z, y = gan.zeros(2, 3), core.tensor({0, 4}, "i32")
    assert.is_true(latent.are(z, 3))
    assert.is_true(latent.are(z, 3, y, 5))
    for _, case in ipairs {
      {nil, 3}, {7, 3}, {z, 4}, {gan.zeros(0, 3), 3}, {gan.zeros(3), 3}, {core.full({2, 3}, 0, "u8"), 3}, {z, 3, y},
      {z, 3, nil, 5}, {z, 3, y, 4}, {z, 3, core.tensor({0, -1}, "i32"), 5}, {z, 3, core.tensor({0}, "i32"), 5},
      {z, 3, gan.zeros(2), 5}, {z, 3, {}, 5},
    } do
      assert.is_false(latent.are(case[1], case[2], case[3], case[4]))
    end
  end)

  it("makes a grid of classes, each with the same vectors", function()
    local z, y = latent.by_class(gan.tensor {{1, 2}, {3, 4}, {5, 6}}, 5, 2, 2)
    assert.same({{1, 2}, {3, 4}, {1, 2}, {3, 4}}, z:to_table())
    assert.same({0, 0, 2, 2}, y:to_table())
    local _, all = latent.by_class(gan.ones(1, 2), 3, 3, 1)
    assert.same({0, 1, 2}, all:to_table())
    for _, case in ipairs {{gan.ones(3), 2, 1, 1, "#1 'z'"}, {gan.ones(1, 2), 0, 1, 1, "#2 'classes'"},
      {gan.ones(1, 2), 2, 3, 1, "#3 'rows'"}, {gan.ones(1, 2), 2, 1, 2, "#4 'columns'"}} do
      assert.error_matches(function() latent.by_class(table.unpack(case, 1, 4)) end, case[5])
    end
  end)

  it("mixes classes on the way from one to the next", function()
    local w = latent.mixtures(core.tensor({2, 0, 1}, "i32"), 3, 2)
    assert.same({{0, 0, 1}, {.5, 0, .5}, {1, 0, 0}, {.5, .5, 0}, {0, 1, 0}}, w:to_table())
    assert.same({{0, 1}, {0, 1}}, latent.mixtures(core.tensor({1, 1}, "i32"), 2, 1):to_table())
    local two = core.tensor({0, 2}, "i32")
    for _, case in ipairs {{core.tensor({0}, "i32"), 3, 1, "labels %(M%) of at least 2 classes"},
      {gan.ones(2), 3, 1, "#1 'y'"}, {two, 2, 1, "expected labels in 0..1, got 2 at element 2"},
      {two, 0, 1, "#2 'classes'"}, {two, 3, 0, "#3 'steps'"}} do
      assert.error_matches(function() latent.mixtures(case[1], case[2], case[3]) end, case[4])
    end
  end)

  it("finds labels for seeds", function()
    local names = {"cat", "dog", "7", "#2"}
    assert.same({0, 0, 1, 1}, latent.labels(names, {0, 4, 5, 9}):to_table())
    assert.is_nil((select(2, latent.labels(names, {0, 4}))))
    for class, label in pairs {dog = 1, ["1"] = 1, ["7"] = 2, ["0"] = 0, ["#1"] = 1, ["#2"] = 3, ["#3"] = 3} do
      local y, told = latent.labels(names, {3, 4}, class)
      assert.same({label, label}, y:to_table())
      assert.equal(("class %s (label %d)"):format(names[label + 1], label), told)
    end
    for _, bad in ipairs {"4", "#4", "-1", "#-1", "horse", "1.5", "nan", "#", "99999999999999999999", "0x1", ""} do
      local y, message = latent.labels(names, {1}, bad)
      assert.is_nil(y)
      assert.equal(("expected a class (cat dog 7 #2), or its number as in #0 to #3, got '%s'"):format(bad),
        (message:gsub(" %(did you mean .*", "")))
    end
    assert.matches("got 'dg' %(did you mean 'dog'%?%)$", select(2, latent.labels(names, {1}, "dg")))
  end)

  it("takes a plain number for a name where every class is one", function()
    local names = {}
    for i = 1, 12 do names[i] = tostring(i) end
    for class, label in pairs {["3"] = 2, ["12"] = 11, ["1"] = 0, ["03"] = 2, ["#3"] = 3, ["#0"] = 0} do
      local y, told = latent.labels(names, {0}, class)
      assert.same({label}, y:to_table())
      assert.equal(("class %d (label %d)"):format(label + 1, label), told)
    end
    for _, bad in ipairs {"0", "13", "#12"} do assert.is_nil((latent.labels(names, {0}, bad))) end
    assert.same({1}, latent.labels({"01", "02", "03"}, {0}, "2"):to_table())
    assert.is_nil((latent.labels({"1", "01"}, {0}, "001"))) -- two names for one number
    names = {}
    for i = 1, 50 do names[i] = "c" .. i end
    assert.matches("c40 %.%.%.%), or its number as in #0 to #49", select(2, latent.labels(names, {0}, "horses")))
  end)

  it("draws other labels", function()
    local y = core.tensor({0, 1, 2, 0, 1, 2, 0, 1, 2}, "i32")
    local seen = {}
    for seed = 1, 20 do
      for i, label in ipairs(latent.other_labels(y, 3, gan.rng(seed)):to_table()) do
        assert.is_true(label >= 0 and label < 3 and label ~= y:get(i))
        seen[y:get(i) * 3 + label] = true
      end
    end
    for _, pair in ipairs {1, 2, 3, 5, 6, 7} do assert.is_true(seen[pair]) end
    assert.error_matches(function() latent.other_labels(y, 1, gan.rng(1)) end,
      "latent.other_labels: the data have one class only")
    assert.error_matches(function() latent.other_labels(gan.ones(2), 3, gan.rng(1)) end, "#1 'y' %(expected i32 labels")
  end)
end)
