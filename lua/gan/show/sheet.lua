--- Draws a set's images with their annotations, as one SVG file: boxes, masks, labels and captions.
-- @module gan.show.sheet
local check = require "gan.check"
local core = require "gan.core"
local data_set = require "gan.data.set"
local file = require "gan.file.text"
local html = require "gan.show.html"

local option = check.option

local M = {}

-- Colours that colour-blind readers tell apart. Source: Okabe and Ito 2008, "Color universal design".
local colours = {"#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442"}

local GAP, LINE, FONT, LETTERS = 12, 14, 11, 0.55 -- pixels; LETTERS: width of a letter, of its height
local ROWS = 4                                    -- lines of text below an image
local SHEER, VOID_SHEER = 90, 170                -- opacity of masks, of 255
local VOID = 255

local function colour_of(k) return colours[k % #colours + 1] end

--- Returns the colour that a class has in pictures: of those that colour-blind readers tell apart; darker where a class
-- before it has the same. Cannot fail.
-- @tparam integer k  the class, from 0
-- @treturn integer  red, 0..255
-- @treturn integer  green
-- @treturn integer  blue
function M.colour(k)
  local r, g, b = colour_of(k):match "^#(%x%x)(%x%x)(%x%x)$"
  local by = 1 + k // #colours
  return tonumber(r, 16) // by, tonumber(g, 16) // by, tonumber(b, 16) // by
end

-- u8 (256,4): the colour of each number of a mask; 0 is not seen, void is white.
local function palette()
  local rows = {}
  for v = 0, 255 do
    local r, g, b = M.colour(math.max(0, v - 1))
    rows[v + 1] = {r, g, b, v == 0 and 0 or SHEER}
  end
  rows[VOID + 1] = {255, 255, 255, VOID_SHEER}
  return core.tensor(rows, "u8")
end

local function picture(x, y, w, h, image)
  return ('<image x="%d" y="%d" width="%d" height="%d" href="%s"/>'):format(x, y, w, h,
    html.png(core.image_encode(image)))
end

-- A text in lines of at most so many letters; the last of ROWS ends in dots where there are more.
local function wrapped(s, most, rows)
  local lines, line = {}, ""
  for word in s:gmatch "%S+" do
    local length = (utf8.len(line) or #line) + (utf8.len(word) or #word)
    if line ~= "" and length + 1 > most then
      lines[#lines + 1], line = line, word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  if line ~= "" then lines[#lines + 1] = line end
  for k = rows + 1, #lines do lines[k] = nil end
  for k, l in ipairs(lines) do
    local cut = utf8.len(l) and utf8.len(l) > most + 2 and utf8.offset(l, most)
    if cut then lines[k] = l:sub(1, cut - 1) .. "..." end
  end
  return lines
end

-- What stands below image i.
local function words_of(set, i, letters)
  local parts = {}
  if set.labels and set.classes then parts[1] = "[" .. set.classes[core.get(set.labels, i) + 1] .. "]" end
  if set.attributes then
    for k, v in ipairs(core.to_table(core.narrow(set.attributes, 1, i, 1))[1]) do
      if v == 1 then parts[#parts + 1] = set.attribute_names and set.attribute_names[k] or tostring(k - 1) end
    end
  end
  local lines = wrapped(table.concat(parts, " "), letters, 1)
  local caption = set.captions and set:captions(i)[1]
  for _, line in ipairs(caption and wrapped(caption, letters, ROWS - #lines) or {}) do lines[#lines + 1] = line end
  return lines
end

local function tile(set, i, x, y, side, masks)
  local scale = side / math.max(set.height, set.width)
  local w, h = math.floor(set.width * scale + 0.5), math.floor(set.height * scale + 0.5)
  local out = {picture(x, y, w, h, set:image(i))}
  if set.mask then
    local flat = core.to(core.reshape(set:mask(i), {set.height * set.width}), "i32")
    out[#out + 1] = picture(x, y, w, h, core.reshape(core.gather_rows(masks, flat), {set.height, set.width, 4}))
  end
  for _, b in ipairs(set.boxes and set:boxes(i) or {}) do
    local colour, name = colour_of(b.class), set.box_classes and set.box_classes[b.class + 1] or tostring(b.class)
    out[#out + 1] = file.format('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="none" stroke="%s" '
      .. 'stroke-width="1.5"><title>%s</title></rect>', x + b.x0 * scale, y + b.y0 * scale, (b.x1 - b.x0) * scale,
      (b.y1 - b.y0) * scale, colour, html.text(name))
    out[#out + 1] = file.format('<text x="%.1f" y="%.1f" fill="%s" class="box">%s</text>', x + b.x0 * scale + 2,
      y + b.y0 * scale + FONT, colour, html.text(name))
  end
  for k, line in ipairs(words_of(set, i, math.floor(side / (FONT * LETTERS)))) do
    out[#out + 1] = ('<text x="%d" y="%d">%s</text>'):format(x, y + h + k * LINE, html.text(line))
  end
  return table.concat(out, "\n")
end

-- The sheet; op and argument: of whom a message tells.
local function draw(op, argument, set, opt)
  local o = check.options(op, opt, {
    count = option.integer {default = 24, lo = 1, hi = 1000}, columns = option.integer {default = 6, lo = 1, hi = 100},
    side = option.integer {default = 160, lo = 16, hi = 1024},
  })
  if type(set) ~= "table" or not set.n or not check.callable(set.image) then
    return check.expected(op, argument, "set", "a data set", set)
  end
  local n, masks, out = math.min(o.count, set.n), set.mask and palette(), {}
  local below = (set.labels or set.attributes or set.captions) and ROWS * LINE or 0
  local height = math.floor(o.side * set.height / math.max(set.height, set.width) + 0.5)
  for k = 0, n - 1 do
    out[#out + 1] = tile(set, k * set.n // n + 1, GAP + k % o.columns * (o.side + GAP),
      GAP + k // o.columns * (height + below + GAP), o.side, masks)
  end
  local columns = math.min(n, o.columns)
  local w = GAP + columns * (o.side + GAP)
  local h = GAP + (n + o.columns - 1) // o.columns * (height + below + GAP)
  return ([[
<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">
<style>text { font: %dpx sans-serif; fill: #222 } text.box { fill: inherit; paint-order: stroke; stroke: #fff;
stroke-width: 2px } image { image-rendering: pixelated }</style>
<rect width="100%%" height="100%%" fill="#fff"/>
%s
</svg>
]]):format(w, h, w, h, FONT, table.concat(out, "\n"))
end

--- Draws some images of a set, spread over all of it, with what they have: boxes with their classes, masks over the
-- pixels (void is white), below them the label, the attributes that are 1, and the first caption.
-- @tparam Set set  of gan.data.set
-- @tparam[opt] table opt
-- @tparam[opt=24] integer opt.count  how many images
-- @tparam[opt=6] integer opt.columns  of them in a row
-- @tparam[opt=160] integer opt.side  pixels of an image's longer side
-- @treturn string  SVG
-- @raise if set is no set, or an option is unknown or out of range
function M.svg(set, opt) return draw("show.sheet.svg", 1, set, opt) end

local function save(op, path, set, opt)
  local ok, message = file.says(path, "svg", "sheets are written as SVG")
  if not ok then return nil, message end
  return file.write(path, draw(op, 2, set, opt))
end

--- Draws a sheet and writes it.
-- @tparam string path  of the file
-- @tparam Set set  as for `svg`
-- @tparam[opt] table opt  as for `svg`
-- @treturn boolean  true
-- @error if it cannot be written, or its name ends otherwise than in .svg
-- @raise as for `svg`
function M.save(path, set, opt) return save("show.sheet.save", path, set, opt) end

--- Draws images with a text beneath each, and writes the sheet.
-- @tparam string path  of the file
-- @tparam Tensor images  real (N,H,W,C) in [-1,1], or u8
-- @tparam[opt] table texts  list of N strings
-- @tparam[opt] table opt  as for `svg`, but `count`
-- @treturn boolean  true
-- @error if it cannot be written, or its name ends otherwise than in .svg
-- @raise if images are none, or an option is unknown or out of range
function M.written(path, images, texts, opt)
  local op = "show.sheet.written"
  if not core.is_tensor(images) or core.dim(images) ~= 4 then
    return check.expected(op, 2, "images", "images (N,H,W,C)", images)
  end
  local all, n = {}, core.size(images, 1)
  for name, v in pairs(opt or {}) do all[name] = v end
  all.count, all.columns = n, all.columns or math.max(1, math.ceil(math.sqrt(n)))
  local of = data_set.new {
    images = core.dtype(images) == "u8" and images or core.image_quantise(images),
    captions = texts and function(_, i) return {texts[i]} end or nil,
  }
  return save(op, path, of, all)
end

return M
