-- placement.lua: the three lines that it prints of runs of layouts and of masks, and what it refuses.
local inside = require "spec.support.inside"
local temp = require "spec.support.temp"

describe("placement.lua", function()
  local dir
  setup(function()
    dir = temp.dir()
    local words = " --size 32 --limit 64 --ngf 2 --ndf 2 --batch 4 --steps 1 --snap 0 --threads 1 --outdir " .. dir
    for name, recipe in pairs {boxes = "layout_to_image", masks = "pix2pix", none = "dcgan"} do
      local code, _, err = inside.run(("experiments/%s.lua"):format(recipe), "--data shapes --name " .. name .. words)
      assert.same({0, ""}, {code, err})
    end
    assert.equal(0, (inside.run("experiments/segmenter.lua", "--data shapes --size 32 --limit 300 --steps 150 "
      .. "--width 8 --batch 16 --lr 0.01 --threads 1 --out " .. dir .. "/s.safetensors")))
  end)
  teardown(temp.clean)

  local function ask(words) return inside.run("experiments/placement.lua", (words:gsub("DIR", dir))) end

  it("says how many boxes hold an object, with real pictures and chance", function()
    local code, out, err = ask "--run DIR/boxes --n 300"
    assert.same({0, ""}, {code, err})
    assert.matches("step 1: 300 pictures of shapes\n  samples  ", out)
    local real = tonumber(out:match "real pictures +([%d.]+) %% of %d+ boxes")
    local chance = tonumber(out:match "chance +([%d.]+) %%")
    assert.is_true(real > 98.5, out)
    assert.is_true(chance > 6 and chance < 18, out)
    assert.equal(out, select(2, ask "--run DIR/boxes --n 300 --threads 1"))
    local all = select(2, ask "--run DIR/boxes --n 300 --all")
    assert.is_true(tonumber(all:match "chance +([%d.]+) %%") > 45, all) -- one object is easy
  end)

  it("says how many pixels have their class, with real pictures and chance", function()
    local code, out, err = ask "--run DIR/masks --segmenter DIR/s.safetensors --n 64"
    assert.same({0, ""}, {code, err})
    local real, chance = out:match "real pictures +([%d.]+) %% of pixels.*chance +([%d.]+) %% of pixels"
    assert.is_true(tonumber(real) > tonumber(chance), out)
  end)

  it("refuses what it cannot measure", function()
    for words, message in pairs {
      [""] = "--run is missing", ["--run DIR/none"] = "none: is not one of layout_to_image, mask_to_image or pix2pix",
      ["--run DIR/masks"] = "--segmenter is missing: a file of segmenter.lua",
      ["--run DIR/masks --segmenter DIR/no.safetensors"] = "no.safetensors",
      ["--run DIR/boxes --data fake"] = "has no boxes (it has images with labels)",
    } do
      local code, _, err = ask(words)
      assert.equal(1, code, words)
      assert.is_truthy(err:find(message, 1, true), err)
    end
  end)
end)
