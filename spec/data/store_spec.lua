-- Pictures in files: how they lie there, what is left out, sets larger than the cache, files that change.
local gan = require "gan"
local core = require "gan.core"
local files = require "spec.support.files"
local store = require "gan.data.store"
local threads = require "spec.support.threads"

local function grey(v, size, depth)
  return files.png {h = size, w = size, colour = 0, depth = depth, value = function() return v end}
end

local function noise(n, seed) return core.to_bytes(core.to(core.rng(seed, "noise"):integer({n}, 0, 255), "u8")) end

describe("a store", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  local function put(name, bytes) return files.write(dir .. "/" .. name, bytes) end

  -- n pictures of random colours, size x size; and the entries of their files.
  local function pictures(n, size)
    local list = {}
    for i = 1, n do
      local bytes = noise(size * size * 3, i)
      local png = files.png {
        h = size, w = size, colour = 2,
        value = function(y, x, k) return bytes:byte((y * size + x) * 3 + k + 1) end,
      }
      list[i] = {path = put(("%03d.png"):format(i), png), name = ("n%03d"):format(i)}
    end
    return list
  end

  local function open(entries, o) return assert(store.open(entries, o or {}, dir)) end
  local function set_of(entries, o, labels)
    local r = open(entries, o)
    r.labels, r.source, r.format = labels, dir, "folder"
    return gan.data.set.new(r)
  end

  it("takes pictures as they lie: alone, stored, deflated, and as bare pixels", function()
    local png, bare = grey(7, 2), noise(3 * 12 + 5, 1)
    local packed = files.deflate(png):sub(3, -5)
    put("archive", "junk" .. png .. packed .. "more")
    put("bare", bare)
    local entries = {
      {path = put("a.png", png)}, {path = dir .. "/archive", offset = 4, bytes = #png, how = "stored"},
      {path = dir .. "/archive", offset = 4 + #png, bytes = #packed, how = "deflate"},
      {path = dir .. "/archive", offset = 4 + #png, bytes = #packed, how = "deflate", size = #png,
        crc = files.crc32(png)},
      {path = dir .. "/bare", offset = 5, how = "raw", shape = {2, 2, 3}},
      {path = dir .. "/bare", offset = 5, how = "planar", shape = {2, 2, 3}},
      {path = dir .. "/bare", offset = 0, how = "raw", shape = {2, 2, 1}, count = 2, stride = 9},
    }
    local r = open(entries)
    local function image(i) return core.to_bytes(core.narrow(r.images, 1, i, 1)) end
    assert.same({8, 2, 2, 3}, core.shape(r.images))
    for i = 1, 4 do assert.equal(("\7"):rep(12), image(i)) end
    assert.equal(bare:sub(6, 17), image(5))
    local planes = bare:sub(6, 17)
    for i = 1, 4 do
      assert.equal(planes:sub(i, i) .. planes:sub(4 + i, 4 + i) .. planes:sub(8 + i, 8 + i),
        image(6):sub(3 * i - 2, 3 * i))
    end
    assert.equal((bare:sub(1, 4):gsub(".", "%0%0%0")), image(7))
    assert.equal((bare:sub(10, 13):gsub(".", "%0%0%0")), image(8))
    assert.same({1, 2, 3, 4, 5, 6, 7, 8}, r.kept)
    local crcs = core.to_table(r.crcs)
    for i = 1, 8 do assert.equal(files.crc32(image(i)), crcs[i] & 0xffffffff) end
    assert.same(crcs, core.to_table(core.row_crcs(r.images)))
    local on_disk = set_of(entries, {cache = 30})
    assert.equal(core.to_bytes(r.images), on_disk:rows({0, 1, 2, 3, 4, 5, 6, 7}):to_bytes())
    assert.same({8, 2, 2, 1}, core.shape(open(entries, {channels = 1}).images))
    assert.same({8, 4, 4, 3}, core.shape(open(entries, {size = 4}).images))
    assert.equal(8, open(entries, {size = 4}).enlarged)
    assert.equal(0, open(entries, {size = 4, fit = "pad"}).enlarged)
  end)

  it("says what is wrong with a stretch of a file", function()
    local png = grey(7, 2)
    local packed = files.deflate(png):sub(3, -5)
    local path, short = put("archive", png .. packed), put("short", ("x"):rep(20))
    for _, case in ipairs {
      {{offset = 0, bytes = 10, how = "stored"}, "truncated"},
      {{offset = #png, bytes = #packed + 1, how = "deflate"}, "truncated: %d+ of %d+ bytes"},
      {{offset = #png, bytes = #packed - 1, how = "deflate"}, "truncated deflate data"},
      {{offset = 0, bytes = #png, how = "deflate"}, "corrupt deflate data"},
      {{offset = #png, bytes = 0, how = "deflate"}, "deflate data"},
      {{offset = #png, bytes = #packed, how = "deflate", size = #png + 1}, "inflates to %d+ bytes %(expected %d+%)"},
      {{offset = #png, bytes = #packed, how = "deflate", size = #png - 1}, "inflates to %d+ bytes %(expected %d+%)"},
      {{offset = #png, bytes = #packed, how = "deflate", crc = 5}, "its checksum differs"},
      {{offset = 0, bytes = #png, how = "stored", crc = 5}, "its checksum differs"},
      {{path = short, offset = 0, how = "raw", shape = {2, 3, 1}, count = 4}, "short, picture 4: truncated: 2 of 6 by"},
      {{path = short, offset = 30, bytes = 3, how = "stored"}, "short: truncated: 0 of 3 bytes"},
      {{path = dir}, ": not a file"}, {{path = dir .. "/no"}, "no: cannot open %(No such file or directory%)"},
    } do
      local entry = case[1]
      entry.path = entry.path or path
      local r, message = store.open({entry}, {}, "here")
      assert.is_nil(r)
      local first = entry.count and "1 of 4 pictures cannot be read; %-%-skip%-bad leaves them out"
        or "the picture cannot be read"
      local want = ("^here: %s:\n  .*%s"):format(first, case[2])
      assert.matches(want, message)
    end
  end)

  it("refuses entries that are none", function()
    for _, case in ipairs {
      {5, "entry 1, field 'path': expected a table with it, got 5"}, {{}, "field 'path': expected a text"},
      {{path = ""}, "field 'path'"}, {{path = "a\0b"}, "field 'path'"}, {{path = "a", name = 7}, "field 'name'"},
      {{path = "a", how = "zip"}, "field 'how': expected 'stored', 'deflate', 'raw' or 'planar', got string 'zip'"},
      {{path = "a", how = "stored", offset = 0}, "field 'bytes': expected an integer in 0..%d+, got nil"},
      {{path = "a", how = "stored", bytes = 0}, "field 'offset': expected an integer in 0..%d+, got nil"},
      {{path = "a", how = "stored", bytes = -1, offset = 0}, "field 'bytes'.*got %-1"},
      {{path = "a", how = "stored", bytes = 1, offset = 0, crc = 1 << 32}, "field 'crc'"},
      {{path = "a", how = "raw", offset = 0}, "field 'shape': expected {h, w, c}, got nil"},
      {{path = "a", how = "raw", offset = 0, shape = {2, 2, 5}}, "field 'shape'"},
      {{path = "a", how = "raw", offset = 0, shape = {2, 2, 1}, count = 0}, "field 'count'"},
    } do
      assert.error_matches(function() core.pictures {case[1]} end, "pictures: bad argument #1 'entries' %(entry 1, ")
      assert.error_matches(function() core.pictures {case[1]} end, case[2])
    end
    assert.error_matches(function() core.pictures(7) end, "expected a list of entries, got 7")
    assert.error_matches(function() core.pictures({}, {fit = "crops"}) end, "did you mean 'crop'")
  end)

  it("opens pictures in one order only", function()
    local p = core.pictures {{path = put("a", grey(1, 2))}}
    local images, list = core.full({1, 2, 2, 1}, 0, "u8"), core.tensor({1}, "i32")
    local opening = "expected pictures that are being opened"
    assert.error_matches(function() p:room(1) end, opening)
    assert.error_matches(function() p:read(images, 1, 1, 1, 2, 2, {}) end, opening)
    assert.error_matches(function() p:seal(list, images) end, opening)
    assert.error_matches(function() core.loader(p, nil, {batch = 1}) end, "loader: the pictures are not opened yet")
    assert.error_matches(function() p:fit(2, 2, 2) end, "fit: bad argument #4 'c' %(expected 1 or 3, got 2%)")
    p:fit(2, 2, 1)
    assert.same({1, 2, 2, 1}, p:room(1):shape())
    local others = {core.full({1, 2, 3, 1}, 0, "u8"), core.full({1, 2, 2, 1}, 0), core.full({1, 2, 2, 3}, 0, "u8")}
    for _, wrong in ipairs(others) do
      assert.error_matches(function() p:read(wrong, 1, 1, 1, 2, 2, {}) end, "read: bad argument #2 'images'")
    end
    assert.error_matches(function() p:read(images, 1, 1, 2, 2, 2, {}) end, "read: bad argument #5 'n'")
    assert.error_matches(function() p:read(images, 2, 1, 1, 2, 2, {}) end, "read: bad argument #3 'at'")
    assert.error_matches(function() p:read(images, 1, 1, 1, 2, 2, 5) end, "#8 'bad' %(expected a list")
    assert.equal(1, p:read(images, 1, 1, 1, 2, 2, {}).good)
    assert.error_matches(function() p:seal(core.tensor({2}, "i32"), images) end, "seal: bad argument #2 'list'")
    assert.error_matches(function() p:seal(core.tensor({1, 1}, "i32"), images) end, "seal: bad argument #2 'list'")
    assert.error_matches(function() p:seal(list, core.full({2, 2, 2, 1}, 0, "u8")) end, "seal: bad argument #3 'held'")
    p:seal(list, images)
    assert.error_matches(function() p:fit(2, 2, 1) end, opening)
    assert.equal("\1\1\1\1", core.rows({0}, p):to_bytes())
    assert.error_matches(function() core.subset({1}, p) end, "subset: bad argument #1 'list'")
    assert.error_matches(function() core.subset({0}, images) end, "expected pictures in files")
  end)

  it("leaves out what cannot be read where it may", function()
    local entries = {}
    for i, bytes in ipairs {"junk", grey(1, 2), grey(2, 2), "", grey(3, 2), "x"} do
      entries[i] = {path = put(i .. ".png", bytes)}
    end
    local r, message = store.open(entries, {}, "here")
    assert.is_nil(r)
    assert.matches("^here: 3 of 6 pictures cannot be read; %-%-skip%-bad leaves them out:\n  .*/1.png: [^\n]*\n"
      .. "  .*/4.png: empty file\n  .*/6.png", message)
    for _, cache in ipairs {1 << 20, 8, 4, 0} do
      r = open(entries, {skip_bad = true, cache = cache})
      assert.same({2, 3, 5}, r.kept)
      assert.same({1, 4, 6}, {r.bad[1][1], r.bad[2][1], r.bad[3][1]})
      assert.matches("/4.png: empty file$", r.bad[2][2])
      local set = gan.data.set.new(r)
      assert.equal("\1\1\1\1\2\2\2\2\3\3\3\3", set:rows({0, 1, 2}):to_bytes())
      assert.equal(cache > 8, set.images ~= nil)
    end
    r, message = store.open({entries[1], entries[4]}, {skip_bad = true}, "here")
    assert.is_nil(r)
    assert.matches("^here: none of 2 pictures can be read:\n", message)
  end)

  it("wants pictures of one size, or to be told one", function()
    local entries = {
      {path = put("a", "junk")}, {path = put("b", grey(1, 2)), name = "bee"},
      {path = put("c", grey(1, 3)), name = "sea"},
    }
    local r, message = store.open(entries, {skip_bad = true}, "here")
    assert.is_nil(r)
    assert.equal("here: pictures differ in size (bee is 2x2, 1 of 2 differ, such as sea of 3x3; height x width); "
      .. "give --size", message)
    assert.same({2, 2, 2, 1}, core.shape(open(entries, {skip_bad = true, size = 2}).images))
  end)

  it("has colour where one picture has", function()
    local entries = {}
    for i = 1, 4 do entries[i] = {path = put(i .. "", grey(10 * i, 2))} end
    -- transparent, grey: what shows is the background, in grey or in colour
    entries[5] = {path = put("5", files.png {h = 2, w = 2, colour = 4, value = function() return 0 end})}
    local o = {background = {1, 2, 3}}
    assert.equal(1, core.size(open(entries, o).images, 4))
    entries[6] = {path = put("6", files.plain(2, 9, 8, 7))}
    local want = ""
    for i = 1, 4 do want = want .. string.char(10 * i):rep(12) end
    want = want .. ("\1\2\3"):rep(4) .. ("\9\8\7"):rep(4)
    assert.equal(want, core.to_bytes(open(entries, o).images))
    o.cache = 25
    assert.equal(want, set_of(entries, o):rows({0, 1, 2, 3, 4, 5}):to_bytes())
  end)

  it("stretches the range that 16-bit pictures use, of all of them alike", function()
    local entries = {{path = put("1", grey(6000, 2, 16))}, {path = put("2", grey(12000, 2, 16))},
      {path = put("3", grey(100, 2))}}
    local r = open(entries)
    assert.equal(12000 / 65535, r.range)
    assert.same({23, 47, 100}, {core.get(r.images, 1, 1, 1, 1), core.get(r.images, 2, 1, 1, 1),
      core.get(r.images, 3, 1, 1, 1)})
    for _, cache in ipairs {1 << 20, 8, 0} do
      local set = set_of(entries, {stretch_range = true, cache = cache})
      assert.equal(("\128"):rep(4) .. ("\255"):rep(4) .. ("\100"):rep(4), set:rows({0, 1, 2}):to_bytes())
    end
    assert.is_nil(open({entries[3]}, {stretch_range = true}).range)
  end)

  it("gives the same bytes from disk as from memory, for any cache and any number of threads", function()
    local entries, labels = pictures(23, 6), {}
    for i = 1, 23 do labels[i] = i % 5 end
    labels = core.tensor(labels, "i32")
    local whole = set_of(entries, nil, labels)
    local opt = {batch = 4, seed = 3, mirror = true, crop = 2}
    local function drawn(set, more)
      local o, parts = {prefetch = more.prefetch, shard = more.shard}, {}
      for k, v in pairs(opt) do o[k] = v end
      local loader <close> = gan.data.batches(set, o)
      for step = 1, 14 do
        if step == 8 then -- at any place, by another loader
          local state = loader:state()
          loader:load(gan.data.batches(set, o):state())
          loader()
          assert.is_true(loader:load(state))
        end
        local got = {loader()}
        for k = 1, 4 do parts[#parts + 1] = got[k]:to_bytes() end
      end
      return table.concat(parts)
    end
    local mark = whole:fingerprint()
    for _, cache in ipairs {0, 1, 108, 5 * 108 + 50, 22 * 108} do
      local set = set_of(entries, {cache = cache}, labels)
      assert.same({23, 6, 6, 3}, {set.n, set.height, set.width, set.channels})
      assert.is_nil(set.images)
      assert.same(mark, set:fingerprint())
      for _, more in ipairs {{}, {prefetch = false}, {shard = {1, 2}}, {shard = {3, 4}, prefetch = false}} do
        local want = drawn(whole, more)
        assert.is_true(threads(function(count)
          core.threads(count)
          local got = drawn(set, more)
          assert.is_true(want == got)
          return got
        end))
      end
      local part, all = set:subset({22, 0, 22, 5}), whole:subset({22, 0, 22, 5})
      assert.same(all:fingerprint(), part:fingerprint())
      assert.equal(all.images:to_bytes(), part:rows({0, 1, 2, 3}):to_bytes())
      assert.equal(all:image(4):to_bytes(), part:subset({3}):image(1):to_bytes())
      assert.equal(drawn(whole:subset({9, 8, 7, 6}), {}), drawn(set:subset({9, 8, 7, 6}), {}))
      for _, list in ipairs {{23}, {-1}, "x"} do
        assert.error_matches(function() set:rows(list) end, "rows: bad argument #1 'list'")
        assert.error_matches(function() set:subset(list) end, "bad argument #1 'list'")
      end
    end
    assert.same({23, 6, 6, 3}, core.shape(set_of(entries, {cache = 23 * 108}).images))
  end)

  it("reads more pictures than it looks at together", function()
    local path = put("bare", noise(12, 1))
    local entries = {
      {path = path, offset = 0, how = "raw", shape = {2, 2, 1}, count = 9, stride = 1}, {path = put("junk", "junk")},
      {path = path, offset = 0, how = "raw", shape = {2, 2, 1}, count = 9, stride = 1},
      {path = path, offset = 0, how = "raw", shape = {2, 2, 3}},
    }
    local whole = set_of(entries, {size = 3, skip_bad = true})
    local bytes, at_once = whole.images:to_bytes(), store.AT_ONCE
    for i = 1, 9 do assert.equal(whole:image(i):to_bytes(), whole:image(9 + i):to_bytes()) end
    for _, few in ipairs {0, 27, 4 * 27} do
      store.AT_ONCE = few
      for _, cache in ipairs {math.tointeger(2 ^ 30), 19 * 27, 11 * 27, 27, 0} do
        local r = open(entries, {size = 3, skip_bad = true, cache = cache})
        local set = gan.data.set.new(r)
        assert.same({19, 3}, {set.n, set.channels})
        assert.equal(cache < 19 * 27, set.images == nil)
        assert.same({10, 19}, {r.bad[1][1], r.enlarged})
        assert.equal(whole:fingerprint().checksum, set:fingerprint().checksum)
        assert.equal(bytes, set:rows({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}):to_bytes())
      end
    end
    store.AT_ONCE = at_once
  end)

  it("raises where a file has changed, and goes on when it is back", function()
    local entries = pictures(8, 4)
    local set, whole = set_of(entries, {cache = 2 * 48}), set_of(entries)
    for _, prefetch in ipairs {false, true} do
      for _, case in ipairs {
        {nil, "cannot open (No such file or directory)"}, {"junk", "text, no picture"}, {"", "empty file"},
        {grey(1, 4), "shows another picture"}, {files.read(entries[7].path), "shows another picture"},
      } do
        local opt = {batch = 4, prefetch = prefetch, seed = 5}
        local loader, other = gan.data.batches(set, opt), gan.data.batches(whole, opt)
        local bytes, at = files.read(entries[6].path), nil
        os.remove(entries[6].path)
        if case[1] then files.write(entries[6].path, case[1]) end
        for step = 1, 3 do
          local state = loader:state()
          local ok, message = pcall(loader)
          if not ok then
            at = step
            local want = ("next: %s has changed since the data were opened: %s"):format(entries[6].path, case[2])
            assert.truthy(message:find(want, 1, true), message)
            assert.same(state, loader:state())
            assert.is_false((pcall(loader)))
            break
          end
          assert.equal(other():to_bytes(), message:to_bytes()) -- the batch
        end
        assert.truthy(at)
        local ok, message = pcall(set.rows, set, {0, 7, 5})
        assert.is_false(ok)
        assert.truthy(message:find(("rows: %s has changed since"):format(entries[6].path), 1, true), message)
        assert.equal(whole:rows({0, 7}):to_bytes(), set:rows({0, 7}):to_bytes())
        files.write(entries[6].path, bytes)
        for _ = 1, 5 do assert.equal(other():to_bytes(), loader():to_bytes()) end
      end
    end
  end)

  it("keeps within the cache", function()
    local bytes = 64 * 64 * 3
    local path = put("bare", noise(bytes + 400, 1))
    local entries = {{path = path, offset = 0, how = "raw", shape = {64, 64, 3}, count = 400, stride = 1}}
    collectgarbage()
    local before = core.memory().live
    local set = set_of(entries, {cache = 100 * bytes})
    collectgarbage()
    assert.is_true(core.memory().live - before < 101 * bytes + 20000)
    local loader = gan.data.batches(set, {batch = 10})
    for _ = 1, 50 do loader() end
    collectgarbage()
    assert.is_true(core.memory().live - before < (101 + 10 + 10 * 3 * 4) * bytes + 40000)
    assert.equal(400 * bytes, (select(2, core.crc32(set:rows(core.rng(1, "x"):permutation(400))))))
    set, loader = nil, nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.equal(before, core.memory().live)
  end)

  it("outlives what it was made from", function()
    local entries = pictures(12, 4)
    local want = gan.data.batches(set_of(entries), {batch = 6})():to_bytes()
    local loader = gan.data.batches(set_of(entries, {cache = 3 * 48}):subset {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
      {batch = 6})
    loader.set = nil
    collectgarbage()
    collectgarbage()
    assert.equal(want, loader():to_bytes())
    for k = 1, 20 do
      local l = gan.data.batches(set_of(entries, {cache = 0}), {batch = 5})
      for _ = 1, k % 3 do l() end
      if k % 2 == 0 then l:close() end
    end
    collectgarbage()
    for _ = 1, 5 do loader() end
    loader:close()
    assert.error_matches(function() loader() end, "the loader is closed")
  end)

  it("loses nothing when memory runs out", function()
    local entries = pictures(6, 4)
    local want = set_of(entries):rows({5, 0, 3, 4}):to_bytes()
    local opt = {batch = 3, prefetch = false}
    local batch = gan.data.batches(set_of(entries), opt)():to_bytes()
    local failures = 0
    for n = 1, 60 do
      core.memory_fail_after(n, 3)
      local ok, got = pcall(function()
        local set = set_of(entries, {cache = 2 * 48})
        local rows, first = set:rows({5, 0, 3, 4}):to_bytes(), gan.data.batches(set, opt)():to_bytes()
        return rows .. first
      end)
      core.memory_fail_after(0)
      if ok then
        assert.is_true(got == want .. batch)
      else
        failures = failures + 1
        assert.matches("out of memory", got)
      end
    end
    assert.is_true(failures > 10)
  end)
end)
