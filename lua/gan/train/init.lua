--- gan.train: what a training script needs besides the game itself; each part is loaded on first use: gan.train.run, .checkpoint,
-- .features, .grid, .options, .sample.
-- @module gan.train
return require("gan.check").room("gan.train", {})
