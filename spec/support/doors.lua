-- The doors through which files of the library come back into it: small files of each kind, and what opens them.
--
--   local doors = require("spec.support.doors").make(dir)
--   for _, door in ipairs(doors) do
--     door.path                     -- the file, which may be written to
--     local wrong = door.open()     -- nil where it was taken, or refused in one line; else what was wrong
--   end
local core = require "gan.core"
local features = require "gan.measure.features"
local gan = require "gan"
local inside = require "spec.support.inside"

local M = {}

M.SLOW = 5 -- seconds in which a file must be taken or refused

-- Words by which an error of Lua itself is known, which nobody wrote for who reads it.
local RAW = {
  "attempt to", "stack traceback", "bad argument #%d+ to ", "invalid value", "number has no integer representation",
}

local function one_line(message)
  if type(message) ~= "string" then return "no message, but " .. tostring(message) end
  for _, raw in ipairs(RAW) do if message:find(raw) then return message end end
  if message:find "\n" then return "several lines: " .. message end
  if #message > 2000 then return ("a message of %d bytes"):format(#message) end
end

-- Watches f, which returns what is wrong: also time, and what stays in memory.
local function watched(f)
  local began = core.clock()
  local ok, wrong = pcall(f)
  local took = core.clock() - began
  if not ok then return "raised: " .. tostring(wrong) end
  if wrong then return wrong end
  if took > M.SLOW then return ("took %.1f s"):format(took) end
end

local function program(script, words)
  return function()
    return watched(function()
      local code, _, err = inside.run(script, words)
      if code == nil then return "raised: " .. err end
      if code == 0 then return nil end
      if code ~= 1 then return "exit code " .. code end
      return one_line((err:gsub("^[^\n]*warning: [^\n]*\n", ""):gsub("\n$", "")))
    end)
  end
end

local function call(f)
  return function()
    return watched(function()
      local v, message = f()
      if v == nil then return one_line(message) end
    end)
  end
end

local RUN = "--data fake --limit 8 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 --snap 0 "
local recipes = {acgan = RUN, hinge_sn = RUN, ring = "--ngf 2 --ndf 2 --batch 4 --threads 1 --snap 0 "}

--- Makes the files in a folder.
-- @treturn table list of {name, path, open}
function M.make(dir)
  local text, list = gan.file.text, {}
  local function add(name, path, open) list[#list + 1] = {name = name, path = path, open = open} end
  local function goes_on(recipe, words) -- from a checkpoint alone, its run's other files as they were
    local script, own = ("experiments/%s.lua"):format(recipe), ("%s/%s"):format(dir, recipe)
    words = ("%s --outdir %s --name %s --steps "):format(words, dir, recipe)
    local code, _, err = inside.run(script, words .. 1)
    if code ~= 0 then error(err) end
    local files = {}
    for _, name in ipairs {"options.json", "stats.jsonl"} do files[name] = text.read(own .. "/" .. name) end
    local run = program(script, words .. 2)
    add(recipe .. " goes on", own .. "/checkpoint_last.safetensors", function()
      os.remove(own .. "/checkpoint_previous.safetensors")
      for name, bytes in pairs(files) do text.write(own .. "/" .. name, bytes) end
      return run()
    end)
  end
  for recipe, words in pairs(recipes) do goes_on(recipe, words) end
  table.sort(list, function(a, b) return a.name < b.name end)
  local last = dir .. "/acgan/checkpoint_last.safetensors"
  local branch = program("experiments/acgan.lua",
    ("--steps 2 --threads 1 --outdir %s --name branch --resume %s"):format(dir, last))
  add("branches", last, function()
    for _, name in ipairs(text.names(dir .. "/branch") or {}) do os.remove(("%s/branch/%s"):format(dir, name)) end
    return branch()
  end)
  add("generate", last, program("experiments/generate.lua", ("--run %s --seeds 1-2 --out %s/x.png --grid"):format(last,
    dir)))
  add("evaluate", last, program("experiments/evaluate.lua",
    ("--run %s --n 4 --metrics diversity,kid --threads 1"):format(last)))
  add("trained", last, call(function() return gan.train.trained.open(last) end))
  local net, classifier = gan.model.classifier.lenet {size = 28, channels = 1, width = 2}, dir .. "/lenet.safetensors"
  assert(features.save(classifier, net, {data = "x", accuracy = 0.5, class_names = {"a", "b"}}))
  local images = core.full({2, 28, 28, 1}, 7, "u8")
  add("features", classifier, call(function()
    local F, message = features.open(classifier)
    if not F then return nil, message end
    return (F(images))
  end))
  return list
end

return M
