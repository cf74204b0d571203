-- What nets are told besides classes: other rows, what `of` returns, and a run whose pictures, blocks and resuming keep
-- to it, to the byte.
local gan = require "gan"
local core = require "gan.core"
local temp = require "spec.support.temp"

local conditions = gan.data.conditions

describe("conditions:", function()
  teardown(temp.clean)

  it("another row is the next one whose key differs", function()
    local function rows(keys) return core.to_table(conditions.others(keys)) end
    assert.same({1, 2, 0}, rows {"a", "b", "c"})
    assert.same({2, 2, 3, 0, 0}, rows {"a", "a", "b", "c", "c"})
    assert.same({2, 2, 3, 4, 0}, rows {"a", "a", "b", "a", "b"})
    assert.is_nil(conditions.others {"a", "a"})
    assert.is_nil(conditions.others {"a"})
    assert.is_nil(conditions.others {})
    assert.has_error(function() conditions.others "ab" end,
      "data.conditions.others: bad argument #1 'keys' (expected a list, got string 'ab')")
  end)

  it("what `of` returns is checked", function()
    local images = core.full({2, 4, 4, 3}, 0)
    local function try(...)
      local results = table.pack(...)
      local ok, message = pcall(conditions.batch, {of = function() return table.unpack(results, 1, results.n) end},
        images, nil, {})
      return ok or message
    end
    assert.is_true(try(core.full({2, 5}, 0), {"a", "b"}))
    assert.matches("must return a tensor %(2,...%), returned nil", try(nil))
    assert.matches("must return a tensor %(2,...%), returned real tensor %(3%)", try(core.full({3}, 0), {1, 2, 3}))
    assert.matches("a list of 2 keys beside it, returned one of 1", try(core.full({2}, 0), {1}))
  end)

  -- A game of attributes, for 4 steps of 8 pictures.
  local function condition()
    return {
      seen = {},
      of = function(self, beside)
        local keys = {}
        for i, row in ipairs(core.to_table(beside.attributes)) do keys[i] = table.concat(row, " ") end
        self.seen[#self.seen + 1] = keys
        return beside.attributes, keys
      end,
      state = function() return {} end, load = function() end,
    }
  end

  local dir = temp.dir()

  local function start(words)
    local recorder = gan.train.recorder.disk "test.lua"
    function recorder.say() end
    function recorder.status() end
    function recorder.live() end
    local list = {[0] = "test.lua"}
    for w in ("--data shapes --limit 32 --size 16 --ngf 2 --ndf 2 --z 4 --batch 8 --snap 0 --outdir %s %s"):format(dir,
      words):gmatch "%S+" do list[#list + 1] = w end
    local threads = core.threads()
    local run = gan.train.run {recipe = "told", annotations = {"attributes"}, arg = list, recorder = recorder}
    finally(function() core.threads(threads) end)
    return run
  end

  local function play(words, spec)
    local run = start(words)
    local width = #run.data.attribute_names
    local game = {
      G = gan.model.gan_cls.generator {size = 16, z = 4, text = width, features = 2, ngf = 2, rng = run:stream "G"},
      D = gan.model.gan_cls.discriminator {size = 16, text = width, features = 2, ndf = 2, rng = run:stream "D"},
      condition = condition(), mismatch = 0.5,
    }
    for k, v in pairs(spec or {}) do game[k] = v end
    run:train(game)
    return temp.read(run.place.dir .. "/checkpoint_last.safetensors"), run, game.condition
  end

  it("a run goes on to the byte, with the pictures that it had", function()
    local whole, run, told = play "--name whole --steps 4 --threads 2"
    assert.equal(5, #told.seen) -- the pictures', then each step's
    assert.same({32, #run.data.attribute_names}, core.shape(run.fixed_y))
    assert.same({32, 4}, core.shape(run.fixed_z))
    assert.equal(told.seen[1], run.fixed_texts)
    local loader <close> = gan.data.batches(run.data, {batch = 32, annotations = {"attributes"}})
    local real, _, _, _, beside = loader()
    assert.same(core.to_table(beside.attributes), core.to_table(run.fixed_y))
    assert.equal(core.to_bytes(real), core.to_bytes(require("gan.show.pictures").real(run, 64)))
    play "--name parts --steps 2"
    local parts = play("--steps 4 --resume " .. dir .. "/parts")
    assert.equal(whole, parts)
  end)

  it("blocks may be computed in any order", function()
    local one = play("--name one --steps 2 --blocks 4", {block_order = {1, 2, 3, 4}})
    local other = play("--name other --steps 2 --blocks 4", {block_order = {3, 1, 4, 2}})
    assert.equal(one, other)
  end)

  it("D is told other rows of the batch for mismatch, G the batch's own", function()
    local seen = {}
    local function told(x, y, key)
      seen[#seen + 1] = {key, core.to_table(y)}
      return gan.reshape(gan.sum(gan.reshape(x, {core.size(x, 1), -1}), 2), {core.size(x, 1)})
    end
    local weight = gan.full({1}, 1):requires_grad_()
    local condition_ = {of = function() return gan.tensor {5, 6, 6, 7}, {"a", "b", "b", "c"} end, state = print,
      load = print}
    local spec = {condition = condition_}
    conditions.into(spec, {batch = function() return core.full({4, 1}, 1) end})
    assert.is_nil(spec.condition)
    for k, v in pairs {
      G = function(z, y) return told(z, y, "G"):reshape {4, 1} * weight end,
      D = function(x, y) return told(x * weight, y, "D") end, loss = gan.loss.logistic(), mismatch = 0.5,
      optG = gan.optim.sgd({weight}, {lr = 0.1}), optD = gan.optim.sgd({weight}, {lr = 0.1}),
      latent = function(n) return core.full({n, 2}, 1) end,
    } do spec[k] = v end
    gan.game.loop.new(spec):step(1)
    assert.same({{"G", {5, 6, 6, 7}}, {"D", {5, 6, 6, 7}}, {"D", {5, 6, 6, 7}}, {"D", {6, 7, 7, 5}},
      {"D", {5, 6, 6, 7}}}, seen)
    function condition_.of() return gan.tensor {5, 5, 5, 5}, {"a", "a", "a", "a"} end
    seen = {}
    assert.is_nil(gan.game.loop.new(spec):step(2).wrong) -- there is no other
    assert.equal(4, #seen)
  end)

  it("what does not go with a condition is refused", function()
    assert.error_matches(function() play("--name a --steps 1", {labels = print}) end,
      "option 'labels': a game with a 'condition' takes none")
    assert.error_matches(function() play("--name b --steps 1", {condition = {}}) end,
      "option 'condition': expected a condition, with the methods of")
    assert.error_matches(function() play("--name c --steps 1", {condition = {of = function() return 1, {} end,
      state = print, load = print}}) end, "of%(%) must return a tensor %(32,...%), returned 1")
  end)
end)
