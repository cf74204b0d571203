-- NumPy's arrays of pictures: layouts, names, labels, splits; what is refused, and what is passed over; damage.
local core = require "gan.core"
local data = require "gan.data"
local damage = require "spec.support.damage"
local files = require "spec.support.files"

local npy = files.npy

local function range(n)
  local out = {}
  for i = 0, n - 1 do out[i + 1] = string.char(i % 251) end
  return table.concat(out)
end

local function ints(...) return ("<i8"):rep(select("#", ...)):pack(...) end

describe("arrays of NumPy", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  local function put(name, bytes) return files.write(dir .. "/" .. name, bytes) end

  -- From name, bytes, name, bytes, ...
  local function archive(o, ...)
    local members, list = {}, {...}
    for i = 1, #list, 2 do
      members[#members + 1] = {name = list[i] .. ".npy", data = list[i + 1], deflated = o.deflated}
    end
    return put("a.npz", files.zip(members))
  end

  local function refused(text, path, opt)
    local set, message = data.open(path, opt)
    assert.is_nil(set)
    assert.truthy(message:find(text, 1, true), message)
    assert.equal(path .. ": ", message:sub(1, #path + 2))
    assert.is_nil(message:find "\n")
  end

  it("reads every layout of .npy", function()
    local bytes = range(2 * 4 * 5 * 3)
    local set = assert(data.open(put("a.npy", npy("|u1", "(2, 4, 5, 3)", bytes))))
    assert.equal(bytes, core.to_bytes(set:rows {0, 1}))
    assert.equal(dir .. "/a.npy (NumPy): 2 images of 4x5 (height x width), colour, no classes", set:describe())
    set = assert(data.open(put("a.npy", npy("|u1", "(6, 4, 5)", bytes))))
    assert.same({6, 4, 5, 1}, core.shape(set.images))
    assert.equal(bytes, core.to_bytes(set.images))
    set = assert(data.open(put("a.npy", npy("|u1", "(6, 1, 4, 5)", bytes))))
    assert.equal(bytes, core.to_bytes(set.images))
    set = assert(data.open(put("a.npy", npy("|u1", "(2, 3, 4, 5)", bytes))))
    local planes = core.permute(core.from_bytes(bytes, {2, 3, 4, 5}, "u8"), {1, 3, 4, 2})
    assert.same(core.to_table(planes), core.to_table(set.images))
    assert.same({"'a' (2,3,4,5) is read as (N,C,H,W)"}, set.notes)
    set = assert(data.open(put("a.npy", npy("|u1", "(2, 4, 5)", range(40), true))))
    local columns = core.permute(core.from_bytes(range(40), {5, 4, 2}, "u8"), {3, 2, 1})
    assert.same(core.to_table(core.reshape(columns, {2, 4, 5, 1})), core.to_table(set.images))
    set = assert(data.open(put("a.npy", npy("|u1", "(6, 4, 5)", bytes)), {limit = 2, size = 2, channels = 3}))
    assert.same({2, 2, 2, 3}, core.shape(set.images))
  end)

  it("reads many chunks", function()
    local bytes = range(40 * 100 * 100)
    local set = assert(data.open(put("a.npy", npy("|u1", "(40, 100, 100)", bytes))))
    assert.is_true(bytes == core.to_bytes(set.images))
  end)

  it("says once which file has changed, and which picture", function()
    local path = put("a.npy", npy("|u1", "(6, 4, 5)", range(120)))
    local set = assert(data.open(path, {cache = 20}))
    put("a.npy", npy("|u1", "(6, 4, 5)", range(90)))
    local ok, message = pcall(set.rows, set, {5})
    assert.is_false(ok)
    assert.truthy(message:find(("rows: %s, picture 6 has changed since the data were opened: truncated"):format(path),
      1, true), message)
  end)

  it("says how RGBA becomes RGB", function()
    refused("of RGBA: python3 -c \"import numpy as np; x = np.load('" .. dir .. "/a.npy'); np.save('images.npy', "
      .. "x[..., :3])\")", put("a.npy", npy("|u1", "(1, 2, 2, 4)", range(16))))
  end)

  it("takes the images and labels of an archive, stored or deflated, by name", function()
    local x = npy("|u1", "(3, 2, 5)", range(30))
    local y = npy("<i8", "(3,)", ints(2, 0, 1))
    for _, deflated in ipairs {false, true} do
      local o = {deflated = deflated}
      for _, names in ipairs {{"images", "labels"}, {"x", "y"}, {"arr_0", "arr_1"}, {"anything", "targets"}} do
        local set = assert(data.open(archive(o, names[1], x, names[2], y)))
        assert.equal(range(30), core.to_bytes(set.images))
        assert.same({{2, 0, 1}, {"0", "1", "2"}}, {core.to_table(set.labels), set.classes})
      end
      assert.is_nil(assert(data.open(archive(o, "x", x))).labels)
      local other = npy("|u1", "(4, 2, 5)", range(40))
      assert.equal(3, assert(data.open(archive(o, "masks", other, "images", x))).n)
      local column = npy("|u1", "(3, 1)", "\3\1\2")
      local set = assert(data.open(archive(o, "x", x, "label", column)))
      assert.same({{2, 0, 1}, {"1", "2", "3"}}, {core.to_table(set.labels), set.classes})
      assert.same({"labels 1 to 3 of the file are classes 0 to 2"}, set.notes)
    end
    refused("holds several arrays of images: 'a' |u1 (3,2,5), 'b' |u1 (3,2,5) (name one of them 'images')",
      archive({}, "a", x, "b", x))
  end)

  it("takes splits by name", function()
    local x, y = npy("|u1", "(3, 2, 5)", range(30)), npy("<i8", "(3,)", ints(2, 0, 1))
    local t, u = npy("|u1", "(1, 2, 5)", range(10)), npy("<i8", "(1,)", ints(1))
    local path = archive({}, "x_test", t, "x_train", x, "y_test", u, "y_train", y)
    local set = assert(data.open(path))
    assert.same({3, "train", {"train", "test"}, {2, 0, 1}},
      {set.n, set.split, set.splits, core.to_table(set.labels)})
    set = assert(data.open(path, {split = "test"}))
    assert.same({1, "test", {1}}, {set.n, set.split, core.to_table(set.labels)})
    local train, test = data.train_test(path)
    assert.same({3, 1}, {train.n, test.n})
    path = archive({}, "train_images", x, "val_images", t, "train_labels", y, "val_labels", u)
    assert.same({"train", "val"}, assert(data.open(path)).splits)
    refused("no split 'test' in it (there is: train, val)", path, {split = "test"})
    path = archive({}, "Xtrain", x, "X_valid", t, "x_eval", t, "ytrain", y)
    assert.same({"train", "val", "eval"}, assert(data.open(path)).splits)
    assert.same({2, 0, 1}, core.to_table(assert(data.open(path)).labels))
    refused("no split 'test' in it (there is: none)", archive({}, "x", x), {split = "test"})
  end)

  it("passes over what it cannot read, and says so", function()
    local x = npy("|u1", "(1, 2, 5)", range(10))
    local path = archive({}, "names", npy("<U1", "(1,)", "a\0\0\0"), "x", x, "y", npy("<f4", "(1,)", ("<f"):pack(1)))
    local set = assert(data.open(path))
    assert.is_nil(set.labels)
    assert.equal(2, #set.notes)
    assert.matches("^'names' is passed over: type '<U1'", set.notes[2])
    local want = "(expected integers (N): i1, i2, i4, i8 or u1, as .astype('int64') makes them)"
    assert.equal("'y' <f4 (1) is not used: no labels " .. want, set.notes[1])
    for _, descr in ipairs {"<u2", ">i4"} do -- told once
      set = assert(data.open(archive({}, "x", x, "y", npy(descr, "(1,)", "\1\0\0\0"))))
      assert.same({("'y' %s (1) is not used: no labels %s"):format(descr, want)}, set.notes)
    end
    path = archive({}, "x", x, "y", x, "weights", npy("<f4", "(1,)", ("<f"):pack(1)), "x_test", x)
    assert.same({"'y' |u1 (1,2,5) is not used", "'weights' <f4 (1) is not used"}, assert(data.open(path)).notes)
    put("a.npz", files.zip {{name = "x.npy", data = x}, {name = "readme.txt", data = "hello"}})
    assert.same({"'readme.txt' is passed over: not an array (.npy)"}, assert(data.open(path)).notes)
  end)

  it("says how to convert other numbers", function()
    local four = ("<f"):rep(40):pack(table.unpack(core.to_table(core.full({40}, 0.5))))
    local path = put("a.npy", npy("<f4", "(2, 4, 5)", four))
    refused("holds no images: 'a' <f4 (2,4,5) (expected u8 (N,H,W), (N,H,W,C) or (N,C,H,W), C = 1 or 3; of numbers in "
      .. "[0,1]: python3 -c \"import numpy as np; x = np.load('" .. path .. "'); np.save('images.npy', "
      .. "(x * 255).round().astype('uint8'))\")", path)
    refused("np.load('" .. dir .. "/a.npz')['x']", archive({}, "x", npy("<f4", "(2, 4, 5)", four)))
    refused("x.astype('uint8')", put("a.npy", npy("<i8", "(1, 1, 5)", ints(1, 2, 3, 4, 5))))
    refused("x[None]", put("a.npy", npy("|u1", "(2, 5, 3)", range(30))))
    refused("'a' |u1 (10) (expected", put("a.npy", npy("|u1", "(10,)", range(10))))
    refused("'a' |u1 (0,2,5) (expected", put("a.npy", npy("|u1", "(0, 2, 5)", "")))
    refused("'a' |u1 (1,1,20000)", put("a.npy", npy("|u1", "(1, 1, 20000)", range(20000))))
    refused("it is empty", put("a.npz", files.zip {{name = "a.txt", data = "x"}}))
  end)

  it("refuses what is wrong", function()
    local x = npy("|u1", "(3, 2, 5)", range(30))
    refused("29 bytes of data (expected 30 for |u1 (3,2,5))", put("a.npy", x:sub(1, -2)))
    refused("an array in gzip", put("a.npy.gz", core.gzip(x)))
    refused("'y': 2 labels, but 'x' has 3 images", archive({}, "x", x, "y", npy("<i8", "(2,)", ints(1, 2))))
    refused("'y': label -1 of entry 2 (expected 0 to 65535)",
      archive({}, "x", x, "y", npy("<i8", "(3,)", ints(1, -1, 2))))
    refused("'y': element 1 does not fit i32", archive({}, "x", x, "y", npy("<i8", "(3,)", ints(1 << 40, 0, 2))))
    for _, deflated in ipairs {false, true} do
      refused("is damaged (its checksum differs)",
        put("a.npz", files.zip {{name = "x.npy", data = x, crc = 7, deflated = deflated}}))
    end
    local bomb = files.zip {{name = "x.npy", data = npy("|u1", "(1000000, 1000, 1000)", ""), deflated = true}}
    refused("0 bytes of data (expected 1000000000000", put("a.npz", bomb))
  end)

  it("survives damage: a message or a set", function()
    local x, y = npy("|u1", "(1, 1, 5)", range(5)), npy("|u1", "(1,)", "\1")
    local whole = files.zip {{name = "x.npy", data = x}, {name = "y.npy", data = y, deflated = true}}
    damage.each(whole, function(bytes, what)
      local set, message = data.open(put("d.npz", bytes))
      assert.is_true(type(set or message) == (set and "table" or "string"), what)
    end)
    damage.each(x, function(bytes, what)
      local set, message = data.open(put("d.npy", bytes))
      assert.is_true(type(set or message) == (set and "table" or "string"), what)
    end)
  end)
end)
