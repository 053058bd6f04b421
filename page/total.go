package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// A Total is what is known of how many rows a list has. The zero value knows
// nothing.
type Total struct {
	Rows int64
	Kind TotalKind
}

// TotalKind says how a total is to be read.
type TotalKind string

// The kinds.
const (
	Unknown   TotalKind = ""
	Exact     TotalKind = "exact"
	AtLeast   TotalKind = "at_least"
	Estimated TotalKind = "estimated"
)

// Exactly returns the total of a list whose rows were counted.
func Exactly(rows int64) Total { return Total{Rows: rows, Kind: Exact} }

// EstimateQuery returns the statement that has PostgreSQL estimate the rows of
// base from its statistics; what it gives goes to [ParseEstimate]. It reads no
// rows. Only an estimate for a whole table or a simple filter is of use.
func EstimateQuery(base string, args ...any) Query {
	return Query{SQL: "EXPLAIN (FORMAT JSON) " + base, Args: args}
}

// ParseEstimate returns the total in the plan that [EstimateQuery]'s statement
// gave.
func ParseEstimate(plan []byte) (Total, error) {
	var parsed []struct {
		Plan struct {
			Rows *float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal(plan, &parsed); err != nil {
		return Total{}, fmt.Errorf("page: plan: %w", err)
	}
	if len(parsed) != 1 || parsed[0].Plan.Rows == nil {
		return Total{}, errors.New("page: plan has no row estimate, want that of EXPLAIN (FORMAT JSON) for one statement")
	}
	rows := *parsed[0].Plan.Rows
	if rows < 0 || rows >= math.MaxInt64 {
		return Total{}, fmt.Errorf("page: plan estimates %g rows", rows)
	}
	return Total{Rows: int64(rows), Kind: Estimated}, nil
}

// String returns the total for a reader: "9 213", "10 000+", "about 1 200 000"
// or "unknown".
func (t Total) String() string {
	switch t.Kind {
	case Exact:
		return grouped(t.Rows)
	case AtLeast:
		return grouped(t.Rows) + "+"
	case Estimated:
		return "about " + grouped(t.Rows)
	}
	return "unknown"
}

// grouped writes n ≥ 0 with a space between thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}
