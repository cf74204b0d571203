--- Looks at a set as a whole: counts, sizes, ranges, and images that are there twice.
-- @internal gan.data.inspect
local check = require "gan.check"
local core = require "gan.core"
local geometry = require "gan.data.geometry"

local M = {}

local LISTED = 20 -- classes, attributes, pairs
local VOID = 255

local function name_of(names, k) return check.shown(names and names[k + 1] or ("number %d"):format(k)) end

-- Least, median and largest of a list, formatted; it is sorted.
local function spread(list, fmt)
  table.sort(list, function(a, b) return a < b end)
  local median = list[(#list + 1) // 2]
  return ("%s to %s, median %s"):gsub("%%s", fmt):format(list[1], list[#list], median)
end

-- Adds lines "  name  count", those of a table number -> count, in the order of numbers; the rest is counted.
local function counts(lines, count, names, most)
  for k = 0, math.min(most, LISTED) - 1 do
    lines[#lines + 1] = ("  %-20s %d"):format(name_of(names, k), count[k] or 0)
  end
  if most > LISTED then lines[#lines + 1] = ("  and %d more"):format(most - LISTED) end
end

local function look_at_labels(set, lines)
  local count = {}
  for _, y in ipairs(core.to_table(set.labels)) do count[y] = (count[y] or 0) + 1 end
  lines[#lines + 1] = ("labels: %s"):format(check.count(#set.classes, "class"))
  counts(lines, count, set.classes, #set.classes)
end

local function look_at_attributes(set, lines)
  local a = core.size(set.attributes, 2)
  local sum, least, most = {}, math.huge, -math.huge
  for _, row in ipairs(core.to_table(set.attributes)) do
    for k, v in ipairs(row) do
      sum[k], least, most = (sum[k] or 0) + v, math.min(least, v), math.max(most, v)
    end
  end
  lines[#lines + 1] = ("attributes: %d, from %.4g to %.4g; their means:"):format(a, least, most)
  for k = 1, math.min(a, LISTED) do
    lines[#lines + 1] = ("  %-20s %.4f"):format(name_of(set.attribute_names, k - 1), sum[k] / set.n)
  end
  if a > LISTED then lines[#lines + 1] = ("  and %d more"):format(a - LISTED) end
end

local function look_at_boxes(set, lines)
  local count, each, sides, most = {}, {}, {}, #(set.box_classes or {})
  for i = 1, set.n do
    local boxes = set:boxes(i)
    each[i] = #boxes
    for _, b in ipairs(boxes) do
      count[b.class], most = (count[b.class] or 0) + 1, math.max(most, b.class + 1)
      sides[#sides + 1] = math.sqrt(geometry.area(b))
    end
  end
  lines[#lines + 1] = ("boxes: %d; of an image %s%s"):format(#sides, spread(each, "%%d"),
    sides[1] and "; root of the area " .. spread(sides, "%%.1f") .. " pixels" or "")
  counts(lines, count, set.box_classes, most)
end

local function look_at_masks(set, lines)
  local count, each, all = {}, {}, set.n * set.height * set.width
  for i = 1, set.n do
    local here, objects = {}, 0
    for _, v in ipairs(core.to_table(core.to(core.reshape(set:mask(i), {set.height * set.width}), "i32"))) do
      here[v] = (here[v] or 0) + 1
    end
    for v, n in pairs(here) do
      count[v] = (count[v] or 0) + n
      if v > 0 and v < VOID then objects = objects + 1 end
    end
    each[i] = objects
  end
  local void = ("void %.1f %%"):format(100 * (count[VOID] or 0) / all)
  if set.mask_kind == "instance" then
    lines[#lines + 1] = ("masks of objects: of an image %s; ground %.1f %% of all pixels, %s"):format(
      spread(each, "%%d"), 100 * (count[0] or 0) / all, void)
    return
  end
  lines[#lines + 1] = ("masks of classes: numbers beside 0 in an image %s; %s; of all pixels, in %%:"):format(
    spread(each, "%%d"), void)
  local names, shown = set.mask_classes, 0
  for v = 0, VOID - 1 do
    if count[v] and shown < LISTED then
      lines[#lines + 1], shown = ("  %-20s %.2f"):format(name_of(names, v), 100 * count[v] / all), shown + 1
    end
  end
end

local function look_at_captions(set, lines)
  local each, words, seen, different, longest = {}, {}, {}, 0, 0
  for i = 1, set.n do
    local list = set:captions(i)
    each[i] = #list
    for _, caption in ipairs(list) do
      local n = 0
      for _ in caption:gmatch "%S+" do n = n + 1 end
      words[#words + 1], longest = n, math.max(longest, #caption)
      if not seen[caption] then seen[caption], different = true, different + 1 end
    end
  end
  lines[#lines + 1] = ("captions: %d, %d of them different; of an image %s%s; at most %d bytes"):format(#words,
    different, spread(each, "%%d"), words[1] and "; words " .. spread(words, "%%d") or "", longest)
end

local function look_at_pixels(set, lines)
  local least, most, sum = 255, 0, 0
  for i = 1, set.n do
    local image = core.to(set:image(i), "real")
    local flat = core.reshape(image, {core.numel(image)})
    least = math.min(least, core.item(core.min(flat)))
    most = math.max(most, core.item(core.max(flat)))
    sum = sum + core.item(core.mean(flat))
  end
  lines[#lines + 1] = ("pixels: %d to %d, mean %.1f"):format(math.floor(least), math.floor(most), sum / set.n)
end

-- Images that are byte for byte the same.
local function look_for_twins(set, lines)
  local by, twins, n = {}, {}, 0
  for i, crc in ipairs(core.to_table(set:checksums())) do
    local first = by[crc]
    if first and core.to_bytes(set:image(first)) == core.to_bytes(set:image(i)) then
      n = n + 1
      if n <= LISTED then twins[#twins + 1] = ("  %d is %d"):format(i, first) end
    elseif not first then by[crc] = i end
  end
  lines[#lines + 1] = n == 0 and "no image is there twice" or
    ("%s there twice, counted from 1:"):format(n == 1 and "1 image is" or n .. " images are")
  for _, line in ipairs(twins) do lines[#lines + 1] = line end
  if n > LISTED then lines[#lines + 1] = ("  and %d more"):format(n - LISTED) end
end

--- Returns what can be said of a set, a line a thing; lines that begin with two blanks belong to the one before.
-- Cannot fail but as `rows` of the set does.
-- @tparam Set set  of gan.data.set, with one image at least
-- @treturn table  list of strings; the first is `set:describe()`, which has several lines
function M.lines(set)
  local lines = {set:describe()}
  look_at_pixels(set, lines)
  if set.labels and set.classes then look_at_labels(set, lines) end
  if set.attributes then look_at_attributes(set, lines) end
  if set.boxes then look_at_boxes(set, lines) end
  if set.mask then look_at_masks(set, lines) end
  if set.captions then look_at_captions(set, lines) end
  look_for_twins(set, lines)
  return lines
end

return M
