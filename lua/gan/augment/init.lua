--- Augmentations of what D sees: functions f(x, rng) -> x of images (N,H,W,C) in [-1,1], of the same shape, and
-- differentiable. They make few pictures go further, and a GAN learns the pictures as they were, as long as some of
-- them stay as they are.
--
--     local augment = gan.augment.compose {
--       gan.augment.xflip(0.5), gan.augment.translate(0.5), gan.augment.hue(0.25),
--       function(x) return x * 0.9 end,
--     }
--     augment.p = 0.8         -- a factor on the probability of each of them; 0 leaves the images untouched
--     local seen = augment(x, gan.rng(1, "augment"))
--
-- A transform is made with the probability that a picture gets it. Each picture draws its own numbers, which depend on
-- the stream and on its place in the batch, not on its neighbours, on `p` or on what they are used for. A call draws as
-- many for each picture, but none where no transform can be taken (p = 0): it returns the very tensor then. Neighbours
-- of one kind are put together: geometric transforms are one resampling, those of colour one matrix a picture.
--
-- A p that follows D is `ada`'s, around a pipeline. `apa` shows D some of G's images as real ones.
--
-- Images come before packs are made: transforms of colour take 1 or 3 channels. Source of all but `diffaug`: Karras et
-- al. 2020, arXiv:2006.06676, appendix B.
-- @module gan.augment
local check = require "gan.check"

local files = {"noise", "cutout", "compose", "preset", "diffaug", "ada", "apa"}

local M = {}

for name, f in pairs(require "gan.augment.geometry") do M[name] = f end
for name, f in pairs(require "gan.augment.colour") do M[name] = f end
for name, f in pairs(require "gan.augment.band") do M[name] = f end

return check.room("gan.augment", M, files)
