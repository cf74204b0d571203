-- A chunk of two_states.c: what work.lua has, by turns, each state in a folder of its own: training, gradients,
-- loaders, pictures, files, metrics.
local kernel_threads = ...
local gan = require "gan"
local core = require "gan.core"
local temp = require "spec.support.temp"
local work = require "spec.support.work"

gan.threads(kernel_threads)
local dir = temp.quick_folder()
local scenes = work.scenes(dir)
local names = {}
for name in pairs(scenes) do names[#names + 1] = name end
table.sort(names)

local done, sums = 0, {}
sums.owner = setmetatable({}, {__gc = function() temp.remove(dir) end})

return function(n)
  for _ = 1, n do
    done = done + 1
    local scene = scenes[names[done % #names + 1]]()
    sums[done] = ("%08x"):format(core.crc32(scene.work()))
    for _, close in ipairs(scene.close) do if done % 2 == 0 then close() end end
    if done % 32 == 0 then collectgarbage() end
  end
  return table.concat(sums, " ")
end
