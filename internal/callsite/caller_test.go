package callsite_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/hone-go/hone/internal/callsite"
)

func TestCaller(t *testing.T) {
	f := callsite.NewFinder(nil)
	_, _, line, _ := runtime.Caller(0)
	var through string
	slices.SortFunc([]int{1, 2}, func(a, b int) int { through = f.Caller(); return a - b })
	if want := fmt.Sprintf("internal/callsite/caller_test.go:%d", line+2); through != want {
		t.Errorf("Caller() = %q, want %q", through, want)
	}
	got := make(chan string)
	go fmt.Fprint(writer(func() { got <- callsite.NewFinder([]string{"example.com/none"}).Caller() }), "x")
	if got, want := <-got, "internal/callsite/caller_test.go:"; len(got) <= len(want) || got[:len(want)] != want {
		t.Errorf("Caller() of an unknown application = %q, want this file", got)
	}
}

// writer calls itself for each write.
type writer func()

func (w writer) Write(p []byte) (int, error) { w(); return len(p), nil }
