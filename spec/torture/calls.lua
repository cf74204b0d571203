-- Calls every function and method of the library with random arguments (spec/support/fuzz.lua), in processes of their
-- own: none may crash, hang, or take much memory. At the end it lists the public functions that no call reached.
--
--   lua5.4 spec/torture/calls.lua MINUTES SEED [SPECS [CALLS]]
--
-- Each process makes CALLS calls (10,000) of a seed of its own, from the arguments of the tests of SPECS specs (8), the
-- next ones of all of them, by turns.
-- build: asan
local part = require "spec.support.part"
local child = require "spec.support.child"
local public = require "spec.support.public"
local rehearse = require "spec.support.rehearse"

local p = part.start "calls"
local specs, turn = rehearse.specs(), {}

local function next_specs()
  local names = {}
  for i = 1, tonumber(p.words[1] or 8) do
    if #turn == 0 then table.move(specs, 1, #specs, 1, turn) end
    names[i] = table.remove(turn, math.random(#turn))
  end
  return table.concat(names, ",")
end

local reached, stopped = {}, 0
child.rounds(p, "fuzz", tonumber(p.words[2] or 10000), next_specs, function(result)
  stopped = stopped + result.stopped
  for _, name in ipairs(result.reached) do reached[name] = true end
end)

local missed = {}
for _, key in ipairs(public.order) do
  local it = public.public[key]
  local any = false
  for _, name in ipairs(it.names) do any = any or reached[name] end
  if not any and (it.value == nil or type(it.value) == "function") then missed[#missed + 1] = it.names[1] end
end
table.sort(missed)
print(("%d loops stopped; %d of %d public functions did not return once: %s"):format(stopped, #missed, #public.order,
  table.concat(missed, " ")))
p:finish()
