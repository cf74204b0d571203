--- Keeps the statistics of real images in an npz file, and with them what they are of.
-- The field's files have `mu` and `sigma`. Ours add `n`; `about`, JSON as u8: data, split, seed, the whole set's
-- fingerprint, the network and its hash; and `checksums`, i32 (n), of the images.
-- @internal gan.measure.stats
local core = require "gan.core"
local json = require "gan.file.json"
local moments = require "gan.metric.moments"
local npz = require "gan.file.npz"

local M = {}

--- Counts those of the images that are among the others, by their checksums, i32 (N) and i32 (M).
function M.shared(of, among)
  local there, count = {}, 0
  for _, crc in ipairs(core.to_table(among)) do there[crc] = true end
  for _, crc in ipairs(core.to_table(of)) do count = count + (there[crc] and 1 or 0) end
  return count
end

--- Tells whether checksums are those of the same images, in whatever order.
function M.same(a, b)
  local n, m = core.numel(a), core.numel(b)
  return n == m and M.shared(a, b) == n and M.shared(b, a) == m
end

-- What a file's numbers are of; false where it does not say; or nil and a message.
local function about_of(arrays)
  local t = arrays.about
  if not (core.is_tensor(t) and core.dtype(t) == "u8") then return false end
  local about, message = json.decode(core.to_bytes(t))
  if type(about) ~= "table" then return nil, "'about': " .. (message or "expected an object") end
  return about
end

local function network(name, hash) return tostring(name) .. (hash and " " .. tostring(hash) or "") end

--- Reads a file for a network F, and for the real images, where these are at hand.
-- @treturn table  moments
-- @treturn table  what they are of: the fields of `about`; false where the file does not say
-- @treturn Tensor  checksums of the images, or nil
-- @error if it is damaged, was made by another network, or of other images than source's
function M.load(path, F, source)
  local arrays, skipped = npz.load(path)
  if not arrays then return nil, skipped end
  local function bad(fmt, ...) return nil, path .. ": " .. fmt:format(...) end
  local known, message = moments.from_state(arrays)
  if not known then
    return bad("%s%s", message, skipped[1] and (" (left out: %s)"):format(table.concat(skipped, ", ")) or "")
  end
  local about
  about, message = about_of(arrays)
  if about == nil then return bad("%s", message) end
  if about and (about.features ~= F.name or (about.features_hash or "none") ~= (F.hash or "none")) then
    return bad("measured by %s, not by %s: give those --features, or another file",
      network(about.features, about.features_hash), network(F.name, F.hash))
  end
  if F.dim and known.dim ~= F.dim then return bad("has %d features, %s has %d", known.dim, F.name, F.dim) end
  local own = about and about.checksum and source and source.about and source.about()
  if own and own.checksum ~= about.checksum then
    return bad("of %s (%s images, %s), not of %s (%d images, %s): give another file", tostring(about.data),
      tostring(math.tointeger(about.images)), tostring(about.checksum), source.name, own.images, own.checksum)
  end
  local sums = arrays.checksums
  return known, about, core.is_tensor(sums) and core.dtype(sums) == "i32" and sums or nil
end

--- Writes a file.
-- @treturn boolean  true
-- @error if it cannot be written
function M.save(path, F, known, source)
  local state, about = known:state(), source.about and source.about() or {}
  about.data, about.split, about.seed = source.name, source.split, source.seed
  about.features, about.features_hash, about.resize = F.name, F.hash, F.resize
  state.about = core.tensor({json.encode(about):byte(1, -1)}, "u8")
  state.checksums = source.checksums and source.checksums()
  return npz.save(path, state)
end

--- Tells whether a file's numbers can stand for the real side of a source.
-- @tparam ?string path  of the file
-- @tparam table real  `about` and `checksums`, of `load`
-- @tparam table source  the other side
-- @treturn integer  how many of its images are among the file's
-- @error if they are of another size, or the very images of the file
function M.fits(path, real, source)
  local about = real.about
  if about and about.height then
    local ok, first = pcall(source.batch, 1, 1)
    local shape = ok and core.shape(first) or {}
    if #shape == 4 and (about.height ~= shape[2] or about.width ~= shape[3]) then
      return nil, ("%s: of images of %sx%s, those of %s have %dx%d: give --size, or another file"):format(path,
        tostring(math.tointeger(about.height)), tostring(math.tointeger(about.width)), source.name, shape[2], shape[3])
    end
  end
  local own = real.checksums and source.checksums and source.checksums()
  if not own then return 0 end
  if M.same(own, real.checksums) then
    return nil, ("%s: of the very images of %s: give --a and --b, of one set it compares the halves"):format(path,
      source.name)
  end
  return M.shared(own, real.checksums)
end

return M
