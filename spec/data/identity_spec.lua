-- Data are known by what they are, wherever they lie.
local gan = require "gan"

local identity = gan.data.identity

local function set(values, labels, classes)
  local images = gan.tensor(values, "u8"):reshape {#values, 1, 1, 1}
  return gan.data.set.new {images = images, labels = labels and gan.tensor(labels, "i32"), classes = classes,
    source = "x", format = "tensor"}
end

describe("data.identity", function()
  it("is a set's fingerprint with the names of its classes", function()
    local own = set({1, 2, 3}, {0, 1, 0}, {"cat", "dog"})
    local t = identity.of(own)
    local expected = own:fingerprint()
    expected.classes = {"cat", "dog"}
    assert.same(expected, t)
    assert.equal(3, t.images)
    assert.same(own:fingerprint(), identity.of {images = own.images, labels = own.labels}) -- a table that is no set
    assert.same({checksum = "mine"}, identity.of {fingerprint = function() return {checksum = "mine"} end})
    assert.is_nil(identity.of(gan.data.ring {}))
    assert.is_nil(identity.of {images = gan.zeros(3)})
  end)

  it("says what changed", function()
    local function differ(a, b) return {identity.difference(identity.of(a), identity.of(b))} end
    local labels, classes = {0, 1, 0}, {"cat", "dog"}
    local own = set({1, 2, 3}, labels, classes)
    assert.same({}, differ(own, set({1, 2, 3}, labels, classes)))
    assert.same({}, differ(set {1, 2}, set {1, 2}))
    local a, b = own:fingerprint().checksum, set({1, 2}, {0, 1}, classes):fingerprint().checksum
    local text = "was started with 3 images of 1x1, grey (%s), now there are 2 images of 1x1, grey (%s)"
    assert.same({text:format(a, b)}, differ(own, set({1, 2}, {0, 1}, classes)))
    local other = "^was started with other data: the same number and size, but other pictures or labels %(crc32:"
    assert.matches(other, differ(own, set({1, 2, 4}, labels, classes))[1])
    assert.matches(other, differ(own, set({1, 2, 3}, {0, 1, 1}, classes))[1])
    assert.matches(other, differ(own, set {1, 2, 3})[1])
  end)

  it("takes no class for another, but other names for the same class", function()
    local function differ(a, b)
      return {identity.difference(identity.of(set({1, 2, 3}, {0, 1, 0}, a)), identity.of(set({1, 2, 3}, {0, 1, 0}, b)))}
    end
    assert.same({"was started with the classes in the order cat dog, now dog cat"},
      differ({"cat", "dog"}, {"dog", "cat"}))
    assert.same({nil, "class 1 was called dog, now wolf"}, differ({"cat", "dog"}, {"cat", "wolf"}))
    assert.same({nil, "class 0 was called 0, now cat"}, differ({"0", "1"}, {"cat", "dog"}))
    assert.same({nil, "class 2 was called nothing, now emu"}, differ({"cat", "dog"}, {"cat", "dog", "emu"}))
  end)
end)
