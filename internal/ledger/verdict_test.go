package ledger_test

import (
	"testing"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

func TestVerdictKeepsWhatRefused(t *testing.T) {
	type said struct {
		rule                      string
		refused, dryRun, degraded bool
	}
	tests := []struct {
		name string
		said []said
		want ledger.Verdict
	}{
		{name: "nothing"},
		{"admitted", []said{{rule: "a"}}, ledger.Verdict{}},
		{"the first refusal", []said{{"a", false, false, false}, {"b", true, false, false}, {"c", true, false, false}}, ledger.Verdict{Rule: "b", Refused: true}},
		{"tried out", []said{{"a", true, true, false}, {"b", true, true, false}}, ledger.Verdict{Rule: "a"}},
		{"tried out, then refused", []said{{"a", true, true, false}, {"b", true, false, false}, {"c", true, true, false}}, ledger.Verdict{Rule: "b", Refused: true}},
		{"degraded, then not", []said{{"a", false, false, true}, {"b", true, false, false}}, ledger.Verdict{Rule: "b", Refused: true, Degraded: true}},
	}
	for _, tt := range tests {
		var l ledger.Ledger
		l.Open(t.Context(), time.Now())
		for _, s := range tt.said {
			l.AddVerdict(s.rule, s.refused, s.dryRun, s.degraded)
		}
		if got := l.Verdict(); got != tt.want {
			t.Errorf("%s: Verdict() = %+v, want %+v", tt.name, got, tt.want)
		}
		l.End(time.Now(), ledger.Summary{})
		if l.AddVerdict("late", true, false, true); l.Verdict() != tt.want {
			t.Errorf("%s: Verdict() = %+v after the end, want %+v", tt.name, l.Verdict(), tt.want)
		}
	}
}
