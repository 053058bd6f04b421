package testserver_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/testserver"
)

func TestEventually(t *testing.T) {
	tests := []struct {
		after, took time.Duration
		how         string
	}{
		{0, 0, ""},
		{time.Second, time.Second, ""},
		{time.Hour, 30*time.Second + 2*time.Millisecond, "failed: not within 30s: it holds"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			v := &verdict{TB: t}
			begin := time.Now()
			func() {
				defer func() { _ = recover() }() // of verdict's panic
				testserver.Eventually(v, "it holds", func() bool { return time.Since(begin) >= tt.after })
			}()
			if took := time.Since(begin); v.how != tt.how || took != tt.took {
				t.Errorf("Eventually of what holds after %v: %q after %v, want %q after %v", tt.after, v.how, took, tt.how, tt.took)
			}
		})
	}
}
