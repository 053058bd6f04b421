package testserver

import (
	"testing"
	"time"
)

// patience is how long a state is waited for. Longer than a busy machine takes
// to start or to find a server; shorter than a test's own timeout.
const patience = 30 * time.Second

// Poll asks every other millisecond whether a condition holds, and reports
// whether it came to hold within 30 seconds. It is for what a real server does
// and nothing signals.
func Poll(holds func() bool) bool {
	ask := time.NewTicker(2 * time.Millisecond)
	defer ask.Stop()
	for end := time.Now().Add(patience); !holds(); <-ask.C {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// Eventually is [Poll], and ends the test if the condition does not come to
// hold. It is called from the test's own goroutine.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	if !Poll(holds) {
		t.Fatalf("not within %v: %s", patience, what)
	}
}
