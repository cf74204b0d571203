-- Files of the library with right checksums and hostile contents: each entry of a run's checkpoint and of a
-- classifier's file is deleted or replaced, and the file read through every door. It survived if the file was taken, or
-- refused in one line, within 5 s: no traceback, no error of Lua's own.
--
--   lua5.4 spec/torture/trees.lua MINUTES SEED [DOOR PLACE VALUE]
local part = require "spec.support.part"
local core = require "gan.core"
local doors = require "spec.support.doors"
local gan = require "gan"
local hostile = require "spec.support.hostile"
local temp = require "spec.support.temp"

local p = part.start "trees"
local dir = temp.dir()
local cases, trees = {}, {}
for _, door in ipairs(doors.make(dir)) do
  trees[door.path] = trees[door.path] or assert(gan.file.safetensors.load(door.path))
  for _, place in ipairs(hostile.places(trees[door.path])) do
    for _, name in ipairs(hostile.names) do cases[#cases + 1] = {door, place, name} end
  end
end
p.began = core.clock() -- what it took to make the files does not count
for i = #cases, 2, -1 do -- in the seed's order
  local k = math.random(i)
  cases[i], cases[k] = cases[k], cases[i]
end
for _, case in ipairs(cases) do
  local door, place, name = table.unpack(case)
  local words = {door.name, hostile.name(place), name}
  local mine = not p.words[1] or table.concat(p.words, "\0") == table.concat(words, "\0")
  if mine and (p:goes_on() or p.words[1]) then
    local made = pcall(gan.file.safetensors.save, door.path,
      hostile.with(trees[door.path], place, hostile.values[name]))
    if made then -- else two entries have one name
      for i, word in ipairs(words) do words[i] = "'" .. word .. "'" end
      local what = ("%s, %s: %s"):format(door.name, hostile.name(place), name)
      p:try(what, p:again(p.seed, table.unpack(words)), function()
        local wrong = door.open()
        return not wrong, wrong
      end)
    end
  end
end
temp.clean()
p:finish()
