-- The room of layers: each has a spec, and a name of one form.
local lfs = require "lfs"
local gan = require "gan"

describe("gan.nn", function()
  it("has a spec for every file of layers", function()
    for name in lfs.dir "lua/gan/nn" do
      local file, text = name:match "^(.*)%.lua$", nil
      if file then text = assert(io.open("lua/gan/nn/" .. name)):read "a" end
      if text and text:find 'module%.class "nn%.' then
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
