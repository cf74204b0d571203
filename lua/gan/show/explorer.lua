--- Writes a generator as a page: one file with its weights and its arithmetic inside, that draws in any browser.
--
-- Needs no server and no network: weights are 16-bit floats, the arithmetic is WebAssembly. What the page shows by a
-- seed differs from what the library draws by two levels of 255 at most.
-- @module gan.show.explorer
local check = require "gan.check"
local core = require "gan.core"
local html = require "gan.show.html"
local json = require "gan.file.json"
local module = require "gan.show.explorer.module"
local steps = require "gan.show.explorer.steps"
local text = require "gan.file.text"

local option = check.option

local M = {}

local OP = "show.explorer.page"
local SPEED = 15e6 -- multiplications that a page does in a millisecond

-- The folder of this file, where the page's parts lie.
local folder = debug.getinfo(1, "S").source:match "^@(.*)%.lua$"

-- A list of lists of numbers, each to 7 digits: what a float has.
local function rows_of(t)
  local rows = core.to_table(t)
  for _, row in ipairs(rows) do
    for i, v in ipairs(row) do row[i] = tonumber(("%.7g"):format(v)) end
  end
  return rows
end

local function describe(net, opt)
  local described, bytes = steps.of(net, opt.z)
  local names = opt.classes
  if described.classes and not (names and #names == described.classes) then
    return check.fail(OP, "option 'classes': the net sees %s, expected as many names, got %s",
      check.count(described.classes, "class"), names and #names or "none")
  end
  local d = opt.directions
  if d and core.size(d, 2) ~= opt.z then
    return check.fail(OP, "option 'directions': expected (K,%d), got %s", opt.z, check.found(d))
  end
  described.format, described.version, described.z = "gan-explorer", 1, opt.z
  described.classes = described.classes and names or nil
  described.name, described.run, described.step, described.trunc = opt.name, opt.run, opt.step, opt.trunc
  described.directions = d and rows_of(d) or json.list
  described.labels = opt.labels and #opt.labels > 0 and opt.labels or json.list
  described.steps = #described.steps > 0 and described.steps or json.list
  return described, bytes
end

local function part(name)
  local bytes, why = text.read(folder .. "/" .. name)
  return bytes or error(why, 0)
end

--- Makes the page of a generator. The net is to be in evaluation mode, with the weights that are to be shown.
-- @function gan.show.explorer.page
-- @tparam Module net  z (N,Z) -> images (N,H,W,C): of gan.model.mlp, dcgan, sndcgan, sngan_resnet or r3gan, or a chain
--   of their layers
-- @tparam table opt
-- @tparam integer opt.z  Z
-- @tparam[opt] table opt.classes  names, of a conditional net
-- @tparam[opt] Tensor opt.directions  (K,Z) of length 1: a slider for each
-- @tparam[opt] table opt.labels  what stands beside the sliders: K texts
-- @tparam[opt] number opt.trunc  that seeds are drawn with
-- @tparam[opt="a generator"] string opt.name  shown on top
-- @tparam[opt] string opt.run  of which the page tells how the library draws the same
-- @tparam[opt] integer opt.step  shown beside the name
-- @tparam[opt=20] number opt.limit  megabytes that the page may have
-- @treturn string  HTML
-- @treturn table  `macs`: multiplications for a picture; `ms`: milliseconds that they take a page, roughly; `bytes`
-- @raise if the net has a layer that the page does not know, which is named, or the page would be too large, or an
--   option is unknown
function M.page(net, opt)
  opt = check.options(OP, opt, {
    z = option.integer {required = true, lo = 1}, classes = option.table {}, directions = option.tensor {dim = 2},
    labels = option.table {}, trunc = option.number {lo = 0.01}, name = option.string {default = "a generator"},
    run = option.string {}, step = option.integer {lo = 0}, limit = option.number {default = 20, lo = 0},
  })
  local numbers = net:count()
  local expected = numbers * 2 * 4 / 3 / 1e6 -- two bytes each, as base64
  local function too_large(mb)
    return check.fail(OP, "the page would have %.3g MB, more than %g: the generator has %.3g million weights. "
      .. "A larger limit lets it pass, a generator of fewer channels (--ngf) makes a smaller page", mb, opt.limit,
      numbers / 1e6)
  end
  if expected > opt.limit then return too_large(expected) end
  local described, bytes = describe(net, opt)
  local parts = {
    NET = html.json(json.encode(described)), WASM = module.base64, WEIGHTS = html.base64(bytes),
    ENGINE = part "engine.js", PAGE = part "page.js",
  }
  local page = part("page.html"):gsub("/%*(%u+)%*/", parts)
  if #page > opt.limit * 1e6 then return too_large(#page / 1e6) end
  return page, {macs = described.macs, ms = described.macs / SPEED, bytes = #page}
end

return M
