-- Reads damaged files of every format (spec/support/mutate.lua, specimens.lua), in processes of their own: each gives a
-- value, or nil and a message, in little time and memory.
--
--   lua5.4 spec/torture/files.lua MINUTES SEED [FORMATS [FILES]]
--
-- Each process reads FILES files (20,000) of a seed of its own, of the formats that match a pattern.
-- build: asan
local part = require "spec.support.part"
local child = require "spec.support.child"

local p = part.start "files"
local kinds = child.rounds(p, "mutate", tonumber(p.words[2] or 20000), p.words[1])
local names = {}
for name in pairs(kinds) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do print(("%-16s %8d files, %8d read"):format(name, kinds[name][1], kinds[name][2])) end
p:finish()
