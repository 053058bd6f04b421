//go:build unix

package main

import (
	"strings"
	"testing"
)

// nextDemo runs another demo on the same database.
func nextDemo(t *testing.T, database string) (code int, lastError string) {
	t.Helper()
	demo, code := finishedDemo(t, "--once", "--json", "--rate", "20", "--for", "100ms", "--orders", "1000", "--database", database)
	return code, demo.lastError()
}

// TestDemoKilled leaves a demo's tables behind as SIGKILL does. The next demo
// must leave them alone while their owner may be alive, and drop them, and
// nothing else, once it cannot be.
func TestDemoKilled(t *testing.T) {
	t.Parallel()
	for _, system := range demoSystems {
		if system.name == "sqlite" { // its temporary files are the system's to clear away
			continue
		}
		t.Run(system.name, func(t *testing.T) {
			t.Parallel()
			url := system.url(t)
			conn := direct(t, url)
			first := startDemo(t, "--rate", "20", "--for", "1m", "--orders", "1000", "--database", url)
			first.await(t, "Each stage:") // after seeding

			// The lease is in the default schema or in the demo's own.
			var lease string
			err := conn.QueryRow(t.Context(), `SELECT oid::regclass FROM pg_class WHERE relname = 'hone_shop_lease'`).Scan(&lease)
			if err != nil {
				t.Fatal(err)
			}
			seen := func() (rows int) {
				t.Helper()
				if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM `+lease).Scan(&rows); err != nil {
					t.Fatalf("the tables of the first demo: %v", err)
				}
				return rows
			}
			beside := func(state string) {
				t.Helper()
				code, errs := nextDemo(t, url)
				if system.name == "postgres" {
					if code != 0 { // each has a schema of its own
						t.Errorf("a demo beside one %s = %d, %s, want 0", state, code, errs)
					}
				} else if code != 1 ||
					!strings.Contains(errs, "another demo on this database: wait until that ends") || strings.Count(errs, "\n") != 1 {
					t.Errorf("a demo beside one %s = %d, %s, want 1 and one line that says what to do", state, code, errs)
				}
				if seen() != 1 {
					t.Errorf("the lease of a demo %s is gone", state)
				}
			}
			beside("that runs")
			first.kill()
			beside("killed a moment ago")
			if _, err := conn.Exec(t.Context(), `UPDATE `+lease+` SET seen = seen - interval '1 minute'`); err != nil {
				t.Fatal(err)
			}
			if code, errs := nextDemo(t, url); code != 0 {
				t.Errorf("a demo after one killed a minute ago = %d, %s, want 0", code, errs)
			}
			checkNothingLeft(t, t.TempDir(), url)
		})
	}
}
