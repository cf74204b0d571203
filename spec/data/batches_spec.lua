-- Batches: exact values, each image once an epoch, resumable to the byte, the same with and without the thread.
local gan = require "gan"
local core = require "gan.core"
local double = require "spec.support.double"

-- n images of h x w, image i all i, so that a batch tells which images it holds.
local function numbered(n, h, w, c)
  local t = core.full({n, h or 2, w or 2, c or 1}, 0, "u8")
  for i = 1, n do core.copy_(core.narrow(t, 1, i, 1), core.full({}, i - 1, "u8")) end
  local labels = {}
  for i = 1, n do labels[i] = (i - 1) * 10 end
  return {images = t, labels = core.tensor(labels, "i32")}
end

-- The same of classes: {class, so many images}, ...
local function classed(counts)
  local labels = {}
  for _, c in ipairs(counts) do for _ = 1, c[2] do labels[#labels + 1] = c[1] end end
  local set = numbered(#labels)
  set.labels = core.tensor(labels, "i32")
  return set
end

local function bytes(loader, n)
  local parts = {}
  for _ = 1, n do
    local x, y, rows, geometry = loader:next()
    parts[#parts + 1] = x:to_bytes() .. (y and y:to_bytes() or "") .. rows:to_bytes() .. geometry:to_bytes()
  end
  return table.concat(parts, "|")
end

describe("batches", function()
  it("scale to [-1,1], exactly at the ends", function()
    local t = core.reshape(core.tensor({0, 1, 127, 128, 254, 255}, "u8"), {1, 1, 6, 1})
    local x = gan.data.batches({images = t}, {batch = 1})()
    assert.same({1, 1, 6, 1}, x:shape())
    for i, v in ipairs {0, 1, 127, 128, 254, 255} do
      assert.is_true(math.abs(x:get(1, 1, i, 1) - (v / 127.5 - 1)) < 1e-6)
    end
    assert.equal(-1, x:get(1, 1, 1, 1))
    assert.equal(1, x:get(1, 1, 6, 1))
    local wide = double.require "gan.data".batches(
      {images = double.require "gan.core".full({1, 1, 1, 1}, 7, "u8")}, {batch = 1})()
    assert.equal((2 * 7 - 255) / 255, wide:item())
  end)

  it("give every image once an epoch, with its label, in another order each time", function()
    local loader, orders = gan.data.batches(numbered(12), {batch = 3, seed = 4}), {}
    for e = 1, 3 do
      local order = {}
      for _ = 1, 4 do
        local x, y, rows = loader()
        for i = 1, 3 do
          local row = rows:get(i)
          order[#order + 1] = row
          assert.is_true(math.abs(x:get(i, 2, 1, 1) - (row / 127.5 - 1)) < 1e-6)
          assert.equal(row * 10, y:get(i))
        end
      end
      orders[e] = table.concat(order, " ")
      table.sort(order)
      assert.same({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, order)
    end
    assert.not_equal(orders[1], orders[2])
    assert.not_equal(orders[2], orders[3])
    local other = gan.data.batches(numbered(12), {batch = 12, seed = 5})
    local _, _, rows = other()
    assert.not_equal(orders[1], table.concat(rows:to_table(), " "))
  end)

  it("leave out or keep the smaller last batch", function()
    local l = gan.data.batches(numbered(7), {batch = 3})
    local sizes = {}
    for x in l do
      sizes[#sizes + 1] = #x
      if #sizes == 5 then break end
    end
    assert.same({3, 3, 3, 3, 3}, sizes)
    assert.equal(2.5, l.epoch)
    assert.equal(15, l.images_seen)
    assert.equal(2, l.steps_per_epoch)
    l = gan.data.batches(numbered(7), {batch = 3, drop_last = false})
    sizes = {}
    for i = 1, 5 do sizes[i] = #l() end
    assert.same({3, 3, 1, 3, 3}, sizes)
    assert.equal(1 + 6 / 7, l.epoch)
    assert.equal(13, l.images_seen)
    assert.equal(3, l.steps_per_epoch)
  end)

  it("have neighbours of one class in packs, each image once an epoch, others left out each time", function()
    local set = classed {{0, 10}, {1, 7}, {5, 12}} -- of packs of 3: 9, 6 and 12 images
    local loader, left_out, together, first = gan.data.batches(set, {batch = 9, pack = 3, seed = 2}), {}, {}, {}
    assert.equal(3, loader.steps_per_epoch)
    for epoch = 1, 40 do
      local seen, counts = {}, {[0] = 0, 0, [5] = 0}
      for step = 1, 3 do
        local x, y, rows = loader()
        for i = 1, 9 do
          local row, class = rows:get(i), y:get(i)
          assert.is_nil(seen[row])
          seen[row] = true
          counts[class] = counts[class] + 1
          assert.equal(set.labels:get(row + 1), class)
          assert.is_true(math.abs(x:get(i, 1, 1, 1) - (row / 127.5 - 1)) < 1e-6)
          assert.equal(y:get((i - 1) // 3 * 3 + 1), class)
          if i % 3 > 0 and row < 10 then together[row .. " " .. rows:get(i + 1)] = true end
        end
        if step == 1 then first[#first + 1] = y:get(1) end
      end
      assert.same({[0] = 9, 6, [5] = 12}, counts)
      for row = 0, 9 do if not seen[row] then left_out[row] = true end end
      assert.equal(epoch, loader.epoch)
    end
    for row = 0, 9 do assert.is_true(left_out[row], row) end
    local pairs_seen, of = 0, {[0] = 0, 0, [5] = 0}
    for _ in pairs(together) do pairs_seen = pairs_seen + 1 end
    assert.is_true(pairs_seen > 70) -- of 90
    for _, class in ipairs(first) do of[class] = of[class] + 1 end -- 3 : 2 : 4 of 9 packs
    for class, n in pairs {[0] = 40 * 3 / 9, 40 * 2 / 9, [5] = 40 * 4 / 9} do
      assert.is_true(math.abs(of[class] - n) < 10, class .. ": " .. of[class])
    end
    local one, two = gan.data.batches(set, {batch = 9}), gan.data.batches(set, {batch = 9, pack = 1})
    assert.is_true(bytes(one, 5) == bytes(two, 5))
    assert.is_nil(one:state().pack)
  end)

  it("mirror and shift by the image's own draw", function()
    local pixel = {}
    for i = 1, 16 do pixel[i] = i end
    local t = core.expand(core.reshape(core.tensor(pixel, "u8"), {1, 4, 4, 1}), {400, 4, 4, 1})
    local seen, count = {}, 0
    for _, opt in ipairs {{mirror = true}, {crop = 2}, {crop = 1, mirror = true}} do
      opt.batch = 400
      local x = gan.data.batches({images = core.contiguous(t)}, opt)():to_table()
      for i = 1, 400 do
        local key = {}
        for y = 1, 4 do
          for c = 1, 4 do key[#key + 1] = math.floor((x[i][y][c][1] + 1) * 127.5 + 0.5) end
        end
        key = table.concat(key, " ")
        if not seen[key] then count = count + 1 end
        seen[key] = (seen[key] or 0) + 1
      end
      if opt.mirror and not opt.crop then
        assert.equal(2, count)
        local flipped = seen["4 3 2 1 8 7 6 5 12 11 10 9 16 15 14 13"]
        assert.is_true(flipped > 150 and flipped < 250)
      elseif not opt.mirror then
        assert.equal(25 + 1, count) -- five by five shifts; the flipped one from before
        -- down and right by 2, edges repeated
        assert.is_true(seen["11 12 12 12 15 16 16 16 15 16 16 16 15 16 16 16"] >= 4)
      end
    end
    assert.equal(26 + 9 - 1, count) -- nine flipped shifts, one of them known
  end)

  it("shift and mirror whole pixels of colour images", function()
    local h, w, shift = 5, 7, 3
    local image = core.to(core.rng(1, "image"):integer({1, h, w, 3}, 0, 255), "u8")
    local set, known = image:to_table()[1], {}
    local function at(i, n) return math.max(1, math.min(n, i)) end
    for flip = 0, 1 do
      for dy = -shift, shift do
        for dx = -shift, shift do
          local key = {}
          for y = 1, h do
            for x = 1, w do
              key[#key + 1] = table.concat(set[at(y + dy, h)][at((flip == 1 and w + 1 - x or x) + dx, w)], ",")
            end
          end
          known[table.concat(key, " ")] = true
        end
      end
    end
    local many = core.contiguous(core.expand(image, {300, h, w, 3}))
    local x = core.to_table(core.image_quantise(
      (gan.data.batches({images = many}, {batch = 300, mirror = true, crop = shift})())))
    local count, seen = 0, {}
    for i = 1, 300 do
      local key = {}
      for y = 1, h do
        for c = 1, w do key[#key + 1] = table.concat(x[i][y][c], ",") end
      end
      key = table.concat(key, " ")
      assert.is_true(known[key])
      if not seen[key] then count = count + 1 end
      seen[key] = true
    end
    assert.is_true(count > 80) -- of 98
  end)

  it("say what geometry they drew", function()
    local h, w = 3, 5
    local set = {images = core.to(core.rng(1, "image"):integer({40, h, w, 2}, 0, 255), "u8")}
    for _, opt in ipairs {{}, {mirror = true}, {crop = 2}, {mirror = true, crop = 2}} do
      opt.batch = 40
      local x, _, rows, geometry = gan.data.batches(set, opt)()
      assert.same({"i32", {40, 3}}, {geometry:dtype(), geometry:shape()})
      local seen = {}
      local from, to = set.images:to_table(), core.image_quantise(x):to_table()
      for n = 1, 40 do
        local flip, dy, dx = geometry:get(n, 1), geometry:get(n, 2), geometry:get(n, 3)
        seen[flip], seen.dy, seen.dx = true, seen.dy or dy ~= 0, seen.dx or dx ~= 0
        for i = 0, h - 1 do
          for j = 0, w - 1 do
            local y, at = i + dy, (flip == 1 and w - 1 - j or j) + dx
            y, at = math.max(0, math.min(h - 1, y)), math.max(0, math.min(w - 1, at))
            assert.same(from[rows:get(n) + 1][y + 1][at + 1], to[n][i + 1][j + 1])
          end
        end
      end
      assert.same({opt.mirror or false, opt.crop == 2, opt.crop == 2}, {seen[1] or false, seen.dy, seen.dx})
    end
  end)

  it("are the same in shards", function()
    local set = numbered(23, 4, 6, 3)
    for _, opt in ipairs {
      {batch = 8, seed = 5, mirror = true, crop = 2}, {batch = 12, drop_last = false, mirror = true},
      {batch = 16, pack = 2, drop_last = false, mirror = true}, {batch = 12, pack = 3},
    } do
      if opt.pack then set.labels = classed {{0, 9}, {1, 3}, {7, 11}}.labels end
      local function loaders(count)
        local list = {}
        for index = 0, count - 1 do
          opt.shard = {index, count}
          list[index + 1] = gan.data.batches(set, opt)
        end
        return list
      end
      for _, count in ipairs {1, 2, 4} do
        opt.shard = nil
        local whole, shards = gan.data.batches(set, opt), loaders(count)
        for step = 1, 9 do
          local want = {whole()}
          for k = 1, 4 do want[k] = want[k]:to_bytes() end
          if step == 5 then -- a place is the same to all
            assert.same(shards[count]:state(), shards[1]:state())
            for i, shard in ipairs(loaders(count)) do
              assert.is_true(shard:load(shards[1]:state()))
              shards[i] = shard
            end
          end
          local got = {"", "", "", ""}
          for _, shard in ipairs(shards) do
            local share = {shard()}
            for k = 1, 4 do got[k] = got[k] .. share[k]:to_bytes() end
          end
          for k = 1, 4 do assert.is_true(want[k] == got[k]) end
          assert.same({whole.epoch, whole.images_seen}, {shards[1].epoch, shards[count].images_seen})
          assert.same(whole:state(), shards[1]:state())
        end
      end
    end
  end)

  it("resume to the byte from any point", function()
    local set = numbered(23, 5, 4, 3)
    for _, opt in ipairs {
      {batch = 4, seed = 9, mirror = true, crop = 1},
      {batch = 5, drop_last = false, mirror = true},
      {batch = 6, pack = 3, mirror = true}, {batch = 4, pack = 2, drop_last = false},
    } do
      if opt.pack then set.labels = classed {{0, 9}, {1, 3}, {7, 11}}.labels end
      local all = {}
      local l = gan.data.batches(set, opt)
      local states = {}
      for k = 1, 14 do
        states[k] = l:state()
        all[k] = bytes(l, 1)
      end
      for k = 1, 14 do
        local again = gan.data.batches(set, opt)
        bytes(again, k % 3) -- wherever it stood
        assert.is_true(again:load(states[k]))
        assert.same(states[k], again:state())
        assert.is_true(table.concat(all, "|", k) == bytes(again, 15 - k))
      end
    end
  end)

  it("are the same with and without the thread, and for any thread count", function()
    local set = numbered(40, 8, 8, 3)
    local function run(opt)
      opt.batch, opt.seed, opt.mirror, opt.crop = 8, 3, true, 2
      return bytes(gan.data.batches(set, opt), 12)
    end
    local want, before = run {}, core.threads()
    assert.is_true(want == run {prefetch = false})
    core.threads(1)
    local one = run {}
    core.threads(before)
    assert.is_true(want == one)
  end)

  it("refuse a state of other data or options, naming it", function()
    local l = gan.data.batches(numbered(8), {batch = 2, seed = 1})
    local function refused(pattern, n, opt)
      local ok, message = l:load(gan.data.batches(numbered(n), opt):state())
      assert.is_nil(ok)
      assert.equal(pattern, message)
    end
    refused("loader: the state has images = 9, this loader 8", 9, {batch = 2, seed = 1})
    refused("loader: the state has batch = 4, this loader 2", 8, {batch = 4, seed = 1})
    refused("loader: the state has seed = 0, this loader 1", 8, {batch = 2})
    refused("loader: the state has mirror = 1, this loader 0", 8, {batch = 2, seed = 1, mirror = true})
    refused("loader: the state has crop = 1, this loader 0", 8, {batch = 2, seed = 1, crop = 1})
    local packs = gan.data.batches(classed {{0, 4}, {1, 4}}, {batch = 2, seed = 1, pack = 2}):state()
    assert.same({nil, "loader: the state has pack = 2, this loader nil"}, {l:load(packs)})
    local s = l:state()
    for _, v in pairs(s) do assert.equal("integer", math.type(v)) end
    for _, bad in ipairs {1, 8, -2, 0.5, "x", false} do
      s.position = bad
      assert.error_matches(function() l:load(s) end, "seek: bad argument #3 'position'")
    end
    assert.error_matches(function() l:load() end, "expected a table, got nil")
    assert.equal(0, l.images_seen)
  end)

  it("say what is wrong", function()
    local set = numbered(8)
    local function bad(pattern, opt, s)
      assert.error_matches(function() gan.data.batches(s or set, opt) end, pattern)
    end
    bad("data.batches: batch 9 is more than the data %(8 images%)", {batch = 9})
    bad("batch 64 is more than the data %(8 images%)")
    bad("unknown option 'bach' %(did you mean 'batch'%?%)", {bach = 2})
    bad("expected an integer >= 1, got 0", {batch = 0})
    bad("crop", {batch = 1, crop = 2})
    bad("crop", {batch = 1, crop = -1})
    bad("expected a data set", {}, {1})
    bad("u8", {batch = 1}, {images = core.full({8, 2, 2, 1}, 0)})
    for _, shard in ipairs {{1, 1}, {0}, {-1, 2}, {0, 0}, {0.5, 2}, {0, 1, 2}, {"0", "1"}, 2} do
      bad("option 'shard': expected {index, count}, 0 <= index < count, got ", {batch = 2, shard = shard})
    end
    bad("data.batches: option 'shard': 3 shards do not divide the batch, 4", {batch = 4, shard = {0, 3}})
    bad("option 'pack': expected an integer >= 1, got 0", {batch = 2, pack = 0})
    bad("data.batches: option 'pack': packs of 3 do not divide a batch of 4", {batch = 4, pack = 3})
    bad("data.batches: option 'pack': packs of 2 do not divide a batch of 1", {batch = 2, pack = 2, shard = {0, 2}})
    bad("packs are of one class, and the data has no labels", {batch = 4, pack = 2}, {images = set.images})
    bad("packs are of one class, and the data has no labels", {batch = 4, pack = 2, labels = false})
    local few = classed {{0, 4}, {1, 3}, {2, 1}}
    bad("data.batches: option 'pack': class 2 has 1 image, too few for a pack of 2", {batch = 2, pack = 2}, few)
    few.classes = {"a", "b", "c"}
    bad("class 2 'c' has 1 image, too few", {batch = 2, pack = 2}, few)
    bad("option 'pack': a batch of 8 of 6 images that make whole packs of one class", {batch = 8, pack = 2},
      classed {{0, 3}, {1, 3}, {2, 3}})
    bad("option 'pack': expected labels in 0..1048575, got %-1", {batch = 2, pack = 2}, classed {{-1, 4}, {0, 4}})
    bad("%(N,H,W,C%)", {batch = 1}, {images = core.full({8, 2, 2}, 0, "u8")})
    bad("more than the data %(0 images%)", {batch = 1}, {images = core.full({0, 2, 2, 1}, 0, "u8")})
    bad("labels.*expected %(8%)", {batch = 1}, {images = set.images, labels = core.full({7}, 0, "i32")})
    bad("i32", {batch = 1}, {images = set.images, labels = core.full({8}, 0)})
  end)

  it("need no labels, and leave them out when told so", function()
    local set = numbered(4)
    local x, y, rows = gan.data.batches({images = set.images}, {batch = 2})()
    assert.is_true(core.is_tensor(x) and y == nil and core.is_tensor(rows))
    assert.is_nil((select(2, gan.data.batches(set, {batch = 2, labels = false})())))
    assert.same({2, 0, 0, 3}, gan.data.batches({images = core.full({4, 0, 0, 3}, 0, "u8")}, {batch = 2})():shape())
  end)

  it("are closed by hand, by scope, or by being forgotten, at any moment", function()
    local set = numbered(64, 16, 16, 3)
    collectgarbage()
    local before = gan.memory().live
    for k = 1, 30 do
      local l = gan.data.batches(set, {batch = 32})
      for _ = 1, k % 4 do l() end
      if k % 3 == 0 then l:close() end
      if k % 5 == 0 then l:close() end
    end
    do
      local l <close> = gan.data.batches(set, {batch = 32})
      l()
    end
    collectgarbage()
    collectgarbage()
    assert.equal(before, gan.memory().live)
    local l = gan.data.batches(set, {batch = 32})
    l:close()
    assert.error_matches(function() l() end, "the loader is closed")
    assert.error_matches(function() return l.epoch end, "the loader is closed")
    assert.error_matches(function() return l.core.next(5) end, "a loader")
  end)

  it("outlive the set they were made from", function()
    local l = gan.data.batches(numbered(64, 16, 16, 3), {batch = 64})
    l.set = nil
    collectgarbage()
    local others = {} -- take the memory that the set had, if it was let go
    for i = 1, 20 do others[i] = core.full({64, 16, 16, 3}, 99, "u8") end
    for _ = 1, 5 do
      local x, _, rows = l()
      for i = 1, 64, 7 do assert.is_true(math.abs(x:get(i, 9, 9, 2) - (rows:get(i) / 127.5 - 1)) < 1e-6) end
    end
    assert.equal(20, #others)
  end)

  it("lose nothing when memory runs out", function()
    local set = numbered(20, 4, 4, 3)
    local want = bytes(gan.data.batches(set, {batch = 5}), 6)
    local l, parts, failures, n = gan.data.batches(set, {batch = 5}), {}, 0, 0
    while #parts < 6 do
      n = n % 5 + 1
      core.memory_fail_after(n, 2) -- the second try fails too
      local ok, x, y, rows, geometry = pcall(l.next, l)
      core.memory_fail_after(0)
      if ok then
        parts[#parts + 1] = x:to_bytes() .. y:to_bytes() .. rows:to_bytes() .. geometry:to_bytes()
      else
        failures = failures + 1
        assert.matches("next: out of memory", x)
      end
    end
    assert.is_true(failures > 5)
    assert.is_true(want == table.concat(parts, "|"))
  end)
end)
