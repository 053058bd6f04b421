package cachetest

import (
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
)

// Failures runs the suite on stores that open returns, and returns the names of
// the cases that failed, with what they said.
func Failures(t *testing.T, open func() cache.Store) map[string][]string {
	failures := make(map[string][]string)
	for _, c := range cases() {
		if said := Failure(t, c.name, open()); said != nil {
			failures[c.name] = said
		}
	}
	return failures
}

// Failure runs one case, and returns what it said when it failed.
func Failure(t *testing.T, name string, store cache.Store) []string {
	for _, c := range cases() {
		if c.name != name {
			continue
		}
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer r.clean()
			s := newSuite(r, store)
			s.patience = 3 * time.Second // much of it is waited in vain
			c.run(s)
		}()
		<-done
		_ = store.Close()
		return r.said()
	}
	t.Fatalf("the suite has no case %q", name)
	return nil
}

// Disagreement compares two stores by a list of operations, and returns it as
// short as it could be made.
func Disagreement(t *testing.T, cfg AgreementConfig, a, b func(t *testing.T) cache.Store) (why string, operations int) {
	ops := newOperations(cfg.withDefaults())
	if why = disagreement(t, ops, a, b); why != "" {
		ops = shrink(ops, func(ops []operation) bool { return disagreement(t, ops, a, b) != "" })
	}
	return why, len(ops)
}
