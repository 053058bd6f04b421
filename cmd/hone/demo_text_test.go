package main

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestDemoText reads what people read: the way to the database, the rows of
// each stage, and what the pool did.
func TestDemoText(t *testing.T) {
	t.Parallel()
	opening := map[string]string{
		"sqlite":    "over SQLite, embedded,\n",
		"postgres":  "over PostgreSQL, directly,\n",
		"pgbouncer": `over PostgreSQL through PgBouncer \d+\.\d+\.\d+ in transaction mode,\n`,
	}
	for _, system := range demoSystems {
		t.Run(system.name, func(t *testing.T) {
			t.Parallel()
			url := system.url(t)
			demo, code := finishedDemo(t, "--once", "--rate", "100", "--for", "600ms", "--orders", "8000", "--database", url)
			if code != 0 {
				t.Fatalf("hone demo = %d, stderr %s", code, demo.errs.String())
			}
			out := demo.out.String()
			if !regexp.MustCompile(opening[system.name]).MatchString(out) {
				t.Errorf("output does not say %q:\n%s", opening[system.name], out)
			}
			if want := regexp.MustCompile(`n\+1: GET /api/orders sends one statement 50 times per request\n` +
				`   at \S+orders\.go:\d+\n   (possible|likely|certain); .* fix saves [0-9.]+ ms\n`); !want.MatchString(out) {
				t.Errorf("output does not say how sure the n+1 is and what its fix saves:\n%s", out)
			}
			rows := func(change string) (before, after float64) { return compared(t, out, change, "rows per request") }
			if before, after := rows("eager loading"); before != 100 || after < 99 || after > 100 {
				t.Errorf("rows of the order list = %g, then %g; want 100, then one less where two orders share a customer", before, after)
			}
			if before, after := rows("index"); before != after || before < 3 {
				t.Errorf("rows of the summary = %g, then %g; want the same", before, after)
			}
			if before, after := rows("pages"); before != 1000 || after < 51 || after > 52 {
				t.Errorf("rows of the catalog = %g, then %g; want all 1000, then a page and its count", before, after)
			}
			// The load takes longer than the lifetime that the pool has as found.
			if before, _ := compared(t, out, "pool", "database connections opened"); system.kind == "postgres" && before < 1 {
				t.Errorf("connections opened before the pool stage = %g, want at least 1", before)
			}
			compared(t, out, "pool", "waits for a database connection")
			compared(t, out, "pool", "ms of waiting per request")
			checkCached(t, out)
			checkHeld(t, out)
			checkNothingLeft(t, demo.dir, url)
		})
	}
}

// checkCached wants both cached routes answered without a statement, and what
// the cache was asked.
func checkCached(t *testing.T, out string) {
	t.Helper()
	for _, route := range []string{"GET /api/catalog", "GET /api/products/{id}/summary"} {
		for label, want := range map[string]float64{
			"statements per request": 0, "cache hits per request": 1, "cache misses per request": 0, "loads per request": 0,
		} {
			if _, after := compared(t, out, "cache: "+route, label); after != want {
				t.Errorf("%s of %s in the stage cache = %g, want %g", label, route, after, want)
			}
		}
		if before, _ := compared(t, out, "cache: "+route, "statements per request"); before < 2 {
			t.Errorf("statements per request of %s before the cache = %g, want at least 2", route, before)
		}
	}
}

// checkHeld wants to be told that the abusive client was held.
func checkHeld(t *testing.T, out string) {
	t.Helper()
	if before, after := compared(t, out, "rate limit", "of which were looked at"); before != 7 || after != 5 {
		t.Errorf("passwords looked at = %g, then %g; want 7, then 5", before, after)
	}
	if before, after := compared(t, out, "rate limit", "refused"); before != 0 || after != 2 {
		t.Errorf("guesses refused = %g, then %g; want none, then 2", before, after)
	}
}

// compared returns the figures of a line in the comparison of a change.
func compared(t *testing.T, out, change, label string) (before, after float64) {
	t.Helper()
	_, out, _ = strings.Cut(out, "\nBefore and after\n")
	_, out, _ = strings.Cut(out, "\n   "+change)
	out, _, _ = strings.Cut(out, "\n\n")
	line := regexp.MustCompile(label + ` +([0-9.]+) +([0-9.]+)`).FindStringSubmatch(out)
	if line == nil {
		t.Fatalf("the comparison of %s has no line %q:\n%s", change, label, out)
	}
	before, err1 := strconv.ParseFloat(line[1], 64)
	after, err2 := strconv.ParseFloat(line[2], 64)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return before, after
}
