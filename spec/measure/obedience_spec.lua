-- Obedience: what was asked for, by the set's own words; a classifier that learns it; shares with their intervals; and
-- the script, on a run of captions and one of attributes.
local gan = require "gan"
local core = require "gan.core"
local inside = require "spec.support.inside"
local temp = require "spec.support.temp"

local obedience = gan.measure.obedience

describe("measure.obedience:", function()
  teardown(temp.clean)

  it("labels are those that captions begin with", function()
    local set = gan.data.shapes {count = 30, size = 16, seed = 3}
    local labels, colours = obedience.labels(set)
    assert.equal(8, colours)
    for i, y in ipairs(core.to_table(labels)) do
      local words = set.attribute_names[#set.classes + 1 + y % 8] .. " " .. set.classes[1 + y // 8]
      assert.is_truthy(set:captions(i)[1]:find(words, 1, true), set:captions(i)[1] .. ": " .. words)
    end
    assert.error_matches(function() obedience.labels(gan.data.fake {}) end, "expected the built%-in shapes")
  end)

  it("shares have Wilson's interval", function()
    local p, low, high = obedience.share(1700, 2000)
    assert.equal(0.85, p)
    assert.is_true(math.abs(low - 0.8337) < 5e-5 and math.abs(high - 0.8650) < 5e-5, low .. " " .. high)
    for right, bar in pairs {[1732] = 0.85, [1636] = 0.80} do -- the first whose lower end reaches the bar
      assert.is_true(select(2, obedience.share(right, 2000)) >= bar)
      assert.is_true(select(2, obedience.share(right - 1, 2000)) < bar)
    end
    assert.error_matches(function() obedience.share(3, 2) end, "bad argument #1 'right'")
  end)

  it("counts what is seen beside what was asked for", function()
    local net = gan.nn.chain {function(x) return x:reshape {x:size(1), 6} end}
    -- 4: kind 1 and colour 1 of 3
    local images = gan.tensor {{0, 0, 0, 0, 9, 0}, {0, 9, 0, 0, 0, 0}, {9, 0, 0, 0, 0, 0}}
    local found = obedience.count(net, images, gan.tensor({4, 4, 2}, "i32"), 3)
    assert.same({both = 1, colour = 2, kind = 2, n = 3}, found)
  end)

  it("a classifier learns kinds and colours of real pictures", function()
    local set = gan.data.shapes {count = 256, size = 16, objects = 1}
    local net = obedience.learn(set, {epochs = 12, width = 8, batch = 32})
    local labels, colours = obedience.labels(set)
    local found = obedience.count(net, gan.data.to_real(set.images), labels, colours)
    assert.is_true(found.colour > 0.5 * set.n, found.colour .. " colours of " .. set.n)
  end)

  it("runs are measured and drawn with what they were told, and what cannot be measured is said", function()
    local dir = temp.dir()
    local function train(name, words)
      local code, out, err = inside.run(("experiments/%s.lua"):format(name), ("--data shapes --limit 24 --size 16 "
        .. "--ngf 2 --ndf 2 --z 4 --batch 4 --snap 0 --steps 2 --outdir %s --name %s %s"):format(dir, name, words))
      assert.same({0, ""}, {code, err}, out)
    end
    train("text_to_image", "--encoder-steps 2 --text 4 --metrics kid --metrics-every 2 --metrics-n 8")
    train("attributes", "")
    train("dcgan", "")
    for _, name in ipairs {"text_to_image", "attributes"} do
      local code, out, err = inside.run("experiments/obedience.lua",
        ("--run %s/%s --n 20 --count 64 --epochs 1 --width 2"):format(dir, name))
      assert.same({0, ""}, {code, err})
      for _, row in ipairs {"pictures ", "real ones ", "pictures, of another's caption"} do
        assert.is_truthy(out:find("\n" .. row .. " +%d%.%d+ %d%.%d+%-%d%.%d+ ", 1), out)
      end
      code, out, err = inside.run("experiments/evaluate.lua", ("--run %s/%s --n 23 --metrics kid"):format(dir, name))
      assert.equal(0, code, err)
      assert.is_truthy(out:find("\nkid", 1, true), out)
    end
    local said = temp.read(dir .. "/text_to_image/captions.txt")
    assert.equal(24, select(2, said:gsub("\n", "")))
    local first = said:match "^[^\n]+"
    assert.is_truthy(temp.read(dir .. "/text_to_image/report.html"):find("<ol><li>" .. first .. "</li>", 1, true))
    local function draws(script, words)
      local code, out, err = inside.run(("experiments/%s.lua"):format(script), words:format(dir, dir))
      assert.same({0, ""}, {code, err}, out)
    end
    draws("generate", "--run %s/text_to_image --grid --seeds 0-1 --out %s/sheet.svg")
    local sheet = temp.read(dir .. "/sheet.svg")
    assert.equal(2, select(2, sheet:gsub("<image ", "")))
    assert.is_truthy(sheet:find(">" .. first:match "^%S+ %S+", 1, true), sheet)
    draws("interpolate", "--run %s/text_to_image --seeds 1-2 --out %s/strip.png")
    draws("interpolate", "--run %s/attributes --seeds 1-2 --out %s/strip.png")
    local function fails(words, message, script)
      local code, _, err = inside.run(("experiments/%s.lua"):format(script or "obedience"), words)
      assert.equal(1, code)
      assert.is_truthy(err:find(message, 1, true), err)
    end
    fails("", "--run is missing")
    fails(("--run %s/dcgan"):format(dir), "its nets are told no captions and no attributes")
    fails(("--run %s/attributes --metrics ppl --n 24"):format(dir), "knows classes alone", "evaluate")
  end)
end)
