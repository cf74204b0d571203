-- Conditions of captions and of attributes: what they make of a batch and of a command line, and of damaged states.
local gan = require "gan"
local core = require "gan.core"
local told = require "gan.model.told"

local captions, attributes = gan.model.captions, gan.model.attributes

local function set() return gan.data.shapes {count = 40, size = 16} end

describe("model.captions:", function()
  it("learn to tell captions of images apart, the same whatever the threads", function()
    local s, losses, states = set(), {}, {}
    for i, threads in ipairs {1, 2} do
      local before = core.threads()
      core.threads(threads)
      local c = assert(captions.new(s, {encoder = "gru", words = 4, features = 8, rng = gan.rng(1)}))
      local first, n
      local last = c:learn(s, {steps = 200, batch = 16, width = 8, told = function(step, v)
        first, n = first or v, step
      end})
      core.threads(before)
      assert.equal(200, n)
      assert.is_true(last < 0.9 * first, last .. " of " .. first)
      losses[i], states[i] = last, c:state()
    end
    assert.equal(losses[1], losses[2])
    for name, t in pairs(states[1].net) do assert.equal(core.to_bytes(t), core.to_bytes(states[2].net[name])) end
  end)

  it("come back from their state: the same vectors; another vocabulary is refused", function()
    for _, encoder in ipairs {"gru", "bag"} do
      local c = assert(captions.new(set(), {encoder = encoder, features = 5, words = 3, rng = gan.rng(1)}))
      local y, keys = c:of {captions = {"a red circle", "a blue moon"}}
      assert.same({{2, 5}, {"a red circle", "a blue moon"}}, {core.shape(y), keys})
      local again = assert(captions.again(c:state()))
      local same, notice = again:read {"a red circle", "a blue moon"}
      assert.same(core.to_table(y), core.to_table(same))
      assert.is_nil(notice)
      assert.is_truthy(select(2, again:read {"a rde circle"}):find("'rde' (did you mean 'red'?)", 1, true))
      assert.same({nil, "'?!' has no words"}, {again:read {"?!"}})
      local other = assert(captions.new(set(), {encoder = encoder, features = 5, words = 3, rng = gan.rng(2)}))
      other:load(c:state())
      assert.same(core.to_table(y), core.to_table((other:read {"a red circle", "a blue moon"})))
      local state = c:state()
      state.vocabulary = {text = state.vocabulary.text .. "zebra\t1\n", markers = false, max_words = 32}
      assert.error_matches(function() other:load(state) end, "the vocabulary is another one")
      state.features = 6
      assert.error_matches(function() other:load(state) end, "features: expected 5, got 6")
    end
  end)

  it("are not made of damaged states", function()
    local function try(change)
      local state = assert(captions.new(set(), {features = 5, words = 3, rng = gan.rng(1)})):state()
      change(state)
      local c, message = captions.again(state)
      assert.is_nil(c)
      return message
    end
    assert.matches("words: expected a count", try(function(s) s.words = 1 << 40 end))
    assert.matches("features: expected a count", try(function(s) s.features = "5" end))
    assert.matches("encoder: expected gru or bag", try(function(s) s.encoder = {} end))
    assert.matches("expected the state of a vocabulary", try(function(s) s.vocabulary = nil end))
    assert.matches("state", try(function(s) s.net = {} end))
    assert.matches("more", try(function(s) s.features = 60000 end))
    local state = assert(captions.new(set(), {features = 5, words = 3, rng = gan.rng(1)})):state()
    state.encoder = "bug"
    local condition, message = told.again({condition = state, run = {}}, "x")
    assert.same({false, "x: does not hold a condition of captions: encoder: expected gru or bag"}, {condition, message})
    assert.is_nil(told.again({condition = {kind = "os"}, run = {}}, "x"))
  end)

  it("say what is wrong with a set", function()
    assert.error_matches(function() captions.new(gan.data.fake {}) end, "expected a data set with captions")
    assert.error_matches(function() attributes.new(gan.data.fake {}) end, "expected a data set with attributes")
  end)
end)

describe("model.attributes:", function()
  it("are rows, and names with commas", function()
    local s = set()
    local a = assert(attributes.new(s))
    local rows = core.narrow(s.attributes, 1, 1, 3)
    local y, keys = a:of {attributes = rows}
    assert.equal(rows, y)
    assert.same(core.to_table(rows), core.to_table((a:read(keys))))
    assert.same({nil, "expected attributes (" .. table.concat(s.attribute_names, " ") .. "), got 'ren' (did you mean "
      .. "'red'?)"}, {a:read {"red, ren"}})
    assert.equal(0, core.item(core.sum((a:read {""}))))
    local again = assert(attributes.again(a:state()))
    assert.same(a.names, again.names)
    again:load(a:state())
    assert.error_matches(function() a:load {names = {"red"}} end, "expected attributes circle square")
    assert.same({nil, "names: expected a list of names"}, {attributes.again {names = {1}}})
    assert.error_matches(function() a:of {attributes = core.full({2, 3}, 1)} end, "expected 16 attributes, got 3")
  end)

  it("other numbers than 0 and 1 are named", function()
    assert.same({nil, "image 2: attribute 'b' is 0.5, expected 0 or 1"}, {attributes.new {
      attributes = gan.tensor {{0, 1}, {1, 0.5}}, attribute_names = {"a", "b"}}})
  end)
end)
