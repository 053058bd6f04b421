package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/testserver"
)

// demoSystems are where the demo runs, with its --database.
var demoSystems = []struct {
	name, kind string
	url        func(testing.TB) string
}{
	{"sqlite", "sqlite", func(testing.TB) string { return "" }},
	{"postgres", "postgres", testserver.Postgres},
	{"pgbouncer", "postgres", testserver.PgBouncer},
}

// TestDemo runs the whole job everywhere: the finding must be the true line,
// and each fix must be seen in the statements.
func TestDemo(t *testing.T) {
	t.Parallel()
	for _, system := range demoSystems {
		t.Run(system.name, func(t *testing.T) {
			t.Parallel()
			url := system.url(t)
			demo, code := finishedDemo(t, "--once", "--json", "--rate", "200", "--for", "400ms", "--orders", "8000", "--database", url)
			if code != 0 {
				t.Fatalf("hone demo = %d, stderr %s", code, demo.errs.String())
			}
			out := demo.out.String()
			var r demoReport
			dec := json.NewDecoder(strings.NewReader(out))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&r); err != nil || dec.More() {
				t.Fatalf("stdout is not exactly the promised object: %v\n%s", err, out)
			}
			if r.Database != system.kind || len(r.Findings) == 0 {
				t.Fatalf("report = %+v, want %s with findings", r, system.kind)
			}
			checkStages(t, r)
			checkTransfer(t, r)
			checkAbuse(t, r)
			checkFinding(t, system.kind, r)
			checkNothingLeft(t, demo.dir, url)
		})
	}
}
