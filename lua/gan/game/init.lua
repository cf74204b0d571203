--- gan.game: the game in memory: a loop of steps, replay, health, the ring; no disk, no console. Each is loaded on first use.
-- @module gan.game
return require("gan.check").room("gan.game", {})
