-- Presets: their transforms and order, the two rotations that share p, oblong and grey pictures; unknown names.
local gan = require "spec.support.double"
local augmented = require "spec.support.augmented"

local augment = gan.augment
local images, seen = (function(a) return a.images, a.seen end)(augmented(gan))

local GROUPS = {
  blit = "xflip(1), rotate90(1, oblong = 'half'), translate(1)",
  geom = "scale(1), rotate(1, of = 2), anisotropic_scale(1), rotate(1, of = 2), fractional_translate(1)",
  color = "brightness(1), contrast(1), luma_flip(1), hue(1), saturation(1)",
  filter = "band1(1), band2(1), band3(1), band4(1)", noise = "noise(1)", cutout = "cutout(1)",
}
local PRESETS = {
  bg = {"blit", "geom"}, bgc = {"blit", "geom", "color"}, bgcf = {"blit", "geom", "color", "filter"},
  bgcfn = {"blit", "geom", "color", "filter", "noise"},
  bgcfnc = {"blit", "geom", "color", "filter", "noise", "cutout"},
}
for name in pairs(GROUPS) do PRESETS[name] = {name} end

describe("preset", function()
  it("has the transforms of its groups, in their order", function()
    for name, groups in pairs(PRESETS) do
      local texts = {}
      for i, group in ipairs(groups) do texts[i] = GROUPS[group] end
      assert.equal(("%s, p = 0.25: %s"):format(name, table.concat(texts, ", ")),
        tostring(augment.preset(name, {p = .25})))
    end
  end)

  it("takes grey and coloured pictures, square or not", function()
    for _, s in ipairs {{24, 24, 1}, {24, 30, 3}, {31, 22, 1}, {23, 23, 3}} do
      local x = images(4, s[1], s[2], s[3])
      for name in pairs(PRESETS) do
        local y = seen(augment.preset(name), x, 1)
        assert.same(x:shape(), y:shape())
        local most = y:abs():max():item()
        assert.is_true(most == most and most < 100, name)
      end
    end
  end)

  it("names what is wrong", function()
    assert.error_matches(function() augment.preset "bgcc" end,
      "augment.preset: unknown preset string 'bgcc' %(did you mean 'bgc'%?%)")
    assert.error_matches(function() augment.preset "everything" end, "unknown preset string 'everything' "
      .. "%(known: bg, bgc, bgcf, bgcfn, bgcfnc, blit, color, cutout, filter, geom, noise%)")
    assert.error_matches(function() augment.preset() end, "augment.preset: unknown preset nil")
    assert.error_matches(function() augment.preset("bg", {p = 2}) end,
      "augment.preset: option 'p': expected a number in %[0,1%], or a function %(step%) %-> one, got 2")
  end)
end)
