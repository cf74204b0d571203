--- Metrics: what a generator is worth, each number with the protocol that it was measured by.
--
--     local fid = gan.metric.fid {real = moments}
--     fid:add(features)               -- or add(features, logits): what a feature network gives for a batch
--     local value, protocol = fid:value()
--
-- Give a metric the real set once, then the fakes batch by batch. The protocol has metric (its name), value, n_real,
-- n_fake, dim where they apply, deviation where there is one, and every option that the number depends on. Feature sets
-- are gan.metric.rows (keeps the rows) or, where means and covariances do, gan.metric.moments. Metrics that want the
-- same rows share one set: give each `fake = s` and add to s alone. Wrong input raises; a value is always a finite
-- number.
-- @module gan.metric
local check = require "gan.check"

local files = {
  "moments", "rows", "fid", "kid", "inception_score", "precision_recall", "density_coverage", "memorised", "nearest",
  "diversity", "ppl", "accuracy", "modes", "segmentation",
}

return check.room("gan.metric", {}, files)
