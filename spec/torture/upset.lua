-- Upsets work in the middle (spec/support/upset.lua), in processes of their own: hooks that raise, close, collect and
-- call again at any instruction, finalizers, coroutines. Afterwards the same work gives the same bytes.
--
--   lua5.4 spec/torture/upset.lua MINUTES SEED [SCENES [TIMES]]
--
-- Each process upsets the scenes that match a pattern TIMES times (500).
-- build: asan
local part = require "spec.support.part"
local child = require "spec.support.child"

local p = part.start "upset"
local kinds = child.rounds(p, "upset", tonumber(p.words[2] or 500), p.words[1])
local names = {}
for name in pairs(kinds) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do print(("%-24s %8d"):format(name, kinds[name])) end
p:finish()
