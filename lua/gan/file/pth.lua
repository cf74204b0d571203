--- Reads PyTorch's files of weights (.pth, .pt), as `torch.save(net.state_dict(), path)` writes them.
--
-- Both forms are read: zip, and the form before version 1.6. Nothing is executed: the pickle inside is read by
-- gan.file.pickle, which knows tensors and plain data. What a file holds beside them (options of argparse, numbers of
-- NumPy) is skipped and named; a file whose tensors need it is refused, and so are TorchScript archives, which hold
-- code.
-- Formats: torch/serialization.py (`_save`, `_legacy_save`), torch/_utils.py (`_rebuild_tensor_v2`).
-- @module gan.file.pth
local core = require "gan.core"
local check = require "gan.check"
local budget = require "gan.file.budget"
local zip = require "gan.file.zip"
local pickle = require "gan.file.pickle"

local M = {}

local refuse = pickle.refuse

-- The pickle of 0x1950a86a20f9469cfc6c, behind its protocol.
local MAGIC = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
local PROTOCOL = 1001
local MOST_NODES, MOST_DEPTH = 200000, 50
local MOST_NAME = 1000      -- bytes
local MOST_DIMENSIONS = 64
local MOST_SHARED = 8       -- elements of all tensors together for each that is stored

-- Storages: {format for core.unpack, dtype}
local storages = {
  ["torch.FloatStorage"] = {"f4", "real"}, ["torch.DoubleStorage"] = {"f8", "real"},
  ["torch.HalfStorage"] = {"f2", "real"}, ["torch.BFloat16Storage"] = {"bf2", "real"},
  ["torch.LongStorage"] = {"i8", "i32"}, ["torch.IntStorage"] = {"i4", "i32"},
  ["torch.ShortStorage"] = {"i2", "i32"}, ["torch.CharStorage"] = {"i1", "i32"},
  ["torch.ByteStorage"] = {"u1", "i32"}, ["torch.BoolStorage"] = {"b1", "i32"},
}

local function is(v, kind) return type(v) == "table" and v.kind == kind end

local function count_of(v, what)
  if math.type(v) ~= "integer" or v < 0 then
    return refuse("a tensor's %s is %s (expected an integer >= 0)", what, tostring(v))
  end
  return v
end

local function counts_of(v, what)
  if not is(v, "tuple") then return refuse("a tensor's %s is a %s", what, pickle.describe(v)) end
  if v.n > MOST_DIMENSIONS then return refuse("a tensor of %d dimensions", v.n) end
  local list = {}
  for i = 1, v.n do list[i] = count_of(v[i], what) end
  return list
end

-- A tensor as the pickle describes it: where its elements lie, none read yet.
local function rebuild_tensor(args, spend)
  spend(0, 6)
  local storage = args[1]
  if is(storage, "opaque") then return storage end
  if not is(storage, "storage") then
    return refuse("a tensor of a %s (expected a storage)", pickle.describe(storage))
  end
  local offset, size, stride = count_of(args[2], "offset"), counts_of(args[3], "size"), counts_of(args[4], "stride")
  if #size ~= #stride then
    return refuse("a tensor of %s and %s", check.count(#size, "size"), check.count(#stride, "stride"))
  end
  local shape, count = check.claimed_shape(size)
  if not shape then return refuse("a tensor %s: %s", check.shape_string(size), count) end
  if count > storage.count then
    return refuse("a tensor %s of a storage of %s", check.shape_string(size), check.count(storage.count, "element"))
  end
  return {kind = "tensor", storage = storage, offset = offset, size = size, stride = stride, count = count}
end

local globals = {
  ["collections.OrderedDict"] = pickle.ordered_dict,
  ["torch._utils._rebuild_tensor"] = rebuild_tensor,
  ["torch._utils._rebuild_tensor_v2"] = rebuild_tensor,
  ["torch._utils._rebuild_parameter"] = function(args)
    if not is(args[1], "tensor") and not is(args[1], "opaque") then
      return refuse("a parameter of a %s", pickle.describe(args[1]))
    end
    return args[1]
  end,
}
for name, kind in pairs(storages) do globals[name] = kind end

-- The function for persistent ids: ("storage", type, key, device, count[, part]); found collects the storages by key.
-- strict: each must be of a known type, as where they are found by their sizes.
local function persistent_into(found, strict)
  return function(id)
    if not is(id, "tuple") or id.n < 5 or id[1] ~= "storage" then return refuse "a persistent id that is no storage" end
    if is(id[2], "opaque") then
      return strict and pickle.refuse_global(id[2].name) or {kind = "opaque", name = id[2].name, tensor = true}
    end
    local kind = is(id[2], "global") and storages[id[2].name]
    local key, count = id[3], count_of(id[5], "storage")
    if not kind or type(key) ~= "string" or count > 1 << 44 then
      return refuse "a storage without type, key or a sensible count"
    end
    if id.n > 6 or id.n == 6 and id[6] ~= pickle.none then return refuse("storage '%s' is a part of another", key) end
    local s = found[key]
    if s and (s.type ~= kind or s.count ~= count) then return refuse("storage '%s' has two types or sizes", key) end
    if not s then
      s = {kind = "storage", key = key, type = kind, count = count, bytes = count * core.packed[kind[1]], tensors = {}}
      found[key] = s
    end
    return s
  end
end

-- The tensors in a value, under their names: a list of {name=, tensor=} in the order of the file.
local function flatten(root)
  local list, seen, nodes, bytes = {}, {}, 0, 0
  local function walk(v, name, depth)
    nodes = nodes + 1
    if depth > MOST_DEPTH or nodes > MOST_NODES then return refuse "nested too deeply, or within itself" end
    if is(v, "opaque") and (name == "" or v.tensor or v.name:find "^torch%..*%._rebuild_") then
      return pickle.refuse_global(v.name) -- all, or a tensor of another kind (quantised, sparse)
    end
    if not is(v, "dict") and not is(v, "list") and not is(v, "tuple") and not is(v, "tensor") then return end
    if v.kind == "tensor" then
      if name == "" then return refuse "a single tensor (expected a dictionary of them)" end
      if seen[name] then return refuse("two tensors would be called '%s'", name) end
      bytes = bytes + #name
      if bytes > budget.NAMES then return refuse("names of tensors of more than %d bytes together", budget.NAMES) end
      seen[name] = true
      list[#list + 1] = {name = name, tensor = v}
      return
    end
    local prefix = name == "" and "" or name .. "."
    for i = 1, v.kind == "dict" and #v.keys or v.n do
      local key = v.kind == "dict" and v.keys[i] or i - 1
      if type(key) == "string" and #prefix + #key > MOST_NAME then
        return refuse("a name of more than %d bytes", MOST_NAME)
      end
      walk(v.kind == "dict" and v.index[key] or v[i], prefix .. key, depth + 1)
    end
  end
  walk(root, "", 0)
  return list
end

local function choose(root, pick)
  if pick == nil then return root end
  local v = is(root, "dict") and root.index[pick]
  if not v then
    local keys = {}
    for i, key in ipairs(is(root, "dict") and root.keys or {}) do
      keys[i] = i < 10 and tostring(key) or i == 10 and "..." or nil
    end
    return refuse("no entry '%s' (there are: %s)", pick, table.concat(keys, ", "))
  end
  return v
end

local function wrong_size(s, bytes)
  return refuse("storage '%s' has %s (expected %d for '%s')", s.key, check.count(bytes, "byte"), s.bytes,
    s.tensors[1].name)
end

-- name -> tensor. Storages are read one after the other, each once.
-- makes(storage, bytes) -> true, or nil and a message: may so many bytes of tensors be made of it?
local function materialise(root, pick, fetch, makes)
  local list, order, stored, shown = flatten(choose(root, pick)), {}, 0, 0
  for _, e in ipairs(list) do
    local s = e.tensor.storage
    if #s.tensors == 0 then
      order[#order + 1] = s
      stored = stored + s.count
    end
    s.tensors[#s.tensors + 1] = e
    shown = shown + e.tensor.count
  end
  if shown // MOST_SHARED > stored then
    return refuse("tensors of %d elements out of %d that are stored", shown, stored)
  end
  local state = {}
  for _, s in ipairs(order) do
    local bytes, message = fetch(s)
    if not bytes then return refuse(message) end
    if core.numel(bytes) ~= s.bytes then return wrong_size(s, core.numel(bytes)) end
    for _, e in ipairs(s.tensors) do
      local t = e.tensor
      local may, why = makes(s, 4 * t.count)
      if not may then return refuse(why) end
      state[e.name], message = core.unpack(bytes, s.type[1], s.type[2], t.size, t.offset, t.stride)
      if not state[e.name] then return refuse("tensor '%s': %s", e.name, message) end
    end
  end
  return state
end

local function load_zip(z, pick)
  local prefix
  for _, name in ipairs(z.names) do
    local before = name:match "^([^/]*/?)data%.pkl$"
    if before and (before == "" or before:sub(-1) == "/") then
      if prefix then return refuse "two members data.pkl" end
      prefix = before
    end
  end
  if not prefix then return refuse "no member data.pkl: not a PyTorch file" end
  for _, name in ipairs(z.names) do
    if name == prefix .. "constants.pkl" or name:sub(1, #prefix + 5) == prefix .. "code/" then
      return refuse "a TorchScript archive: it holds code, which is never run (save the state_dict instead)"
    end
  end
  if z.members[prefix .. "byteorder"] then
    local order, message = z:text(prefix .. "byteorder", 100)
    if not order then return refuse(message) end
    if order ~= "little" then return refuse("byte order '%s' (expected little)", order:gsub("[^%w]", "?")) end
  end
  local text, message = z:text(prefix .. "data.pkl", budget.WEIGHTS)
  if not text then return refuse(message) end
  local src, skipped = pickle.source_of(text), {}
  local root = pickle.load(src, globals, persistent_into {}, skipped)
  if src:position() ~= #text then return refuse "bytes behind the pickle" end
  return materialise(root, pick, function(s)
    local member = z.members[prefix .. "data/" .. s.key]
    if member and member.size ~= s.bytes then return wrong_size(s, member.size) end
    return z:read(prefix .. "data/" .. s.key)
  end, function(s, bytes) return z:makes(prefix .. "data/" .. s.key, bytes) end), skipped
end

-- Where the storages lie: key -> offset. Each is its count of elements and its bytes.
local function place(found, keys, file, at, size)
  if not is(keys, "list") then return refuse "expected the list of storages" end
  local offsets = {}
  for i = 1, keys.n do
    local s = found[keys[i]]
    if not s or offsets[s.key] then
      return refuse("storage '%s' is not what the pickle says", tostring(s and s.key or keys[i]))
    end
    if size - at < 8 + s.bytes then return refuse("storage '%s' ends beyond the file", s.key) end
    local word, message = file:seek(at)
    if word then word, message = file:read(8) end
    if not word then return refuse(message) end
    local count = ("<i8"):unpack(word)
    if count ~= s.count then
      return refuse("storage '%s' has %s (the pickle says %d)", s.key, check.count(count, "element"), s.count)
    end
    offsets[s.key] = at + 8
    at = at + 8 + s.bytes
  end
  for key in pairs(found) do if not offsets[key] then return refuse("storage '%s' is missing", key) end end
  if at ~= size then return refuse("%s behind the last storage", check.count(size - at, "byte")) end
  return offsets
end

local function load_legacy(file, size, pick)
  local ok, message = file:seek(2 + #MAGIC)
  if not ok then return refuse(message) end
  local start = 2 + #MAGIC
  local src = pickle.source(function(n) return file:read(n) end, math.min(size - start, budget.WEIGHTS))
  local protocol = pickle.load(src, {})
  if protocol ~= PROTOCOL then return refuse("PyTorch's protocol %s (expected %d)", tostring(protocol), PROTOCOL) end
  local system = pickle.load(src, {})
  if not is(system, "dict") or system.index.little_endian ~= true then
    return refuse "numbers that are not little-endian"
  end
  local found, skipped = {}, {}
  local root = pickle.load(src, globals, persistent_into(found, true), skipped)
  if is(root, "opaque") then return pickle.refuse_global(root.name) end
  local offsets = place(found, pickle.load(src, {}), file, start + src:position(), size)
  return materialise(root, pick, function(s)
    local found_at, why = file:seek(offsets[s.key])
    if not found_at then return nil, why end
    return file:read_(core.full({s.bytes}, 0, "u8"))
  end, function() return true end), skipped
end

--- Reads the tensors of a file.
-- Floats (float32, float64, float16, bfloat16) become real, integers of any width and truth values i32. Shapes and the
-- order of axes are PyTorch's: a convolution's weight is (Co,Ci,Kh,Kw), a linear layer's (Do,Di). Dictionaries within
-- dictionaries are flattened, names joined with dots ("state_dict.conv1.weight"), entries of lists counted from 0; what
-- is no tensor is left out, and what is neither a tensor nor plain data is named in a list.
-- @tparam string path  of the file
-- @tparam[opt] table opt
-- @tparam[opt] string opt.pick  only what is under this entry of the file's dictionary, named from there: with
--   "state_dict", "conv1.weight"
-- @treturn table  name -> tensor
-- @treturn table  list of the globals ("argparse.Namespace") whose values were skipped
-- @error naming the file and what is wrong or refused, or an integer that does not fit
-- @raise if an option is unknown
function M.load(path, opt)
  local o = check.options("file.pth.load", opt, {pick = check.option.string {expected = "a name"}})
  local file, size = core.file_open(path)
  if not file then return nil, size end
  local head, message = file:read(math.min(size, 2 + #MAGIC))
  local state -- and then `message` is the list of what was skipped
  if not head then
    file:close()
    return nil, message
  elseif head:sub(1, 4) == "PK\3\4" then
    file:close()
    local z
    z, message = zip.open(path)
    if not z then return nil, message end
    state, message = pickle.guard(load_zip, z, o.pick)
    z:close()
  elseif head:sub(1, 1) == "\x80" and head:sub(3) == MAGIC then
    state, message = pickle.guard(load_legacy, file, size, o.pick)
    file:close()
  else
    file:close()
    return check.about(path, "not a PyTorch file (neither a zip archive nor PyTorch's older format)")
  end
  if not state then return check.about(path, message) end
  return state, message
end

return M
