-- Finds what is public: the doc comments of lua/gan (spec/support/manual.lua), and off the library as it runs the names
-- and functions that they should be of.
local gan = require "gan"
local check = require "gan.check"
local autograd = require "gan.autograd"
local lfs = require "lfs"
local manual = require "spec.support.manual"
local tree = require "spec.support.tree"

local ROOT = "lua/gan/"

-------------------------------------------------------------------------------- what is written

local files = {} -- path -> what manual.read gives
for _, path in ipairs(tree.files("lua/gan", "%.lua$")) do files[path] = manual.read(path) end

local by_name, by_place = {}, {} -- "gan.relu" and "lua/gan/x.lua:12" -> entry
local defined = {}               -- place -> true: here is a function with a name
for path, file in pairs(files) do
  for _, e in ipairs(file.entries) do
    if e.name then by_name[e.name] = e end
    by_place[path .. ":" .. e.at], defined[path .. ":" .. e.at] = e, true
  end
  for _, f in ipairs(file.functions) do defined[path .. ":" .. f.line] = true end
end

-------------------------------------------------------------------------------- what is public

-- What a class of layers, normalisers or penalties must have: told once, where classes are made.
local contract = {}
for name in ("init forward shape describe children start kernel rectified rectifier term"):gmatch "%a+" do
  contract[name] = true
end

local built_in = {} -- public function of an op -> its definition
for _, def in pairs(autograd.registry) do built_in[def.call] = def end

local function callable(v)
  local mt = type(v) == "table" and debug.getmetatable(v)
  return type(v) == "function" or type(mt) == "table" and mt.__call ~= nil
end

-- Where a function is made: file and line, or the file alone where one line makes many functions.
local function place(f)
  if type(f) ~= "function" or built_in[f] then return nil end
  local info = debug.getinfo(f, "S")
  local path = info.source:match "lua/gan/.*%.lua$"
  local at = info.what ~= "C" and path and path .. ":" .. info.linedefined
  return defined[at] and at or nil, path
end

local public, order = {}, {} -- key of a value -> {names, value, place}; one value may have several names
local function add(name, value, at)
  local path
  if not at then at, path = place(value) end
  local key = at or tostring(value)
  if not public[key] then
    public[key] = {names = {}, value = value, place = at, path = at and at:match "^[^:]*" or path}
    order[#order + 1] = key
  end
  table.insert(public[key].names, name)
end

local function methods(word, t)
  for name, f in pairs(t) do
    if type(f) == "function" and type(name) == "string" and not name:find "^_" and not contract[name] then
      add(word .. ":" .. name, f)
    end
  end
end

local is_module = {}
local walk
local function visit(name, value)
  if type(value) == "table" and not callable(value) and is_module[value] then return walk(name, value) end
  add(name, value)
end
function walk(prefix, t)
  local names = {}
  for name in pairs(t) do if type(name) == "string" and not name:find "^_" then names[#names + 1] = name end end
  table.sort(names)
  for _, name in ipairs(names) do visit(prefix .. "." .. name, t[name]) end
end

local function file_names(folder)
  local out = {}
  for name in lfs.dir(folder) do
    local stem = name:match "^([%w_]+)%.lua$" or name:match "^([%w_]+)$"
    if stem and stem ~= "init" then out[#out + 1] = stem end
  end
  table.sort(out)
  return out
end

-- Rooms load on first use: each file is asked for by the name that it would have.
local rooms = {}
for _, room in ipairs(file_names(ROOT)) do
  local v = check.has(gan, room) and gan[room]
  if type(v) == "table" and not callable(v) then
    rooms[room] = v
    if lfs.attributes(ROOT .. room, "mode") == "directory" then
      for _, name in ipairs(file_names(ROOT .. room)) do local _ = check.has(v, name) and v[name] end
    end
  end
end
for name, v in pairs(package.loaded) do if name:find "^gan%." and type(v) == "table" then is_module[v] = true end end
for name, v in pairs(gan) do
  if type(name) == "string" and not name:find "^_" and not rooms[name] then add("gan." .. name, v) end
end
for name, f in pairs(gan.ops) do add("gan." .. name, f) end
for room, t in pairs(rooms) do if room ~= "ops" then walk("gan." .. room, t) end end

methods("Tensor", require("gan.tensor").methods)
methods("Stream", debug.getmetatable(gan.rng(1)).__index)

-- Objects whose classes no name leads to: `*` stands for the class's word.
local p = gan.zeros(2)
local set = gan.data.shapes {size = 16, count = 4}
local function indexed(v)
  local mt = debug.getmetatable(v)
  return type(mt.__index) == "table" and mt.__index or mt
end
local net = gan.nn.linear {1, 1}
for _, object in ipairs {
  gan.optim.adam {p}, gan.optim.sgd {p}, gan.optim.rmsprop {p}, gan.optim.ema({p}, {}),
  gan.optim.accumulate {blocks = 1}, set,
  gan.data.batches(set, {batch = 2}), gan.metric.moments {dim = 2}, gan.metric.inception_score {}, gan.penalty.r1 {},
  gan.penalty.lecam {},
} do methods("*", indexed(object)) end
methods("*", debug.getmetatable(debug.getmetatable(net)).__index) -- of every layer

-- Tables of methods that name no class.
local nameless = {methods = true, class = true, self = true}

-- Whatever else is defined for others to call: methods everywhere, functions of modules that are public.
for path, file in pairs(files) do
  for _, f in ipairs(file.functions) do
    local method = f.written:match "[:.]([%w_]+)$"
    local is_method = not f.written:find "^M%."
    if method and not contract[method] and not method:find "^_" and is_method then
      add(nameless[f.written:match "^[%w_]+"] and "*:" .. method or f.name, nil, path .. ":" .. f.line)
    end
  end
end

-- files: path -> what manual.read gives; by_name, by_place: entries by their name, and by "lua/gan/x.lua:12", the line
-- of the code; public: key -> {names, value, place, path} of a public value, order: the keys; built_in: function of an
-- op -> its definition; place(f): where a function is made; contract: names of methods that are told once, for all.
return {
  files = files, by_name = by_name, by_place = by_place, public = public, order = order, built_in = built_in,
  nameless = nameless, contract = contract, callable = callable, place = place,
}
