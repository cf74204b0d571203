-- The room of architectures: what is public, and that nothing is forgotten.
local lfs = require "lfs"
local gan = require "gan"

-- What architectures share, and no architecture.
local internal = {init = true, parts = true}

describe("gan.model", function()
  it("has every architecture of its folder", function()
    for name in lfs.dir "lua/gan/model" do
      local file = name:match "^(.*)%.lua$"
      if file and not internal[file] then
        assert.is_table(gan.model[file], ("lua/gan/model/%s.lua is in no list: add it to lua/gan/model/init.lua"):format(file))
      end
    end
  end)

  it("keeps what they share to itself", function()
    assert.is_false((pcall(function() return gan.model.parts.norm end)))
  end)
end)
