--- Knows other programs' files of pictures, and says how to make one of them that is read here.
-- @internal gan.data.format.foreign
local core = require "gan.core"
local lfs = require "lfs"

local M = {}

-- The line of Python that writes x.npz; %s is the path.
local python = {
  HDF5 = "import h5py, numpy as np; f = h5py.File('%s'); print(list(f)); "
    .. "np.savez('x.npz', images=f['images'][:], labels=f['labels'][:])",
  MATLAB = "import scipy.io, numpy as np; f = scipy.io.loadmat('%s'); print(list(f)); "
    .. "np.savez('x.npz', images=f['X'], labels=f['y'].ravel())",
  Parquet = "import pandas as pd, os; d = pd.read_parquet('%s'); os.makedirs('out', exist_ok=True); "
    .. "[open(f'out/{i:06}.png', 'wb').write(r['bytes']) for i, r in enumerate(d['image'])]",
  Arrow = "import datasets, os; d = datasets.Dataset.from_file('%s'); os.makedirs('out', exist_ok=True); "
    .. "[r['image'].save(f'out/{i:06}.png') for i, r in enumerate(d)]",
  TFRecord = "import tensorflow as tf, os; os.makedirs('out', exist_ok=True); [open(f'out/{i:06}.png', 'wb').write("
    .. "tf.train.Example.FromString(r.numpy()).features.feature['image/encoded'].bytes_list.value[0]) "
    .. "for i, r in enumerate(tf.data.TFRecordDataset('%s'))]",
  LMDB = "import lmdb, os; os.makedirs('out', exist_ok=True); "
    .. "[open(f'out/{i:06}.webp', 'wb').write(v) for i, (k, v) in enumerate(lmdb.open('%s', readonly=True, "
    .. "lock=False).begin().cursor())]",
  pickle = "import pickle, numpy as np; d = pickle.load(open('%s', 'rb')); "
    .. "np.savez('x.npz', images=d['images'], labels=d['labels'])",
}
local shell = {
  ["tar"] = "mkdir -p out && tar -xf '%s' -C out", ["7z"] = "7z x -oout '%s'", RAR = "unrar x '%s' out/",
  video = "mkdir -p out && ffmpeg -i '%s' out/%%06d.png",
  bzip2 = "bunzip2 '%s'", xz = "unxz '%s'", zstd = "unzstd '%s'",
}

-- What a file begins with -> what it is.
local magic = {
  {"\x89HDF\r\n\x1a\n", "HDF5"}, {"MATLAB 7", "HDF5"}, {"MATLAB 5", "MATLAB"}, {"PAR1", "Parquet"},
  {"ARROW1", "Arrow"}, {"7z\xbc\xaf\x27\x1c", "7z"}, {"Rar!", "RAR"}, {"BZh", "bzip2"}, {"\xfd7zXZ\0", "xz"},
  {"\x28\xb5\x2f\xfd", "zstd"}, {"\x1a\x45\xdf\xa3", "video"},
}
local films = {isom = true, iso2 = true, iso4 = true, iso5 = true, iso6 = true, mp41 = true, mp42 = true, avc1 = true,
  ["M4V "] = true, ["qt  "] = true, dash = true}

-- What a file is, by its first 512 bytes (unpacked where it is gzip) and, where these say nothing, its name; or nil.
local function kind_of(path, head)
  for _, m in ipairs(magic) do if head:sub(1, #m[1]) == m[1] then return m[2] end end
  if head:sub(258, 262) == "ustar" then return "tar" end
  if head:sub(5, 8) == "ftyp" and films[head:sub(9, 12)] then return "video" end
  if head:sub(1, 4) == "RIFF" and head:sub(9, 12) == "AVI " then return "video" end
  if #head >= 24 and ("<I4"):unpack(head, 17) == 0xBEEFC0DE then return "LMDB" end
  if head:find "^\x80[\2-\5]" then return "pickle" end
  if path:lower():find "%.tfrecords?%f[%A]" then return "TFRecord" end
  return nil
end

local function first_bytes(path)
  local reader = core.reader(path)
  if not reader then return "" end
  local head = reader:read(512) or ""
  reader:close()
  return head
end

--- Tells whether a path is a file of such a kind, or a folder that LMDB made.
function M.detect(path, head)
  if head then return kind_of(path, first_bytes(path)) ~= nil end
  return lfs.attributes(path .. "/data.mdb", "mode") == "file"
end

--- Says how to convert the file; see gan.data.open.
function M.open(path, _)
  local kind = lfs.attributes(path, "mode") == "directory" and "LMDB" or kind_of(path, first_bytes(path))
  if not kind then return nil, path .. ": unknown format" end
  local at = kind == "LMDB" and path:gsub("/data%.mdb$", "") or path
  at = at:gsub("[\"'\\$`\n]", "?")
  local line = python[kind] and ('python3 -c "%s"'):format((python[kind]:gsub("%%s", (at:gsub("%%", "%%%%")))))
    or shell[kind]:format(at)
  local what = shell[kind] and "unpack it" or "convert it"
  if kind == "video" then what = "take its pictures out" end
  return nil, ("%s: %s is not read; %s: %s"):format(path, kind, what, line)
end

return M
