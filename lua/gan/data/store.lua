--- Reads pictures that lie in files: into memory as far as the cache reaches; the rest is read again when it is wanted.
-- @internal gan.data.store
local core = require "gan.core"
local check = require "gan.check"

local M = {
  AT_ONCE = 1 << 24, -- bytes of pictures between two looks at what was found
}

local LISTED = 20 -- unreadable pictures named one by one in an error
local CACHE = 2 << 30
local WHITE = {255, 255, 255}

-- The size of the first picture that can be read: h, w, c; or nil.
local function first_size(pictures, n)
  for i = 1, n do
    local h, w, c = pictures:info(i)
    if h then return h, w, c end
  end
  return nil
end

-- Copies as many of the first n images as there is room for behind the first `done` of `held`.
local function copy_in(held, done, images, n)
  n = math.min(n, core.size(held, 1) - done)
  if n > 0 then core.copy_(core.narrow(held, 1, done + 1, n), core.narrow(images, 1, 1, n)) end
end

-- Reads all pictures once, fitted into shape.fit; their own size should be shape.own. Returns what was found, all told;
-- `held` (made, or the one that is given): the first pictures. nil if there is colour where grey was reckoned with.
local function read_all(pictures, n, shape, cache, held)
  local h, w, c = table.unpack(shape.fit)
  pictures:fit(h, w, c, shape.top)
  local bytes = h * w * c
  local room, step = math.min(n, cache // bytes), math.max(1, math.min(n, M.AT_ONCE // bytes))
  held = held or pictures:room(room)
  local all, spare = {held = held, bad = {}, good = 0, turned = 0, enlarged = 0, odds = 0, top = 0}, nil
  for first = 1, n, step do
    local count, beyond = math.min(step, n - first + 1), nil
    if all.good + count > room then
      spare = spare or pictures:room(step)
      beyond = spare
    end
    local found = pictures:read(beyond or held, beyond and 1 or all.good + 1, first, count, shape.own[1], shape.own[2],
      all.bad)
    if found.colour > 0 and shape.guess and c == 1 then return nil end
    if beyond then copy_in(held, all.good, beyond, found.good) end
    for _, name in ipairs {"good", "turned", "enlarged", "odds"} do all[name] = all[name] + found[name] end
    all.top = math.max(all.top, found.top)
    if found.odd and not all.odd then all.odd, all.h, all.w = found.odd, found.h, found.w end
  end
  return all
end

--- Returns a line with a list below it, which is cut where it is long. Cannot fail.
-- @tparam string line  ends with a colon
-- @tparam table bad  list of `{number, message}`
-- @treturn string  lines; those of the list begin with two blanks
function M.list(line, bad)
  local lines = {line}
  for i = 1, math.min(#bad, LISTED) do lines[#lines + 1] = "  " .. check.shown(bad[i][2]) end
  if #bad > LISTED then lines[#lines + 1] = ("  and %d more"):format(#bad - LISTED) end
  return table.concat(lines, "\n")
end

--- Says that not one picture can be read. Cannot fail.
-- @tparam string path  of the whole
-- @tparam table bad  list of `{number, message}`: all of them
-- @treturn string
function M.none(path, bad)
  return M.list(path .. (#bad == 1 and ": the picture cannot be read:" or (": none of %d pictures can be read:"):format(
    #bad)), bad)
end

-- The list 1 .. n without the bad ones.
local function good_ones(n, bad)
  local kept, k = {}, 1
  for i = 1, n do
    if bad[k] and bad[k][1] == i then k = k + 1 else kept[#kept + 1] = i end
  end
  return kept
end

--- Reads and checks every picture of a list, in several threads. Where all of them fit into the cache, they are in
-- memory from then on; else its share is, and the rest is read again when it is wanted.
--
-- An entry is a table: `path`; `name`, what messages call it (default: the path). A picture that is a part of its file
-- has `how` ("stored" or "deflate"), `offset`, `bytes` (as they lie there), and what is known of `size` (inflated) and
-- `crc` (CRC-32 of the inflated bytes). Bare pixels have `how = "raw"` (h,w,c) or "planar" (c,h,w), `offset`,
-- `shape = {h, w, c}`, and where there are several of them `count` and `stride` (bytes from one to the next; default:
-- h*w*c).
--
-- The result has what `set.new` takes, `images` u8 (N,H,W,C) or `pictures`, and `crcs`; and
--
-- * `kept`: numbers of the pictures that were read, from 1, in order; entries with a `count` count so often
-- * `bad`: a list of `{number, message}`, the ones left out, as `skip_bad` allows
-- * `turned`, `enlarged`: how many EXIF turned, how many were interpolated to a larger size
-- * `sizes`: i32 (n,2), h and w of each picture that was read, upright, before it was fitted
-- * `numbers`: of masks, i32, the numbers that they have
-- * `range`: the largest sample of 16-bit pictures as a part of 65535; nil where none has 16 bits
--
-- @tparam table entries  as said, in the order that the set has
-- @tparam table o  checked options of gan.data.open: `size` (or `height` and `width`), `channels`, `background`, `fit`,
--   `exif`, `cache`, `skip_bad`, `stretch_range`; and `mask`: true of pictures whose pixels are numbers
--   (csrc/codec/mask.h), "binary" where 255 is 1
-- @tparam string path  of the whole, for messages
-- @treturn table  as said
-- @error naming all pictures that cannot be read, one a line, or two that differ in size; where some cannot be read, a
--   third result is their list, as `bad`
-- @raise naming the field of an entry that is wrong
function M.open(entries, o, path)
  local bg, cache = o.background or WHITE, o.cache or CACHE
  local pictures = core.pictures(entries, {
    fit = o.fit or "crop", exif = o.exif ~= false, red = bg[1], green = bg[2], blue = bg[3],
    mask = o.mask ~= nil, binary = o.mask == "binary",
  })
  local n = pictures:shape()[1]
  local h, w, stored = first_size(pictures, n)
  local shape = {own = {h or 1, w or 1}, guess = not o.channels}
  shape.fit = {
    o.height or o.size or shape.own[1], o.width or o.size or shape.own[2],
    o.channels or stored and stored >= 3 and 3 or 1,
  }
  local all = read_all(pictures, n, shape, cache)
  if not all then
    collectgarbage() -- the images in grey
    shape.fit[3] = 3
    all = read_all(pictures, n, shape, cache)
  end
  if o.stretch_range and all.top > 0 then
    shape.top = all.top
    all = read_all(pictures, n, shape, cache, all.held)
  end
  local kept = good_ones(n, all.bad)
  if all.odd and not (o.size or o.height) then
    return nil, ("%s: pictures differ in size (%s is %dx%d, %d of %d differ, such as %s of %dx%d; "
      .. "height x width); give --size"):format(path, pictures:name(kept[1]), h, w, all.odds, all.good,
      pictures:name(all.odd), all.h, all.w)
  end
  if #all.bad > 0 and not (o.skip_bad and all.good > 0) then
    local count = check.count(n, "picture")
    local none = all.good == 0 and (o.skip_bad or not o.limit) -- beyond a limit there may be good ones
    return nil, none and M.none(path, all.bad) or M.list(
      ("%s: %d of %s cannot be read; --skip-bad leaves them out:"):format(path, #all.bad, count), all.bad), all.bad
  end
  local room = core.size(all.held, 1)
  local held = all.good < room and core.narrow(all.held, 1, 1, all.good) or all.held
  pictures:seal(core.tensor(kept, "i32"), held)
  pictures:rest()
  local in_memory = all.good <= room
  return {
    images = in_memory and held or nil, pictures = not in_memory and pictures or nil, crcs = pictures:crcs(),
    kept = kept, bad = all.bad, sizes = pictures:sizes(), numbers = o.mask and pictures:numbers() or nil,
    turned = all.turned, enlarged = all.enlarged,
    range = all.top > 0 and all.top / 65535 or nil,
  }
end

return M
