package sqltrace

import (
	"database/sql"
	"database/sql/driver"
)

// sample is what [Config.Sample] is told at the end of a statement.
type sample struct {
	sql  string
	args []any
}

// namedArgs returns the arguments as a caller of database/sql would give them.
func namedArgs(args []driver.NamedValue) []any {
	values := make([]any, len(args))
	for i, a := range args {
		values[i] = a.Value
		if a.Name != "" {
			values[i] = sql.Named(a.Name, a.Value)
		}
	}
	return values
}
