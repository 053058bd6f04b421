package limitstest

import (
	"crypto/rand"
	"encoding/hex"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// NewScope returns a scope that nothing else has.
func NewScope() string {
	id := newID()
	return "limitstest-" + hex.EncodeToString(id[:8])
}

func newID() (id ratelimit.ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// RunProcesses has four processes of 100 goroutines take from a bucket of five,
// and from two buckets of which one has five, by each strategy: exactly five
// are admitted. Nothing lapses meanwhile.
func RunProcesses(t *testing.T, url string) {
	for s := range ratelimit.Concurrency + 1 {
		few := ratelimit.Charge{
			Limit: ratelimit.Limit{Strategy: s, Amount: 5, Period: 24 * time.Hour}, Scope: NewScope(), Key: "few", Cost: 1,
		}
		more := few
		more.Limit.Amount, more.Key = 8, "more"
		for name, charges := range map[string][]ratelimit.Charge{
			"one": {few},
			"two": {{Limit: few.Limit, Scope: NewScope(), Key: "few", Cost: 1}, more},
		} {
			t.Run(s.String()+"/"+name, func(t *testing.T) {
				admitted := Admitted(t, 4, Work{URL: url, Goroutines: 100, Charges: charges})
				// Whoever is the first to hold more goes on to few.
				if admitted != 5 {
					t.Errorf("4 processes with 100 calls each took %d, want 5", admitted)
				}
			})
		}
	}
}
