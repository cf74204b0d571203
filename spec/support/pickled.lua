-- Writes pickles of protocol 2 and PyTorch's two forms of files around them, piece by piece: each function gives the
-- bytes of one value.
local files = require "spec.support.files"

local M = {none = "N", yes = "\x88", no = "\x89"}

function M.str(s) return string.pack("<c1s4", "X", s) end
function M.int(i)
  local small = i >= -1 << 31 and i < 1 << 31
  return small and string.pack("<c1i4", "J", i) or string.pack("<c2i8", "\x8a\8", i)
end
function M.tuple(...) return "(" .. table.concat {...} .. "t" end
function M.list(...) return "](" .. table.concat {...} .. "e" end
function M.global(module, name) return "c" .. module .. "\n" .. name .. "\n" end
function M.call(module, name, ...) return M.global(module, name) .. M.tuple(...) .. "R" end

-- From key, value, key, value, ... (bytes).
function M.dict(...) return "}(" .. table.concat {...} .. "u" end
function M.ordered(...) return M.global("collections", "OrderedDict") .. ")R(" .. table.concat {...} .. "u" end

function M.pickle(value) return "\x80\2" .. value .. "." end

function M.storage(kind, key, count)
  return M.tuple(M.str "storage", M.global("torch", kind .. "Storage"), M.str(key), M.str "cpu", M.int(count)) .. "Q"
end

local function ints(list)
  local out = {}
  for i, n in ipairs(list) do out[i] = M.int(n) end
  return M.tuple(table.unpack(out))
end

-- A tensor of a storage (bytes); strides are row-major where they are not given.
function M.tensor(storage, size, stride, offset)
  if not stride then
    stride = {}
    local step = 1
    for i = #size, 1, -1 do stride[i], step = step, step * size[i] end
  end
  local at, hooks = M.int(offset or 0), M.ordered()
  return M.call("torch._utils", "_rebuild_tensor_v2", storage, at, ints(size), ints(stride), M.no, hooks)
end

-- An array of NumPy: its type ("u1"), shape and bytes. o: module= (where _reconstruct is), order= of bytes ("|"),
-- latin= (bytes as text, as Python 3 writes protocol 2), protocol4= (globals from the stack), fortran=.
function M.array(kind, shape, bytes, o)
  o = o or {}
  local function global(module, name)
    return o.protocol4 and "\x8c" .. string.pack("<s1", module) .. "\x8c" .. string.pack("<s1", name) .. "\x93"
      or M.global(module, name)
  end
  local data = string.pack("<c1s4", o.protocol4 and "B" or "T", bytes)
  if o.latin then
    local text = bytes:gsub("[\x80-\xff]", function(c) return utf8.char(c:byte()) end)
    data = global("_codecs", "encode") .. M.tuple(M.str(text), M.str "latin1") .. "R"
  end
  local of = global("numpy", "dtype") .. M.tuple(M.str(kind), M.no, M.yes) .. "R"
    .. M.tuple(M.int(3), M.str(o.order or "|"), M.none, M.none, M.none, M.int(-1), M.int(-1), M.int(0)) .. "b"
  local empty = global(o.module or "numpy.core.multiarray", "_reconstruct")
    .. M.tuple(global("numpy", "ndarray"), M.tuple(M.int(0)), M.str "b") .. "R"
  return empty .. M.tuple(M.int(1), ints(shape), of, o.fortran and M.yes or M.no, data) .. "b"
end

-- A file of the zip form: the value (bytes) and the storages, a list of {key, bytes}. more: further members.
function M.torch_zip(value, storages, more)
  local members = {{name = "archive/data.pkl", data = M.pickle(value)}, {name = "archive/byteorder", data = "little"}}
  for _, s in ipairs(storages or {}) do members[#members + 1] = {name = "archive/data/" .. s[1], data = s[2]} end
  members[#members + 1] = {name = "archive/version", data = "3\n"}
  for _, m in ipairs(more or {}) do members[#members + 1] = m end
  return files.zip(members)
end

-- A file of the form before 1.6; storages: a list of {key, bytes, count}.
function M.torch_legacy(value, storages, o)
  o = o or {}
  local keys, data = {}, {}
  for i, s in ipairs(storages or {}) do keys[i], data[i] = M.str(s[1]), string.pack("<i8", s[3]) .. s[2] end
  local system = M.dict(M.str "protocol_version", M.int(1001), M.str "little_endian", o.little or M.yes,
    M.str "type_sizes", M.dict(M.str "int", "K\4"))
  return "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
    .. M.pickle(o.protocol or string.pack("<c1I2", "M", 1001)) .. M.pickle(system)
    .. M.pickle(value) .. M.pickle(M.list(table.unpack(keys))) .. table.concat(data)
end

return M
