--- map_concat: a map of classes, or other images, before the channels of an image.
-- @module gan.nn.map_concat
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local maps = require "gan.nn.maps"
local module = require "gan.nn.module"

local concat = module.class "nn.map_concat"

--- Makes a layer that puts a map before the channels of an image: one channel each class, with 1 where the map has it.
-- Called (x, y), y being the map, of any size, u8 or i32 (N,Hm,Wm), each 0..Y-1; or what the channels are to be, real
-- (N,H,W,Y). In u8 255 is void: no channel has it.
-- Source: as the condition of Isola et al. 2017, arXiv:1611.07004.
-- @function gan.nn.map_concat
-- @tparam table opt
-- @tparam integer opt.1  Y, classes or channels
-- @treturn Module  (N,H,W,C), map -> (N,H,W,Y+C)
-- @raise if an option is unknown or out of range
function concat:init(opt) self.classes = check.options(self.label, opt, {}, {"Y"})[1] end

function concat:forward(x, y)
  self:check_input(x, 4)
  return ops.cat({maps.at_size(self, y, self.classes, core.shape(x)), x}, 4)
end

function concat:shape(s)
  self:check_shape(s, 4)
  return {s[1], s[2], s[3] + self.classes}
end

function concat:describe() return ("map_concat, %s"):format(check.count(self.classes, "channel")) end

return {map_concat = concat}
