-- Files of other programs: each is told by what it begins with, and the message says how to convert it.
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"
local lfs = require "lfs"

describe("foreign files", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  local function refused(text, path)
    local set, message = data.open(path)
    assert.is_nil(set)
    assert.truthy(message:find(text, 1, true), message)
    assert.equal(path .. ": ", message:sub(1, #path + 2))
    assert.is_nil(message:find "\n")
  end

  it("are named, with a line that converts them", function()
    local tar = "cifar-10-batches-py/" .. ("\0"):rep(237) .. "ustar\0" .. ("\0"):rep(249)
    for i, c in ipairs {
      {"a.h5", "\x89HDF\r\n\x1a\n", "HDF5 is not read; convert it: python3 -c \"import h5py, numpy as np; f = h5py."},
      {"a.mat", "MATLAB 7.3 MAT-file", "HDF5 is not read"},
      {"a.mat", "MATLAB 5.0 MAT-file", "MATLAB is not read; convert it: python3 -c \"import scipy.io"},
      {"a.parquet", "PAR1", "Parquet is not read; convert it: python3 -c \"import pandas"},
      {"a.arrow", "ARROW1\0\0", "Arrow is not read; convert it"},
      {"a.tfrecord", "\1\2\3\4\5\6\7\8", "TFRecord is not read; convert it: python3 -c \"import tensorflow"},
      {"b.tfrecord-00000-of-00010", "\1\2\3\4\5\6\7\8", "TFRecord is not read"},
      {"a.pkl", "\x80\4\x95", "pickle is not read; convert it: python3 -c \"import pickle"},
      {"a.tar", tar, "tar is not read; unpack it: mkdir -p out && tar -xf '"},
      {"a.tar.gz", core.gzip(tar), "tar is not read; unpack it: mkdir -p out && tar -xf '"},
      {"a.mp4", "\0\0\0\32ftypisom", "video is not read; take its pictures out: mkdir -p out && ffmpeg -i '"},
      {"a.avi", "RIFF\0\0\0\0AVI ", "video is not read"},
      {"a.7z", "7z\xbc\xaf\x27\x1c", "7z is not read; unpack it: 7z x"},
      {"a.xz", "\xfd7zXZ\0", "xz is not read; unpack it: unxz '"},
      {"data.mdb", ("\0"):rep(16) .. "\xde\xc0\xef\xbe" .. ("\0"):rep(20), "LMDB is not read; convert it: python3"},
    } do
      local path = files.write(dir .. "/" .. c[1], c[2])
      refused(c[3], path)
      if c[1] ~= "data.mdb" then assert.truthy(select(2, data.open(path)):find(path .. "'", 1, true), i) end
    end
    refused("LMDB is not read; convert it: ", dir)
    assert.truthy(select(2, data.open(dir)):find("lmdb.open('" .. dir .. "', readonly", 1, true))
  end)

  it("are told by what they are, not by their names", function()
    refused("unknown format", files.write(dir .. "/a.h5", "hello"))
    refused("HDF5 is not read", files.write(dir .. "/a.png", "\x89HDF\r\n\x1a\n"))
    refused("unknown format", files.write(dir .. "/a.heic", "\0\0\0\32ftypheic"))
  end)

  it("cannot put anything into the line", function()
    lfs.mkdir(dir .. "/'; rm -rf %s %d $(x) `y`")
    local path = dir .. "/'; rm -rf %s %d $(x) `y`/a\"b.h5"
    refused("h5py.File('" .. dir .. "/?; rm -rf %s %d ?(x) ?y?/a?b.h5')", files.write(path, "\x89HDF\r\n\x1a\n"))
    path = dir .. "/%d%s.tar"
    refused("tar -xf '" .. path .. "' -C out", files.write(path, ("\0"):rep(257) .. "ustar\0"))
  end)

  it("says so where it is asked of another file", function()
    local foreign = require "gan.data.format.foreign"
    assert.is_false(foreign.detect(files.write(dir .. "/a", "hello"), "hello"))
    assert.is_false(foreign.detect(dir))
    assert.same({nil, dir .. "/a: unknown format"}, {foreign.open(dir .. "/a", {})})
  end)
end)
