-- The room of layers: each has a spec, and a name of one form.
local lfs = require "lfs"
local gan = require "gan"
local check = require "gan.check"
local tree = require "spec.support.tree"

local read = tree.read

describe("gan.nn", function()
  it("has a spec for every file of layers", function()
    for name in lfs.dir "lua/gan/nn" do
      local file = name:match "^(.*)%.lua$"
      if file and read("lua/gan/nn/" .. name):find 'module%.class "nn%.' then
        assert.is_truthy(lfs.attributes(("spec/nn/%s_spec.lua"):format(file)), name .. " has no spec")
      end
    end
  end)

  it("calls its layers nn.NAME in errors, and NAME in printouts", function()
    local classes = 0
    for name, class in pairs(gan.nn) do
      if type(class) == "table" and rawget(class, "label") then
        classes = classes + 1
        assert.equal("nn." .. name, class.label)
        assert.equal(name, class.kind)
      end
    end
    assert.is_true(classes > 20)
  end)

  -- The words at the beginning of the lines that nn.class's entry sets apart.
  local function of_entry(text)
    local names = {}
    for name in text:gmatch "\n%-%-     ([%l_]+)%f[^%l_]" do names[#names + 1] = name end
    return names
  end

  -- Those that README.md does not tell of.
  local function untold(names, section)
    local out = {}
    for _, name in ipairs(names) do
      if not section:find("`" .. name .. "[`(]") then out[#out + 1] = name end
    end
    return out
  end

  it("has in README.md all that a class may have by nn.class's entry, and every kind of option", function()
    assert.same({"kernel"}, of_entry "--- Makes.\n--\n--     kernel(self)  returns\n-- output(self)")
    assert.same({"kernel", "norm"}, untold({"kernel", "norm", "init"}, "`init(self)`, kernel, `normal`"))
    local section = read "lua/gan/README.md":match "\nWhat the class may have:\n(.-)\nWhat every"
    local names = of_entry(read "lua/gan/nn/module.lua":match "(%-%-%- Makes a class of.-)@function")
    assert.is_true(#names >= 8)
    assert.same({}, untold(names, section))
    for kind in pairs(check.option) do assert.truthy(section:find("`" .. kind .. "[` ]"), kind) end
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
