-- Files that claim or ask for more than they should: each is refused by name, with the budget (gan.file.budget,
-- csrc/codec/budget.h), in little time and memory. Files near the budgets are read.
local core = require "gan.core"
local data = require "gan.data"
local bombs = require "spec.support.bombs"
local budget = require "gan.file.budget"
local files = require "spec.support.files"
local json = require "gan.file.json"
local lfs = require "lfs"
local ndarray = require "gan.file.ndarray"
local npz = require "gan.file.npz"
local pictures = require "spec.support.pictures"
local pickled = require "spec.support.pickled"
local pth = require "gan.file.pth"
local safetensors = require "gan.file.safetensors"
local temp = require "spec.support.temp"
local text = require "gan.file.text"

local SECONDS, MIB = 5, 300 -- at most, the latter beyond what the budget grants

-- A line of /proc/self/status in MiB, or nil.
local function status(name)
  local f = io.open "/proc/self/status"
  local s = f and f:read "a" or ""
  if f then f:close() end
  local kib = s:match(name .. ":%s+(%d+)")
  return kib and kib // 1024
end

-- What f returns. It must not take more than SECONDS of the process, and `granted` + MIB of memory.
local function measured(f, granted)
  collectgarbage()
  local reset = io.open("/proc/self/clear_refs", "w") -- the peak is from now on, where the system allows that
  if reset then
    reset:write "5"
    reset:close()
  end
  local before, start = status "VmRSS", os.clock()
  local v, message = f()
  local seconds, peak = os.clock() - start, status "VmHWM"
  assert.is_true(seconds < SECONDS, ("%.1f s"):format(seconds))
  if before and reset then
    assert.is_true(peak - before < MIB + (granted or 0), ("%d MiB"):format(peak - before))
  end
  return v, message
end

local function refused(path, words, f, granted)
  local v, message = measured(f, granted)
  assert.is_nil(v)
  assert.truthy(message:find(path, 1, true), message)
  assert.truthy(message:find(words, 1, true), message)
end

describe("bombs", function()
  local dir
  before_each(function() dir = temp.dir() end)
  after_each(temp.clean)

  local function file(name, bytes) return files.write(dir .. "/" .. name, bytes) end
  local function open() return data.open(dir, {size = 8}) end
  -- A folder with one such picture is refused.
  local function picture(bytes, words, granted)
    local path = file("a.png", bytes)
    refused("a.png", words, open, granted)
    os.remove(path)
  end

  it("of weights are refused", function()
    for _, c in ipairs {
      {bombs.ordered_dicts(10000, 10000), "a pickle that makes more than 1000000 tables"},
      {bombs.ordered_dicts(0, 300000), "a pickle that makes more than 1000000 tables"},
      {bombs.dicts(400000), "a pickle that makes more than 1000000 tables"},
      {bombs.globals(150000), "a pickle that makes more than 1000000 tables"},
    } do
      local path = file("a.pth", c[1])
      refused(path, c[2], function() return pth.load(path) end)
    end
    local path = bombs.sparse(dir .. "/b.pth", 6 << 30, files.read(file("a.pth", "\x80\2\x8a\x0a")))
    refused(path, "not a PyTorch file", function() return pth.load(path) end)
  end)

  it("of pickled arrays are refused", function()
    local path = file("a", bombs.texts(1000000, 2000))
    refused(path, "a pickle that makes more text than its", function() return ndarray.load(path) end)
    path = bombs.sparse(dir .. "/data_batch_1", 6 << 30, "\x80\2")
    refused(path, ("a pickle of %d bytes (at most %d are read"):format(6 << 30, budget.PICKLE), open)
  end)

  it("of packed arrays are refused", function()
    local path = file("a.npz", bombs.npz("x", 2 << 20))
    refused(path, "are read; a stored member may have more", function() return npz.load(path) end)
    refused(path, "are read; a stored member may have more", function() return data.open(path) end)
    assert.truthy(measured(function() return npz.load(file("b.npz", bombs.npz("x", 20000))) end) == nil) -- its checksum
    local member = {name = "x.npy", data = files.npy("|u1", "(1,)", "a")}
    local many = {}
    for i = 1, budget.ARRAYS + 1 do many[i] = {name = i .. ".npy", data = member.data, crc = 0} end
    path = file("c.npz", files.zip(many))
    refused(path, "10001 members (of arrays at most 10000 are read)", function() return npz.load(path) end)
    refused(path, "10001 members (of arrays at most 10000 are read)", function() return data.open(path) end)
    local head = files.idx_images(2 << 20, 28, 28, "")
    path = file("a-images-idx3-ubyte.gz", bombs.gzip(head, 2 << 20))
    refused(path, "are unpacked; gunzip does", function() return data.open(path) end)
    path = file("b-images-idx3-ubyte.gz", bombs.gzip(files.idx_images(200000000, 1, 1, ""), 1 << 20))
    refused(path, "200000000 entries (at most 4194304 are read)", function() return data.open(path) end)
  end)

  it("of arrays that take no room on the disk are refused, or read as far as is wanted", function()
    local path = bombs.sparse(dir .. "/a.npy", 6 << 30)
    refused(path, "unknown format", function() return data.open(path) end)
    refused(path, "not an array", function() return npz.load_array(path) end)
    local n = (6 << 30) // 64
    local head = files.npy("|u1", ("(%d, 8, 8)"):format(n), "")
    bombs.sparse(path, #head + n * 64, head)
    refused(path, ("has %d images (of an array at most %d are read)"):format(n, budget.IMAGES), function()
      return data.open(path)
    end)
    n = (6 << 30) // (64 * 64)
    head = files.npy("|u1", ("(%d, 64, 64)"):format(n), "")
    bombs.sparse(path, #head + n * 64 * 64, head)
    assert.equal(3, measured(function() return data.open(path, {limit = 3}) end).n)
  end)

  it("of pictures are refused", function()
    picture(pictures.jpeg_bomb(4096, 16384, 3000, 1), "more scans than a picture needs", 600)
    picture(pictures.jpeg_bomb(16, 16, 200000), "JPEG of more than 500 scans")
    picture(pictures.jpeg_bomb(16, 16, 10):gsub("\8\0\16\0\16", "\8\16\0\64\0"), "bytes are no 4096 x 16384 pixels")
    picture(bombs.tiff(20000, 1, 300000), "TIFF of 20002 tags (at most 1024 are read)")
    picture(bombs.tiff(1000, 900000, 1000000), "TIFF whose tags have more bytes than the file (1000000)")
    local jpeg = pictures.jpeg_bomb(64, 64, 40)
    picture(pictures.tiff {h = 64, w = 64, samples = 1, packing = 7, data = jpeg}, "TIFF of 41 JPEG scans (too many)")
    picture(bombs.webp(100000), "WebP of more than 65536 chunks")
    local head = string.pack(">I4I4I1I1I1I1I1", 16384, 4096, 16, 6, 0, 0, 0)
    picture(files.signature .. files.chunk("IHDR", head) .. files.chunk("IDAT", ("\0"):rep(1000)) ..
      files.chunk("IEND", ""), "1000 bytes of image data are no 4096 x 16384 pixels")
    picture("P3 16384 4096 255 " .. ("1 "):rep(1000), "truncated")
    picture("P1 16384 4096 " .. ("1"):rep(1000), "truncated")
  end)

  it("of files that take no room on the disk are refused as pictures", function()
    local path = bombs.sparse(dir .. "/a.png", 6 << 30)
    refused("a.png", "6442450944 bytes are too many for a picture (at most 570425344 are read)", open)
    refused(path, "(at most 570425344 are read)", function() return data.image.read(path) end)
    for _, head in ipairs {"", "PK\3\4"} do -- no picture: the rest is not read
      bombs.sparse(path, 500 << 20, head)
      refused("a.png", "no", open)
      refused(path, "no", function() return data.image.read(path) end)
    end
    bombs.sparse(path, 64 << 20, files.plain(4, 1, 2, 3):sub(1, -13))
    refused("a.png", "corrupt PNG", open, 64)
    bombs.sparse(dir .. "/dataset.json", 6 << 30)
    files.write(path, files.plain(4, 1, 2, 3))
    local set = assert(measured(open))
    assert.matches("dataset.json cannot be read %(.*6442450944 bytes are too many %(at most 16777216 are read%)%)",
      table.concat(set.notes, "\n"))
  end)

  it("of archives of pictures are refused", function()
    local path = file("a.zip", bombs.zip("a.bmp", 700000))
    refused(path, "(a picture has at most 570425344)", function() return data.open(path) end)
    local packed, size = bombs.zeros(50000)
    path = file("b.zip", files.zip {{name = "a.bmp", data = packed, method = 8, size = size, crc = 0}})
    refused("a.bmp", "checksum", function() return data.open(path) end, size >> 20)
    local many = {}
    for i = 1, budget.ASKED + 5 do many[i] = {name = ("%05d"):format(i), data = "BM" .. ("\0"):rep(40), crc = 0} end
    many[1].name, many[2].data = "0.png", files.plain(2, 1, 2, 3)
    many[1].data = many[2].data
    many[2].crc, many[1].crc = nil, nil
    local set = assert(measured(function() return data.open(file("d.zip", files.zip(many))) end))
    assert.equal(2, set.n)
    assert.matches("10003 files without an extension", set.notes[1])
    many[#many].data = many[2].data -- beyond the budget nobody looks
    assert.equal(2, assert(data.open(file("d.zip", files.zip(many)))).n)
    path = file("c.zip", bombs.zip("dataset.json", 1 << 20))
    refused(path, "member 'dataset.json' has", function() return data.open(path) end)
  end)

  it("of JSON are refused", function()
    for _, s in ipairs {"[],", "1,", '""'} do
      local all = "[" .. s:rep(budget.JSON_MARKS) .. "1]"
      assert.same({nil, "more than 2097152 brackets, commas and quotes"}, {measured(function()
        return json.decode(all)
      end)})
    end
    assert.same({nil, "16777217 bytes (at most 16777216 are read)"}, {json.decode((" "):rep(16777217))})
    local v, message = measured(function() return json.decode(("["):rep(2000000)) end)
    assert.is_nil(v)
    assert.matches("nested", message)
  end)

  it("of lines are refused, and what is no record is not decoded", function()
    local path = file("a.jsonl", ("x\n"):rep(budget.LINES + 1))
    refused(path, "more than 1048576 lines", function() return text.json_lines(path) end)
    refused(path, "more than 1048576 lines", function() return text.rewind(path, 1) end)
    file("a.jsonl", ('"x"\n'):rep(budget.LINES - 1) .. '{"a":1}\n')
    assert.same({{value = {a = 1}, line = '{"a":1}'}}, measured(function() return text.json_lines(path) end))
    file("emnist-letters-mapping.txt", ("1 65\n"):rep(5000000))
    files.write(dir .. "/emnist-letters-train-labels-idx1-ubyte", files.idx_labels(2, "\1\2"))
    path = file("emnist-letters-train-images-idx3-ubyte", files.idx_images(2, 2, 2, "12345678"))
    assert.equal(2, measured(function() return data.open(path) end).n)
  end)

  it("of names in checkpoints are refused", function()
    local path = dir .. "/a.safetensors"
    local function header(s)
      s = s .. (" "):rep(-#s % 8)
      files.write(path, ("<s8"):pack(s))
    end
    local function refuses(words) refused(path, words, function() return safetensors.load(path) end) end
    local none = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    local dots = ("."):rep(16000000)
    header(('{"%s":%s}'):format(dots, none))
    refuses "a name of more than 31 parts ('.......................')"
    header(('{"__metadata__":{"%s":"1"}}'):format(dots))
    refuses "a name of more than 31 parts"
    header('{"__metadata__":{"gan.paths":"{\\"x\\":[' .. ("1,"):rep(500000) .. '1]}","x":"1"}}')
    refuses "a name of more than 31 parts ('x...')"
    local list = {}
    for i = 1, 20000 do list[i] = ('"%d%s":""'):format(i, (".a"):rep(30)) end
    header('{"__metadata__":{' .. table.concat(list, ",") .. "}}")
    refuses "names that make more than 524288 tables"
    for i = 1, budget.ENTRIES + 1 do list[i] = ('"%d":"\\"1\\""'):format(i) end
    header('{"__metadata__":{' .. table.concat(list, ",") .. "}}")
    refuses "entries (at most 131072 are read)"
  end)

  it("of pictures that take too long are refused", function()
    local jpeg = pictures.jpeg_bomb(2048, 2048, 400)
    core.picture_seconds(0)
    local _, message = core.image_decode(jpeg)
    core.picture_seconds()
    assert.equal("JPEG that takes more than 0 seconds to decode", message)
    assert.not_matches("seconds", (select(2, core.image_decode(jpeg))))
  end)

  it("of names that a terminal would obey are shown", function()
    local evil = "a\27]0;evil\7\n\xff"
    local shown = "a\\x1b]0;evil\\x07\\x0a\\xff"
    local path = file("a.npz", files.zip {{name = evil .. ".npy", data = "x", crc = 1}})
    refused(path, shown, function() return npz.load(path) end)
    local text_of = '{"a\\u001b]0;evil\\u0007\\n\\udcff":{"dtype":"F33"}}'
    path = file("a.safetensors", ("<s8"):pack(text_of))
    refused(path, shown, function() return safetensors.load(path) end)
  end)

  it("of packed numbers that grow where they are unpacked are refused", function()
    local packed, size = bombs.zeros(50000)
    local crc = core.crc32(core.full({size}, 0, "u8"))
    local storage, list = pickled.storage("Bool", "0", size), {}
    for i = 1, 8 do
      list[2 * i - 1], list[2 * i] = pickled.str("t" .. i), pickled.tensor(storage, {size})
    end
    local value = pickled.pickle(pickled.dict(table.unpack(list)))
    local path = file("a.pth", files.zip {{name = "archive/data.pkl", data = value},
      {name = "archive/data/0", data = packed, method = 8, size = size, crc = crc}})
    refused(path, "inflates to", function() return pth.load(path) end, 256)
    local head = files.npy("|i1", ("(%d,)"):format(4 * size), "")
    local zeros = core.to_bytes(core.full({4 * size}, 0, "u8"))
    local whole = files.npy("|i1", ("(%d,)"):format(4 * size), zeros)
    local z = core.gzip(whole)
    path = file("a.npz", files.zip {{name = "a.npy", data = z:sub(11, -9), method = 8, size = #head + 4 * size,
      crc = core.crc32(whole)}})
    local arrays, skipped = measured(function() return npz.load(path) end, 512)
    assert.is_nil(next(arrays or {}))
    assert.matches("inflates to", arrays and skipped[1] or skipped)
  end)

  it("that nobody ever writes to are not waited for", function()
    local path = dir .. "/a.png"
    if not os.execute(("mkfifo '%s' 2>/dev/null"):format(path)) then return pending "needs mkfifo" end
    refused(dir, "it holds 1 pipe", open)
    for _, f in ipairs {data.open, data.image.read, text.read, core.reader, core.file_open, pth.load, npz.load,
      npz.header, npz.load_array, ndarray.load, text.json_lines} do
      local v, message = f(path)
      assert.is_nil(v)
      assert.truthy(message:find(path, 1, true), message)
    end
    os.remove(path)
    assert(lfs.mkdir(path))
    refused(dir, "no pictures in it", open)
    for _, f in ipairs {data.image.read, text.read, core.reader, core.file_open, npz.load} do
      assert.is_nil((f(path)))
    end
  end)
end)

describe("what is near a budget", function()
  it("is read", function()
    assert.truthy(measured(function() return core.image_decode(pictures.jpeg_bomb(64, 64, 499)) end))
    assert.same({4096, 16384, 1}, core.shape(measured(function()
      return core.image_decode(pictures.jpeg_bomb(4096, 16384, 10))
    end, 600)))
    local tags = bombs.tiff(100, 10, 2000)
    assert.not_matches("tags", (select(2, core.image_decode(tags))))
    assert.same({64, 64, 1}, core.shape(core.image_decode(pictures.tiff {
      h = 64, w = 64, samples = 1, packing = 7, data = pictures.jpeg_bomb(64, 64, 10),
    })))
    local list = {}
    for i = 1, 100000 do list[i] = ('["%d.png",%d]'):format(i, i % 10) end
    assert.equal(100000, #json.decode('{"labels":[' .. table.concat(list, ",") .. "]}").labels)
  end)
end)

describe("readers without memory", function()
  after_each(temp.clean)

  -- Calls f with all allocations failing from each on, until it gets by without; then with each of them failing, once.
  -- It must say that memory ran out, or give what it gives otherwise.
  local function without(f, same)
    local want, n, done = same(assert(f())), 0, false
    local function try(times)
      core.memory_fail_after(n, times)
      local ok, v, message = pcall(f)
      core.memory_fail_after(0)
      done = ok and v ~= nil
      if done then assert.equal(want, same(v)) else assert.matches("out of memory", ok and message or v) end
    end
    repeat
      n = n + 1
      try(1000)
    until done
    assert.is_true(n > 1)
    for k = 1, n do
      n = k
      try(1)
    end
  end

  local function bytes_of(t)
    local names, out = {}, {}
    for name in pairs(t) do names[#names + 1] = name end
    table.sort(names)
    for i, name in ipairs(names) do out[i] = core.to_bytes(t[name]) end
    return table.concat(out)
  end
  local function images_of(set) return set.n .. set:rows({0, set.n - 1}):to_bytes() end

  it("say so: of arrays and weights", function()
    local dir = temp.dir()
    local numbers = string.pack("<ffff", 1, 2, 3, 4)
    local members = {
      {name = "a.npy", data = files.npy("<f4", "(4,)", numbers)},
      {name = "b.npy", data = files.npy("|u1", "(4, 2, 2)", numbers), deflated = true},
    }
    local path = files.write(dir .. "/a.npz", files.zip(members))
    without(function() return (npz.load(path)) end, bytes_of)
    local pixels, labels = ("abcdefgh"):rep(4 * 8), "\0\1\0\1"
    local sets = {
      ["b.npy"] = files.npy("|u1", "(4, 8, 8)", pixels),
      ["c.npz"] = files.zip {{name = "x.npy", data = files.npy("|u1", "(4, 8, 8)", pixels), deflated = true},
        {name = "y.npy", data = files.npy("|u1", "(4,)", labels)}},
      ["train-images-idx3-ubyte.gz"] = core.gzip(files.idx_images(4, 8, 8, pixels)),
      ["e.zip"] = files.zip {{name = "a.png", data = files.plain(4, 1, 2, 3), deflated = true},
        {name = "b.png", data = files.plain(4, 9, 8, 7)}},
    }
    for name, bytes in pairs(sets) do
      path = files.write(dir .. "/" .. name, bytes)
      without(function() return data.open(path) end, images_of)
    end
    local tensor = pickled.tensor(pickled.storage("Float", "0", 4), {2, 2})
    local value = pickled.dict(pickled.str "w", tensor)
    local storages = {{"0", numbers, 4}}
    for _, bytes in ipairs {pickled.torch_zip(value, storages), pickled.torch_legacy(value, storages)} do
      path = files.write(dir .. "/w.pth", bytes)
      without(function() return (pth.load(path)) end, bytes_of)
    end
    path = dir .. "/w.safetensors"
    assert(safetensors.save(path, {w = core.full({3}, 2)}))
    without(function() return (safetensors.load(path)) end, bytes_of)
  end)

  it("leave no good picture out with the bad ones", function()
    local dir = temp.dir()
    local function value(y, x) return y * 2 + x end
    for name, bytes in pairs {
      ["a.jpg"] = files.jpeg.progressive, ["b.png"] = files.plain(9, 1, 2, 3), ["c.jpg"] = pictures.jpeg_ink,
      ["d.webp"] = pictures.webp.alpha, ["e.bmp"] = pictures.bmp {h = 3, w = 3, bits = 24, value = value},
      ["f.tif"] = pictures.tiff_lzw, ["g.gif"] = pictures.gif {h = 3, w = 3, interlaced = true, value = value},
      ["h.png"] = files.png {h = 3, w = 3, colour = 0, depth = 16, value = value}, ["i.png"] = "no picture",
      ["j.jpg"] = files.jpeg.arithmetic,
    } do
      files.write(dir .. "/" .. name, bytes)
    end
    without(function() return data.open(dir, {size = 4, skip_bad = true}) end, function(set)
      return table.concat(set.notes, "\n") .. images_of(set)
    end)
  end)
end)
