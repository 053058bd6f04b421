package page_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hone-go/hone/page"
)

func TestTotalForReaders(t *testing.T) {
	tests := []struct {
		total page.Total
		want  string
	}{
		{page.Total{}, "unknown"},
		{page.Exactly(0), "0"},
		{page.Exactly(999), "999"},
		{page.Exactly(9213), "9 213"},
		{page.Total{Rows: 10_000, Kind: page.AtLeast}, "10 000+"},
		{page.Total{Rows: 1_200_000, Kind: page.Estimated}, "about 1 200 000"},
	}
	for _, tt := range tests {
		if got := tt.total.String(); got != tt.want {
			t.Errorf("%+v.String() = %q, want %q", tt.total, got, tt.want)
		}
	}
}

func TestParseEstimateRefuses(t *testing.T) {
	for _, plan := range []string{
		``, `{}`, `[]`, `[{}]`, `[{"Plan":{}}]`, `[{"Plan":{"Plan Rows":-1}}]`, `[{"Plan":{"Plan Rows":1e300}}]`,
		`[{"Plan":{"Plan Rows":"many"}}]`, `[{"Plan":{"Plan Rows":1}},{"Plan":{"Plan Rows":2}}]`,
	} {
		if total, err := page.ParseEstimate([]byte(plan)); err == nil || !strings.HasPrefix(err.Error(), "page: plan") {
			t.Errorf("ParseEstimate(%s) = %v, %v, want an error", plan, total, err)
		}
	}
}

func TestEstimateOfPostgres(t *testing.T) {
	db := openPostgres(t)
	exec(t, db, "CREATE TABLE t AS SELECT n, n % 4 AS kind FROM generate_series(1, 20000) AS n")
	exec(t, db, "ANALYZE t")
	q := page.EstimateQuery("SELECT * FROM t WHERE kind = $1", 1)
	var plan []byte
	if err := db.QueryRowContext(context.Background(), q.SQL, q.Args...).Scan(&plan); err != nil {
		t.Fatal(err)
	}
	total, err := page.ParseEstimate(plan)
	if err != nil || total.Kind != page.Estimated || total.Rows < 4000 || total.Rows > 6000 {
		t.Errorf("ParseEstimate = %+v, %v, want about 5000 of 20000 rows", total, err)
	}
}
