package dbpool

// Names for the external tests.
var (
	RecycleAfter = recycleAfter
	ParseConsole = parseConsole
	IsRDSProxy   = isRDSProxy
	Redact       = redact
)

// Table is an answer of PgBouncer's console.
type Table = table

// Texts returns how many texts w remembers.
func Texts(w *Watch) int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return len(w.mu.texts)
}
