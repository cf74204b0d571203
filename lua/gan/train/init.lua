--- gan.train: a run on disk and on a command line; each part is loaded on first use.
-- @module gan.train
return require("gan.check").room("gan.train", {})
