-- The room of layers: its list is complete, and its layers keep the same contract.
local lfs = require "lfs"
local gan = require "gan"

-- What layers share, and no layers.
local internal = {checks = true, init = true, initial = true, module = true, place = true, print = true, walk = true}

describe("gan.nn", function()
  it("has every layer of its folder, each with a spec", function()
    for name in lfs.dir "lua/gan/nn" do
      local file = name:match "^(.*)%.lua$"
      if file and not internal[file] then
        for layer in pairs(require("gan.nn." .. file)) do
          assert.is_truthy(gan.nn[layer],
            ("nn.%s: lua/gan/nn/%s is in no list: add it to lua/gan/nn/init.lua"):format(layer, name))
        end
        assert.is_truthy(lfs.attributes(("spec/nn/%s_spec.lua"):format(file)), name .. " has no spec")
      end
    end
  end)

  it("calls its layers nn.NAME in errors, and NAME in printouts", function()
    local classes = 0
    for name, class in pairs(gan.nn) do
      if type(class) == "table" and class.label then
        classes = classes + 1
        assert.equal("nn." .. name, class.label)
        assert.equal(name, class.kind)
      end
    end
    assert.is_true(classes > 20)
  end)
end)
