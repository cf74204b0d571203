-- The files that are damaged: of every format that is read some that are valid, made by the specs' own writers, and how
-- they are read. A list of
--
--   name
--   files           strings; each is damaged, with pieces of the others
--   cut, join       takes a file apart into the format's own pieces, and puts them together with lengths and checksums
--                   that are right: so damage reaches what lies behind them
--   mend(bytes)     puts checksums right, where that is all
--   wrap(bytes)     makes the file of what was damaged, such as an archive of a member
--   file, beside    its name in a folder of its own; other files there, name -> bytes
--   read            functions of its path; of the folder where `folder` is true; of its bytes where there is no `file`
local gan = require "gan"
local checkpoint = require "gan.model.checkpoint"
local core = require "gan.core"
local curves = require "gan.show.curves"
local directory = require "gan.train.directory"
local features = require "gan.measure.features"
local files = require "spec.support.files"
local json = require "gan.file.json"
local p = require "spec.support.pickled"
local pictures = require "spec.support.pictures"
local safetensors = require "gan.file.safetensors"
local stats = require "gan.measure.stats"
local temp = require "spec.support.temp"
local text = require "gan.file.text"
local trained = require "gan.train.trained"

local random = math.random
local function pick(list) return list[random(#list)] end

local list = {}
local function add(t) list[#list + 1] = t end

-- The deflate stream of data, compressed, without a frame.
local function deflated(data) return core.gzip(data):sub(11, -9) end

-- ---- pictures ----

local function value(y, x, k) return (y * 37 + x * 11 + (k or 0) * 71) & 255 end
local function wide(y, x, k) return value(y, x, k) * 257 end
local function few(y, x) return (y + x) % 4 end
local function png(o)
  o.h, o.w, o.value = o.h or 6, o.w or 5, o.value or (o.depth == 16 and wide or value)
  return files.png(o)
end
local function bmp(o)
  o.h, o.w, o.value = o.h or 5, o.w or 6, o.value or few
  return pictures.bmp(o)
end
local function tiff(o)
  o.h, o.w, o.value = o.h or 5, o.w or 4, o.bits == 16 and wide or value
  return pictures.tiff(o)
end
local colours = {{1, 2, 3}, {250, 100, 40}, {9, 9, 9}, {0, 255, 0}}

local slots = {}
for _, c in ipairs {1, 3} do
  for _, size in ipairs {{1, 1}, {3, 7}, {8, 8}, {33, 20}} do
    slots[#slots + 1] = core.full({1, size[1], size[2], c}, 0, "u8")
  end
end
local function load(bytes)
  return core.image_load_(pick(slots), 1, bytes, random(0, 255), random(0, 255), random(0, 255),
    pick(gan.data.FITS), random() < 0.8, pick {0, 0, 1, 4095, 65535})
end
local function decode(bytes) return core.image_decode(bytes, pick {0, 1, 3}, 1, 2, 3, random() < 0.8) end
local seen = {load, load, decode, core.image_info}

-- Type and data of each chunk; the length is believed as far as the file goes.
local function png_chunks(bytes)
  local out, at = {}, 9
  while at + 8 <= #bytes do
    local n = math.min(string.unpack(">I4", bytes, at), math.max(0, #bytes - at - 11))
    out[#out + 1] = bytes:sub(at + 4, at + 7 + n)
    at = at + 12 + n
  end
  return out
end
local function png_of(chunks)
  local out = {files.signature}
  for _, c in ipairs(chunks) do out[#out + 1] = files.chunk(c:sub(1, 4), c:sub(5)) end
  return table.concat(out)
end

local exif = files.chunk("eXIf", pictures.exif(6))
add {name = "PNG", read = seen, cut = png_chunks, join = png_of, mend = function(b) return png_of(png_chunks(b)) end,
  files = {
    png {colour = 0}, png {colour = 2, depth = 16}, png {colour = 2, h = 40, w = 33},
    png {colour = 6, interlaced = true, filter = function(y) return y % 5 end},
    png {colour = 4, depth = 16, before = exif}, png {colour = 0, depth = 1, value = function() return 1 end},
    png {colour = 3, depth = 2, plte = ("abc"):rep(4), trns = "\0\9", value = few},
    png {colour = 2, trns = "\0\9\0\9\0\9"}, png {colour = 2, filter = function(y) return y % 5 end},
  }}
-- What is inside a deflate stream that is in order: filters and pixels, compressed anew.
add {name = "PNG lines", read = seen, files = {("\1abcdefghijkl"):rep(6), ("\4aaaabbbbcccc"):rep(3) .. ("\0"):rep(60)},
  wrap = function(b)
    local head = string.pack(">I4I4I1I1I1I1I1", 4, 6, 8, pick {0, 2, 2, 3, 4, 6}, 0, 0, random(0, 1))
    return png_of {"IHDR" .. head, "PLTE" .. ("abc"):rep(256), "IDAT" .. files.zlib(deflated(b), b), "IEND"}
  end}

local function jpeg_segments(bytes)
  local out, at = {}, 1
  while at < #bytes do
    local stop = bytes:find("\xff[\xc0-\xcf\xda-\xfe]", at + 2) or #bytes + 1
    out[#out + 1] = bytes:sub(at, stop - 1)
    at = stop
  end
  return out
end
add {name = "JPEG", read = seen, cut = jpeg_segments, join = table.concat, files = {
  files.jpeg.colour, files.jpeg.progressive, files.jpeg.grey, files.jpeg.arithmetic, pictures.jpeg_ink,
  pictures.with_app1(files.jpeg.colour, "Exif\0\0" .. pictures.exif(8, true)),
  pictures.jpeg_blocks(4, 5, value), pictures.jpeg_bomb(16, 24, 4),
}}

-- Name and data of each chunk of a RIFF file.
local function riff_chunks(bytes)
  local out, at = {}, 13
  while at + 8 <= #bytes do
    local n = math.min(string.unpack("<I4", bytes, at + 4), #bytes)
    out[#out + 1] = bytes:sub(at, at + 3) .. bytes:sub(at + 8, at + 7 + n)
    at = at + 8 + n + n % 2
  end
  return out
end
local function riff_of(chunks)
  local out = {}
  for i, c in ipairs(chunks) do out[i] = pictures.riff(c:sub(1, 4), c:sub(5)) end
  return pictures.riff("RIFF", "WEBP" .. table.concat(out))
end
add {name = "WebP", read = seen, cut = riff_chunks, join = riff_of, files = {
  pictures.webp.lossless, pictures.webp.lossy, pictures.webp.alpha, pictures.webp_exif(pictures.exif(5)),
  pictures.webp_animation(12, 20, 2, 4),
}}
add {name = "GIF", read = seen, files = {
  pictures.gif {h = 5, w = 7, value = few, palette = colours},
  pictures.gif {h = 9, w = 3, value = few, interlaced = true},
  pictures.gif {h = 4, w = 4, top = 1, left = 2, height = 2, width = 1, value = few, clear = 1},
}}
add {name = "TIFF", read = seen, files = {
  tiff {samples = 1}, tiff {samples = 3}, tiff {samples = 4, extra = 2}, tiff {samples = 1, bits = 16, photometric = 0},
  tiff {samples = 3, bits = 16, orientation = 7}, tiff {samples = 2, extra = 1, bits = 16},
  pictures.tiff_lzw, pictures.tiff_deflate, pictures.tiff_jpeg,
}}
add {name = "BMP", read = seen, files = {
  bmp {bits = 1, palette = colours, header = 12}, bmp {bits = 4, palette = colours}, bmp {bits = 24, top_down = true},
  bmp {bits = 8, palette = colours, header = 124},
  bmp {bits = 32, masks = {0xff, 0xff00, 0xff0000, 0xff << 24}, header = 124},
  bmp {bits = 16, masks = {0xf800, 0x7e0, 0x1f}},
  bmp {bits = 8, packing = 1, palette = colours, data = "\6\1\0\0\0\3\2\1\0\0\0\0\0\2\1\1\2\3\0\1"},
  bmp {bits = 4, packing = 2, palette = colours, data = "\6\x12\0\0\0\3\x32\x10\0\1"},
}}
add {name = "PNM", read = seen, files = {
  "P1 3 2\n1 01\n0 0 1\n", "P2 4 2 5 0 1 2 3 4 5 0 1", "P3\n2 1\n# a\n9 1 2 3 4 5 6", "P4\n9 2\n\xa0\x80\x11\0",
  "P5 3 1 65535\n\0\0\1\0\x80\0", "P6 2 2 255 \1\2\3\4\5\6\7\8\9\10\11\12",
}}
add {name = "EXIF", read = seen, files = {pictures.exif(6), pictures.exif(8, true), pictures.exif(5, false, 4)},
  wrap = function(b)
    return pick {
      function() return pictures.with_app1(files.jpeg.grey, "Exif\0\0" .. b) end,
      function() return pictures.webp_exif(b) end,
      function() return png {colour = 0, before = files.chunk("eXIf", b)} end,
    }()
  end}

-- ---- data ----

local open = gan.data.open
local function split(path) return open(path, {split = pick(gan.data.SPLITS)}) end
local function some(path) return open(path, {limit = random(3), size = random(4), channels = pick {1, 3}}) end
local function skipping(path) return open(path, {skip_bad = true, fit = pick(gan.data.FITS), stretch_range = true}) end
local function drawn(path) -- as training reads it
  local set, message = open(path, {size = 4, cache = pick {0, 1 << 20}, skip_bad = true})
  if not set then return nil, message end
  local ok, result = pcall(set.rows, set, {0})
  return ok and result or nil, ok and "" or tostring(result)
end

local function plain(k)
  return files.png {h = 3, w = 2, colour = 2, value = function(y, x, c) return (k + y * 7 + x * 5 + c) & 255 end}
end

local kinds = {}
for _, t in ipairs(list) do kinds[#kinds + 1] = t end
local some_picture = {}
for _, t in ipairs(kinds) do if not t.wrap then some_picture[#some_picture + 1] = pick(t.files) end end
add {name = "folder", file = "a.png", beside = {["b.png"] = plain(3)}, folder = true, files = some_picture,
  read = {open, some, skipping, drawn}}

local idx = files.idx_images(3, 2, 2, ("ab"):rep(6))
local labels = files.idx_labels(3, "\1\2\3")
add {name = "IDX", file = "train-images-idx3-ubyte", files = {idx}, beside = {["train-labels-idx1-ubyte"] = labels},
  folder = true, read = {open, split, some, drawn}}
add {name = "IDX compressed", file = "train-images-idx3-ubyte.gz", files = {core.gzip(idx)}, folder = true,
  read = {open, drawn}}
add {name = "IDX in gzip", file = "a.gz", files = {idx, labels}, wrap = core.gzip, read = {open, some}}
add {name = "IDX labels", file = "train-labels-idx1-ubyte", files = {labels, idx},
  beside = {["train-images-idx3-ubyte"] = idx}, folder = true, read = {open, some}}
local binary = "\3" .. ("abc"):rep(1024)
add {name = "CIFAR binary", file = "data_batch_1.bin", files = {binary, "\0" .. binary, binary .. binary},
  read = {open, some, drawn}}

local function batch_of(o)
  local data = p.array("u1", {1, 3072}, ("abc"):rep(1024), o)
  return p.pickle(p.dict(p.str "data", data, p.str "labels", p.list "K\3"))
end
local batch, batch4 = batch_of(), batch_of {protocol4 = true}
add {name = "CIFAR pickle", file = "data_batch_1", files = {batch, batch4, batch_of {latin = true}}, folder = true,
  read = {open, some, split, drawn}}
add {name = "CIFAR names", file = "batches.meta", beside = {data_batch_1 = batch}, folder = true, read = {open},
  files = {p.pickle(p.dict(p.str "label_names", p.list(p.str "a", p.str "b", p.str "c", p.str "d")))}}
local short = batch:gsub(("abc"):rep(1000), "")
local array = p.pickle(p.array("u1", {2, 3}, "abcdef"))
add {name = "pickle", file = "a.pkl", files = {short, (batch4:gsub(("abc"):rep(1000), "")), array, batch},
  read = {gan.file.ndarray.load, open}}

local npy = files.npy("|u1", "(3, 2, 5)", ("abcde"):rep(6))
local numbers = files.npy("<i8", "(3,)", ("<i8i8i8"):pack(1, 2, 3))
local reals = files.npy("<f8", "(2, 2)", ("<dddd"):pack(1, 0.5, 2, 1e300))
add {name = "npy", file = "a.npy", read = {open, some, drawn, gan.file.npz.load_array}, files = {
  npy, files.npy("|u1", "(1, 3, 2, 5)", ("abcde"):rep(6), true), numbers, reals,
  files.npy("|u1", "(3, 2, 5)", ("abcde"):rep(6), false, 2)}}

-- Archives: the damage is in the archive, or in a member whose checksum is then that of the damaged one.
local function archive(members, packed)
  for _, m in ipairs(members) do
    m.deflated = packed == "deflate" and deflated(m.data) or packed == "stored blocks"
  end
  return files.zip(members)
end
local ways = {"stored", "stored blocks", "deflate"}
local function in_archive(members)
  return function(b)
    local all = {}
    for i, m in ipairs(members) do all[i] = {name = m.name, data = m.data or b} end
    return archive(all, pick(ways))
  end
end
local function archives(members)
  local out = {}
  for i, way in ipairs(ways) do out[i] = archive(members, way) end
  return out
end
add {name = "npz", file = "a.npz", read = {open, some, split, gan.file.npz.load},
  files = archives {{name = "x.npy", data = npy}, {name = "y.npy", data = numbers}}}
add {name = "npz member", file = "a.npz", files = {npy, numbers, reals}, read = {open, some, gan.file.npz.load},
  wrap = in_archive {{name = "x.npy"}, {name = "y.npy", data = numbers}}}
add {name = "npz labels", file = "a.npz", files = {numbers, npy}, read = {open, some},
  wrap = in_archive {{name = "x.npy", data = npy}, {name = "y.npy"}}}
local two = {{name = "cats/a.png", data = plain(1)}, {name = "dogs/b.png", data = plain(9)}}
add {name = "zip", file = "a.zip", read = {open, some, split, skipping, drawn}, files = archives(two)}
add {name = "zip picture", file = "a.zip", files = some_picture, read = {open, some, skipping, drawn},
  wrap = in_archive {{name = "a.png", data = plain(1)}, {name = "b.png"}}}
add {name = "zip names", file = "a.zip", files = {"cats/a.png", "a/b/c/d.png", "train/x/1.png"},
  read = {open, some, split},
  wrap = function(b)
    return files.zip {{name = b:sub(1, 60000), data = plain(1)}, {name = "train/b.png", data = plain(2)}}
  end}
local classes = '{"labels": [["cats/a.png", 1], ["dogs/b.png", 0]]}'
add {name = "zip labels", file = "a.zip", files = {classes}, read = {open, some},
  wrap = in_archive {two[1], two[2], {name = "dataset.json"}}}
add {name = "folder labels", file = "dataset.json", files = {classes}, folder = true, read = {open, some},
  beside = {["a.png"] = plain(1), ["b.png"] = plain(2)}}

-- ---- annotations ----

local function annotated(path) -- as training has them
  local set, message = open(path, {size = 4, skip_bad = random() < 0.5, cache = pick {0, 1 << 20}})
  if not set then return nil, message end
  if set.n > 0 then gan.data.batches(set, {batch = 1, crop = 1, annotations = true, prefetch = false})() end
  return set
end
local beside = {["a.png"] = plain(1), ["b.png"] = plain(2)}
local function listed(name, file, texts, more)
  local all = {}
  for _, t in ipairs {beside, more or {}} do for k, v in pairs(t) do all[k] = v end end
  add {name = name, file = file, files = texts, folder = true, beside = all, read = {open, some, skipping, annotated}}
end
local boxes = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>3</ymax></bndbox>"
listed("VOC", "a.xml", {("<annotation><filename>a.png</filename><size><width>2</width><height>3</height></size><object>"
  .. "<name>cat</name>%s</object><object><name>dog</name>%s</object></annotation>"):format(boxes, boxes)})
local coco = '{"images":[{"id":1,"file_name":"a.png","width":2,"height":3},{"id":2,"file_name":"b.png","width":2,'
  .. '"height":3}],"categories":[{"id":7,"name":"cat"}],"annotations":[{"id":1,"image_id":1,"category_id":7,'
  .. '"iscrowd":%d,"bbox":[0,0,2,2],"area":4,"segmentation":%s},{"id":2,"image_id":2,"caption":"a b"}]}'
listed("COCO", "coco.json", {
  coco:format(0, "[[0,0,2,0,2,2,0,2]]"), coco:format(1, '{"counts":[0,2,1,3],"size":[3,2]}'),
  coco:format(0, '{"counts":"0213","size":[3,2]}'),
})
listed("table", "labels.csv", {'file,label,hat,caption\na.png,x,1,"a ""b"", c"\nb.png,y,0,\n', "file\r\na.png\r\n"})
listed("TSV", "captions.tsv", {"file\tname\na.png\tx y\nb.png\t\n"})
listed("JSON lines", "metadata.jsonl", {
  '{"file_name":"a.png","text":["a","b"],"label":3,"objects":{"bbox":[[0,0,1,2]],"categories":["x"]}}\n'
    .. '{"file_name":"b.png","text":"c","label":"y"}\n',
})
listed("CelebA", "list_attr_celeba.txt", {"2\nBald Smiling\na.png 1 -1\nb.png -1 1\n"},
  {["list_eval_partition.txt"] = "a.png 0\nb.png 1\n"})
listed("captions", "a.txt", {"one\ntwo \u{e9}\n", "\xef\xbb\xbfa\r\n\r\nb"})
local function numbered(o)
  o.h, o.w, o.value = 3, 2, few
  return files.png(o)
end
add {name = "mask", file = "masks/a.png", folder = true, read = {open, skipping, annotated}, files = {
  numbered {colour = 0}, numbered {colour = 0, depth = 2}, numbered {colour = 0, depth = 16},
  numbered {colour = 3, plte = ("abc"):rep(4)}, numbered {colour = 4},
}, beside = {["images/a.png"] = plain(1), ["images/b.png"] = plain(2), ["masks/b.png"] = numbered {colour = 0}}}

add {name = "foreign", file = "a", read = {open}, files = {
  "\x89HDF\r\n\x1a\n" .. ("\0"):rep(300), "version https://git-lfs.github.com/spec/v1\n", "\x28\xb5\x2f\xfd123"}}

-- ---- weights ----

local weights = p.ordered(p.str "w", p.tensor(p.storage("Float", "0", 2), {2}))
local pth = gan.file.pth.load
add {name = "pth", file = "a.pth", read = {pth, open, features.open}, files = {
  p.torch_zip(weights, {{"0", "12345678"}}), p.torch_legacy(weights, {{"0", "12345678", 2}})}}
add {name = "pth pickle", file = "a.pth", files = {p.pickle(weights)}, read = {pth, features.open},
  wrap = in_archive {{name = "data.pkl"}, {name = "data/0", data = "12345678"}}}

local function header_and_data(bytes)
  if #bytes < 8 then return {bytes, ""} end
  local n = math.min(string.unpack("<I4", bytes), #bytes)
  return {bytes:sub(9, 8 + n), bytes:sub(9 + n)}
end
local function with_length(pieces)
  local head = pieces[1] or ""
  return string.pack("<s8", head .. (" "):rep(-#head % 8)) .. table.concat(pieces, "", 2)
end

-- Puts the checksums right that checkpoints have in their metadata, or takes them out, as older ones have none.
local function with_sums(bytes)
  local head, data = table.unpack(header_and_data(bytes))
  if random(3) == 1 then
    head = head:gsub('"gan%.crc32[^"]*":"[^"]*",?', "")
    return with_length {head, data}
  end
  local places, sums = {}, {}
  for from, to in head:gmatch '"data_offsets":%[(%d+),(%d+)%]' do
    places[#places + 1] = {math.tointeger(from) or 0, math.tointeger(to) or 0}
  end
  table.sort(places, function(a, b) return a[1] < b[1] end)
  for i, place in ipairs(places) do
    sums[i] = ("%08x"):format(files.crc32(data:sub(place[1] + 1, math.min(place[2], #data))))
  end
  head = head:gsub('("gan%.crc32":")[^"]*', "%1" .. table.concat(sums, " "))
  head = head .. (" "):rep(-#head % 8)
  head = head:gsub('("gan%.crc32%.header":")[^"]*', "%100000000")
  local sum = ("%08x"):format(files.crc32(("<I8"):pack(#head) .. head))
  return with_length {head:gsub('("gan%.crc32%.header":")[^"]*', "%1" .. sum), data}
end

-- The bytes of files that the library writes.
local function written(make)
  local dir = temp.quick_folder()
  local path = dir .. "/a"
  make(path)
  local bytes = temp.read(path)
  temp.remove(dir)
  return bytes
end
local rng = core.rng(1)
local tree = written(function(path)
  safetensors.save(path, {
    a = rng:normal {2, 3}, b = {core.full({3}, 7, "u8"), core.full({2}, -1, "i32"), core.full({2}, 0.5, "f64")},
    n = 3, x = 0.5, s = "text", t = {u = true, ["v.w"] = {1, 2}}, empty = {},
  })
end)
local run = written(function(path)
  local options = {size = 16, z = 2, ngf = 1}
  local data = gan.data.identity.of(gan.data.shapes {size = 16, count = 4})
  local G = gan.model.dcgan.generator {size = 16, z = 2, ngf = 1}
  local net = {model = "dcgan", options = json.encode {size = 16, z = 2, ngf = 1, channels = 3}}
  safetensors.save(path, {
    run = {format = 2, recipe = "dcgan", step = 3, z = rng:normal {4, 2}, channels = 3, nets = {generator = net},
      options = json.encode(options), data = json.encode(data), rollbacks = 0},
    G = G:state(), ema = gan.optim.ema((G:params())):state(), data = {epoch = 0, position = 1}, rng = {a = {1, 2}},
  })
end)
add {name = "safetensors", file = "a.safetensors", files = {tree, run}, cut = header_and_data,
  join = with_length, mend = with_sums, read = {safetensors.load, gan.file.ndarray.load, features.open}}
add {name = "checkpoint", file = "checkpoint_last.safetensors", files = {run}, cut = header_and_data,
  join = with_length, mend = with_sums, read = {trained.open, checkpoint.settings}}
local lenet = gan.model.classifier.lenet {size = 16, width = 1, features = 2, classes = 2}
local classifier = written(function(path)
  features.save(path, lenet:eval(), {data = "shapes", accuracy = 0.5, class_names = {"a", "b"}})
end)
add {name = "classifier", file = "a.safetensors", files = {classifier}, cut = header_and_data, join = with_length,
  mend = with_sums, read = {features.open}}
local pixels = features.open("pixels", {size = 2, channels = 1})
local moments = gan.metric.moments {dim = 4}
moments:add(rng:normal {6, 4})
local statistics = written(function(path)
  stats.save(path, pixels, moments, {name = "a", about = function() return {images = 6, checksum = "1"} end})
end)
add {name = "statistics", file = "a.npz", files = {statistics},
  read = {function(path) return stats.load(path, pixels) end}}

-- ---- text ----

local options = json.encode {recipe = "dcgan", options = {size = 16, z = 2, lr = 2e-4, data = "shapes", name = "a"}}
local records = '{"step": 1, "D": 0.5, "G": 1.5, "time": 0.25}\n{"step": 2, "D": 0.25, "G": 1e-5, "lr": 0.0002}\n'
add {name = "JSON", read = {json.decode}, files = {
  options, records, classes, '[1.5e3, "\\u00e4\\ud83d\\ude00", null, [[[]]], -0.0, "a\\n"]'}}
add {name = "options", file = "options.json", files = {options}, folder = true, read = {directory.read_options}}
add {name = "records", file = "stats.jsonl", files = {records}, folder = true,
  beside = {["metric-fid.jsonl"] = records}, read = {
    function(dir)
      local runs = {curves.read(dir)}
      if not runs[1] then return nil, runs[2] end
      curves.keys(runs[1])
      return curves.plots(runs, nil, {})
    end,
    function(dir) return text.json_lines(dir .. "/stats.jsonl") end,
    function(dir) return text.rewind(dir .. "/stats.jsonl", 1) end,
  }}

return list
