package dbpool

// Names for the external tests.
var (
	RecycleAfter = recycleAfter
	ParseConsole = parseConsole
)
