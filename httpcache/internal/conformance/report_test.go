package conformance_test

import (
	"strings"
	"testing"

	"github.com/hone-go/hone/httpcache/internal/conformance"
)

var results = []conformance.Result{
	{Suite: "age", ID: "age-a", Kind: conformance.Required, Verdict: conformance.Pass},
	{Suite: "age", ID: "age-b", Name: "B must", Kind: conformance.Required, Verdict: "⛔️", Detail: "did not"},
	{Suite: "vary", ID: "vary-a", Kind: conformance.Optimal, Verdict: conformance.Pass},
	{Suite: "vary", ID: "vary-b", Kind: conformance.Check, Verdict: conformance.No},
	{Suite: "vary", ID: "vary-c", Kind: conformance.Check, Verdict: conformance.Yes},
	{Suite: "vary", ID: "vary-d", Name: "D should", Kind: conformance.Optimal, Verdict: "⚪️", Detail: ""},
}

func TestReport(t *testing.T) {
	const want = `
        required  optimal  check
   age       1/2      0/0    0/0
  vary       0/0      1/2    1/2
   all       1/2      1/2    1/2
⛔️ required age-b
   B must
   did not
⚪️ optimal vary-d
   D should
   
`
	var b strings.Builder
	if err := conformance.Report(&b, results); err != nil {
		t.Fatal(err)
	}
	if got := "\n" + b.String(); got != want {
		t.Errorf("Report =%s\nwant %s", got, want)
	}
}

func TestCount(t *testing.T) {
	for kind, want := range map[conformance.Kind][2]int{
		conformance.Required: {1, 2}, conformance.Optimal: {1, 2}, conformance.Check: {1, 2}, "other": {0, 0},
	} {
		if passed, all := conformance.Count(results, kind); passed != want[0] || all != want[1] {
			t.Errorf("Count(%s) = %d, %d, want %d, %d", kind, passed, all, want[0], want[1])
		}
	}
}
