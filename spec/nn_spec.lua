-- The room of layers: each has a spec, and a name of one form.
local lfs = require "lfs"
local gan = require "gan"
local check = require "gan.check"

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

  it("names a file that does not return its classes by name", function()
    local class = gan.nn.class "nn.dropout"
    local own = package.loaded["gan.nn.dropout"]
    for _, wrong in ipairs {true, class, {}, {class}, {dropout = 3}} do -- true: of a file without return
      package.loaded["gan.nn.dropout"] = wrong
      local ok, err = pcall(dofile, "lua/gan/nn/init.lua")
      package.loaded["gan.nn.dropout"] = own
      assert.is_false(ok)
      assert.equal("gan.nn: gan.nn.dropout must return {name = class, ...}", check.placeless(err))
    end
    assert.equal(gan.nn.dropout, dofile("lua/gan/nn/init.lua").dropout)
  end)
end)
