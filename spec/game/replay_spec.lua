-- The image pool and the half-batch buffer: what they return and store, image by image; states; wrong use.
local gan = require "gan"
local core = require "gan.core"
local replay = gan.game.replay

-- n samples (n,1,1,1) that show their number: first, first + 1, ...
local function numbered(first, n)
  local list = {}
  for i = 1, n do list[i] = {{{first + i - 1}}} end
  return gan.tensor(list)
end
local function values(t) return core.to_table(core.reshape(t, {core.size(t, 1)})) end
local function labels(t) return core.tensor(values(t), "i32") end

describe("train.replay", function()
  it("is the identity at capacity 0", function()
    for _, make in ipairs {replay.pool, replay.buffer} do
      local r = make {capacity = 0, rng = gan.rng(1)}
      local x = numbered(1, 4)
      local y, l = r(x, labels(x))
      assert.same({1, 2, 3, 4}, values(y))
      assert.same({1, 2, 3, 4}, values(l))
      assert.equal(0, r.count)
      assert.same({count = 0}, r:state())
    end
  end)

  it("pool: stores and returns until it is full, then swaps half of the images", function()
    local r = replay.pool {capacity = 50, rng = gan.rng(1, "replay")}
    assert.same(values(numbered(1, 40)), values((r(numbered(1, 40)))))
    assert.equal(40, r.count)
    local old, total, at, stored = 0, 0, 41, {}
    for _ = 1, 100 do
      local x = numbered(at, 40)
      local out = values((r(x)))
      assert.is_true(r.count <= 50)
      for k, v in ipairs(out) do
        if at + k - 1 > 50 then -- it was full
          total = total + 1
          if v ~= at + k - 1 then
            old = old + 1
            assert.is_true(v < at + k - 1)
            stored[v] = (stored[v] or 0) + 1
          end
        end
      end
      at = at + 40
    end
    assert.is_true(math.abs(old / total - 0.5) < 0.03, old / total)
    for v, times in pairs(stored) do assert.equal(1, times, v) end -- an image leaves the pool when it is returned
  end)

  it("pool: probability 0 returns what is new, 1 what is old", function()
    for p, fresh in pairs {[0] = true, [1] = false} do
      local r = replay.pool {capacity = 3, probability = p, rng = gan.rng(2)}
      r(numbered(1, 3))
      local out = values((r(numbered(4, 2))))
      assert.equal(fresh, out[1] == 4 and out[2] == 5)
      for _, v in ipairs(out) do assert.is_true(fresh or v <= 4) end
    end
  end)

  it("buffer: half a batch of different old images, and exactly half a batch of slots changes", function()
    local r = replay.buffer {capacity = 20, rng = gan.rng(3)}
    assert.same({1, 2, 3, 4, 5, 6, 7, 8}, values((r(numbered(1, 8)))))
    assert.equal(4, r.count)
    for first = 9, 33, 8 do r(numbered(first, 8)) end
    assert.equal(20, r.count)
    for first = 101, 181, 8 do
      local before = values(r:state().images)
      local out = values((r(numbered(first, 8))))
      local seen, is_old = {}, {}
      for _, v in ipairs(before) do is_old[v] = true end
      for k = 1, 4 do
        assert.is_true(is_old[out[k]])
        assert.is_nil(seen[out[k]])
        seen[out[k]] = true
        assert.equal(first + 3 + k, out[4 + k])
      end
      local changed = 0
      for i, v in ipairs(values(r:state().images)) do if v ~= before[i] then changed = changed + 1 end end
      assert.equal(4, changed)
      assert.equal(20, r.count)
    end
  end)

  it("keeps labels with their images", function()
    for _, make in ipairs {replay.pool, replay.buffer} do
      local r = make {capacity = 10, rng = gan.rng(4)}
      for first = 1, 80, 8 do
        local x = numbered(first, 8)
        local out, l = r(x, labels(x))
        assert.same(values(out), values(l))
      end
      assert.same(values(r:state().images), values(r:state().labels))
    end
  end)

  it("lets no gradient into what it stores, and copies", function()
    local r = replay.pool {capacity = 4, rng = gan.rng(5)}
    local x = numbered(1, 4):requires_grad_()
    local out = r(x * 2)
    assert.is_nil(core.node(out))
    out:fill_(0)
    assert.same({2, 4, 6, 8}, values(r:state().images))
  end)

  it("goes on from its state with the same sequence", function()
    for _, make in ipairs {replay.pool, replay.buffer} do
      local a = make {capacity = 12, rng = gan.rng(6)}
      for first = 1, 33, 8 do a(numbered(first, 8), labels(numbered(first, 8))) end
      local b = make {capacity = 12, rng = gan.rng(0)}
      local state = a:state()
      b:load {count = state.count, images = core.clone(state.images), labels = core.clone(state.labels)}
      b.rng:load(a:streams().rng:state())
      for first = 41, 81, 8 do
        local x = numbered(first, 8)
        assert.same(values((a(x, labels(x)))), values((b(x, labels(x)))))
      end
      b:load {count = 0}
      assert.equal(0, b.count)
    end
  end)

  it("refuses wrong use", function()
    local rng = gan.rng(7)
    local r = replay.pool {capacity = 4, rng = rng}
    r(numbered(1, 2))
    for what, f in pairs {
      ["expected a random stream"] = function() replay.pool {capacity = 4} end,
      ["did you mean 'capacity'"] = function() replay.buffer {capacty = 4} end,
      ["game.replay.pool: option 'probability': expected a number in [0,1], got 2"] = function()
        replay.pool {rng = rng, probability = 2}
      end,
      ["labels, but the images stored have none"] = function() r(numbered(1, 2), labels(numbered(1, 2))) end,
      ["do not go with those stored"] = function() r(gan.zeros(2, 1, 1, 3)) end,
      ["expected i32 (2)"] = function() r(numbered(1, 2), gan.zeros(2)) end,
      ["expected a count in 0..4, got 5"] = function() r:load {count = 5} end,
      ["'images': expected real (2,...)"] = function() r:load {count = 2} end,
      ["expected samples (N,...)"] = function() r(gan.zeros(3)) end,
    } do
      local ok, message = pcall(f)
      assert.is_false(ok, what)
      assert.is_truthy(message:find(what, 1, true), message)
      assert.is_truthy(message:find("replay_spec.lua", 1, true), message)
    end
  end)
end)
