package shop_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
)

// account fetches a path inside a ledger and returns what it asked of the
// database.
func (f *fixture) account(t *testing.T, target string) ledger.SQL {
	t.Helper()
	var l ledger.Ledger
	l.Open(t.Context(), time.Now())
	w := f.do(&l, "GET", target, "")
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s = %d %s", target, w.Code, w.Body)
	}
	return l.End(time.Now(), ledger.Summary{Route: "GET /api/orders", Method: "GET", Status: w.Code})
}

func TestStatementsPerOrderList(t *testing.T) {
	eachSystem(t, asFound, func(t *testing.T, f *fixture) {
		for _, version := range []struct {
			name               string
			full, ten, nothing int
		}{
			{"as found", 51, 11, 1},
			{"tuned", 2, 2, 1},
		} {
			if version.name == "tuned" {
				if err := f.Tune("GET /api/orders"); err != nil {
					t.Fatal(err)
				}
			}
			for target, want := range map[string]int{
				"/api/orders":           version.full,
				"/api/orders?before=11": version.ten,
				"/api/orders?before=1":  version.nothing,
			} {
				if got := f.account(t, target).Statements; got != want {
					t.Errorf("GET %s %s = %d statements, want %d", target, version.name, got, want)
				}
			}
		}
	})
}

// The mistake of the order list is found, at its line, and gone once tuned.
func TestOrderListIsFound(t *testing.T) {
	source, err := os.ReadFile("found/orders.go")
	if err != nil {
		t.Fatal(err)
	}
	above, _, _ := strings.Cut(string(source), "o.db.QueryRowContext(r.Context(), `SELECT name, city")
	where := fmt.Sprintf("examples/shop/found/orders.go:%d", 1+strings.Count(above, "\n"))
	eachSystem(t, asFound, func(t *testing.T, f *fixture) {
		f.account(t, "/api/orders")
		findings := f.trace.Findings()
		if len(findings) != 1 {
			t.Fatalf("Findings() = %+v, want one", findings)
		}
		if got := findings[0]; got.Rule != sqltrace.RuleNPlusOne || got.Where != where || got.MaxPerRequest != 50 {
			t.Errorf("finding = %+v, want n+1 at %s, 50 times", got, where)
		}
		f.trace.Reset()
		if err := f.Tune("GET /api/orders"); err != nil {
			t.Fatal(err)
		}
		f.account(t, "/api/orders")
		if findings := f.trace.Findings(); len(findings) != 0 {
			t.Errorf("Findings() when tuned = %+v, want none", findings)
		}
	})
}

// Seeding is not traffic: the trace does not see it.
func TestSeedIsNotTraced(t *testing.T) {
	eachSystem(t, asFound, func(t *testing.T, f *fixture) {
		if seeded, err := f.db.Seeded(context.WithoutCancel(t.Context())); err != nil || !seeded {
			t.Fatalf("Seeded() = %t, %v", seeded, err)
		}
		if got := f.trace.Statements(); len(got) != 0 {
			t.Errorf("Statements() = %+v, want none", got)
		}
	})
}
