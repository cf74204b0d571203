--- Metrics: what a generator is worth, each number with the protocol that it was measured by.
--
-- A metric is made from what is real, is given what is fake batch by batch, and says a number and a table:
--   local fid = gan.metric.fid {real = moments}
--   fid:add(features)               -- or add(features, logits): what a feature network gives for a batch
--   local value, protocol = fid:value()
-- The table has metric (its name), value, n_real, n_fake, dim where they apply, deviation where there is one, and every option that the
-- number depends on. Feature sets are `sample` (keeps the rows) or, where means and covariances do, `moments`. Metrics that want the
-- same rows share one set: give each `fake = s` and add to s alone. Wrong input raises; a value is always a finite number.
-- @module gan.metric
local check = require "gan.check"

local files = {
  "moments", "sample", "fid", "kid", "inception_score", "precision_recall", "density_coverage", "nearest",
  "diversity", "ppl", "accuracy",
}

return check.room("gan.metric", {}, files)
