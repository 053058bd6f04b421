package ledger

// A Verdict is what rate limits said of a request.
type Verdict struct {
	// Rule is the one that refused, or, if none did, one that is tried out and
	// would have. It is "" if every one admitted.
	Rule string
	// Refused says that Rule refused, rather than would have.
	Refused bool
	// Degraded says that a rule was decided while its store was away.
	Degraded bool
}

// AddVerdict adds what one rule said. The first that refuses is kept, before
// any that is tried out. What was admitted as usual need not be told: it
// changes nothing, and costs an allocation.
func (l *Ledger) AddVerdict(rule string, refused, dryRun, degraded bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.openLocked()
	if e == nil {
		return
	}
	v := &e.rarely().verdict
	v.Degraded = v.Degraded || degraded
	real := refused && !dryRun
	if real && !v.Refused || refused && v.Rule == "" {
		v.Rule, v.Refused = rule, real
	}
}

// Verdict returns what rate limits have said so far: the zero Verdict if they
// admitted the request as usual, or were not asked.
func (l *Ledger) Verdict() Verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.mu.entries; e != nil && e.rare != nil {
		return e.rare.verdict
	}
	return Verdict{}
}
