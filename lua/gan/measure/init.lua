--- gan.measure: what generators are measured by: feature networks, evaluation and its protocol. Each is loaded on first use.
-- @module gan.measure
return require("gan.check").room("gan.measure", {})
