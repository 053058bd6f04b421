package ratelimittest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/hone-go/hone/ratelimit"
)

// Failures runs the suite on stores that open returns, and returns the names of
// the cases that failed, with what they said.
func Failures(t *testing.T, open func() ratelimit.Store) map[string][]string {
	failures := make(map[string][]string)
	for _, c := range cases() {
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.run(newSuite(r, open()))
		}()
		<-done
		if r.said != nil {
			failures[c.name] = r.said
		}
	}
	return failures
}

// A recorder is a [testing.TB] whose failures are wanted.
type recorder struct {
	testing.TB
	mu   sync.Mutex
	said []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
