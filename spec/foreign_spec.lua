-- gan.foreign: every word is truly not there, its error says what to write, and what is to be written is there.
local gan = require "gan"
local foreign = require "gan.foreign"

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok, "nothing was raised for " .. tostring((...)))
  return tostring(err)
end

describe("foreign", function()
  local x = gan.zeros(2, 3)
  local net = gan.nn.linear {3, 2}
  local optimiser = gan.optim.adam(net:params())
  local there = { -- place -> what calls a word of it
    tensor = function(word) return x[word] end,
    gan = function(word) return gan[word] end,
    ["gan.nn"] = function(word) return gan.nn[word] end,
    ["gan.loss"] = function(word) return gan.loss[word] end,
    ["gan.optim"] = function(word) return gan.optim[word] end,
    layer = function(word) return net[word](net) end,
    optimiser = function(word) return optimiser[word](optimiser) end,
  }

  it("answers every word with what to write, in the user's line", function()
    for place, words in pairs(foreign) do
      if type(words) == "table" then
        for word, text in pairs(words) do
          local err = message(function() local v = there[place](word) return v end, word)
          assert.truthy(err:find(("'%s': %s"):format(word, text), 1, true), err)
          assert.truthy(err:find("foreign_spec.lua:", 1, true), err)
          assert.is_nil(text:find("%.$"), text)
        end
      end
    end
  end)

  it("names functions and methods that there are", function()
    local places = {["x:"] = x, ["net:"] = net, ["optimiser:"] = optimiser, ["gan%."] = gan, ["nn%."] = gan.nn}
    for _, words in pairs(foreign) do
      for _, text in pairs(type(words) == "table" and words or {}) do
        for place, object in pairs(places) do
          for name in text:gmatch("%f[%a]" .. place .. "([%w_]+)") do
            assert.is_truthy(object[name], text) -- a name that is not there raises, too
          end
        end
      end
    end
  end)

  it("does not mind capitals", function()
    local err = message(function() local v = gan.nn.batchnorm2D return v end)
    assert.truthy(err:find("there is no 'batchnorm2D': nn.batch_norm {C}", 1, true), err)
    assert.equal(foreign.hint("gan.loss", "bce"), foreign.hint("gan.loss", "BCE"))
  end)

  it("knows nothing else", function()
    assert.is_nil(foreign.hint("tensor", "relu"))
    assert.is_nil(foreign.hint("nowhere", "cuda"))
    assert.is_nil(foreign.hint("tensor", 1))
  end)
end)
