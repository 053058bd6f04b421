package sqltrace

// Rule names a kind of mistake.
type Rule = string

// The rules. A repeated statement breaks at most one of the first seven: a
// retry after a failure breaks none, and neither does a fixed set of look-ups.
const (
	// RuleNPlusOne: one place sends the same look-up again and again within a
	// request, each time for another key.
	RuleNPlusOne Rule = "n+1"
	// RuleDuplicate: one place asks the same question again and again, with the
	// same arguments, and nothing is written in between.
	RuleDuplicate Rule = "duplicate"
	// RuleWriteLoop: one place inserts, updates or deletes row by row.
	RuleWriteLoop Rule = "write loop"
	// RuleWalk: a function that calls itself sends a look-up at each level, or
	// each look-up asks for what the row before it names.
	RuleWalk Rule = "recursive walk"
	// RulePoll: one place asks the same question at regular intervals.
	RulePoll Rule = "poll"
	// RuleExportLoop: one request reads page after page.
	RuleExportLoop Rule = "export loop"
	// RuleSmallChunks: one place asks for many keys at a time, but few of them.
	RuleSmallChunks Rule = "small chunks"

	// RuleSlow: the 95th percentile of a statement's durations is above
	// [Config.SlowStatement].
	RuleSlow Rule = "slow statement"
	// RuleWholeTable: a SELECT returned more than [Config.MaxRows] rows, or 100
	// and more than the response can show: it has less than two bytes for each.
	// The latter is not said of a request that writes to the database or calls
	// another service, where the rows may have gone.
	RuleWholeTable Rule = "whole table"
	// RuleLostContext: a handler sent a statement without its request's
	// context, or after its end.
	RuleLostContext Rule = "lost context"
	// RuleRowsOpen: rows were still open when the request ended.
	RuleRowsOpen Rule = "rows left open"
	// RuleNested: statements are sent while the rows of another are being
	// read, so that the request holds two connections.
	RuleNested Rule = "nested query"
	// RuleHeld: a call to another service is made inside a transaction, as far
	// as package measure's spans tell.
	RuleHeld Rule = "call in transaction"
)

var rules = [...]Rule{
	RuleNPlusOne, RuleDuplicate, RuleWriteLoop, RuleWalk, RulePoll, RuleExportLoop, RuleSmallChunks,
	RuleSlow, RuleWholeTable, RuleLostContext, RuleRowsOpen, RuleNested, RuleHeld,
}

// Class tells the forms of one rule apart.
type Class string

// The classes of an N+1; other findings have none.
const (
	ClassSequential Class = "sequential" // one after the other
	ClassConcurrent Class = "concurrent" // by several goroutines at once
	ClassGroup      Class = "m·n+1"      // several statements in each round, one after the other
)

// Confidence says how sure a finding is.
type Confidence string

// The confidences.
const (
	// Certain: it was seen as such or, for an N+1, its count grew one to one
	// with the rows of the statement that it loops over, in 8 requests or more.
	Certain Confidence = "certain"
	// Likely: there is a statement just before it with as many rows.
	Likely Confidence = "likely"
	// Possible: only the repetition speaks for it.
	Possible Confidence = "possible"
)

// weight is the share of the gain that a ranking counts.
func (c Confidence) weight() float64 {
	switch c {
	case Certain:
		return 1
	case Likely:
		return 0.7
	}
	return 0.4
}
