package pgxtrace

import (
	"database/sql/driver"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// arguments takes off the options that may come before a statement's values.
// Named values are returned as such; the values for any other QueryRewriter are
// those given to it.
func arguments(args []any) (positional []any, named []driver.NamedValue) {
	for len(args) > 0 {
		switch a := args[0].(type) {
		case pgx.NamedArgs:
			return nil, namedValues(a)
		case pgx.StrictNamedArgs:
			return nil, namedValues(a)
		case pgx.QueryExecMode, pgx.QueryResultFormats, pgx.QueryResultFormatsByOID, pgx.QueryRewriter:
			args = args[1:]
		default:
			return args, nil
		}
	}
	return nil, nil
}

// namedValues returns a map's values by name, so that one that no placeholder
// asks for has the same position every time.
func namedValues(args map[string]any) []driver.NamedValue {
	values := make([]driver.NamedValue, 0, len(args))
	for name, v := range args {
		values = append(values, driver.NamedValue{Name: name, Value: v})
	}
	slices.SortFunc(values, func(a, b driver.NamedValue) int { return strings.Compare(a.Name, b.Name) })
	return values
}

// maxNames is how many prepared statements' names are remembered. Not larger:
// names beyond it are being generated.
const maxNames = 1024

// names maps the names of prepared statements, which pgx accepts wherever it
// accepts SQL, to their texts. Its zero value is ready.
type names struct {
	texts sync.Map // string to string
	n     atomic.Int32
}

// add remembers a name. pgx's own names for the statements it caches are left
// out: they are never used as SQL.
func (n *names) add(name, sql string) {
	if name == "" || name == sql || strings.HasPrefix(name, "stmtcache_") || n.n.Load() >= maxNames {
		return
	}
	if _, known := n.texts.Swap(name, sql); !known {
		n.n.Add(1)
	}
}

// text returns the statement that sql stands for.
func (n *names) text(sql string) string {
	if n.n.Load() == 0 || strings.ContainsAny(sql, " \n\t") {
		return sql
	}
	if text, ok := n.texts.Load(sql); ok {
		return text.(string)
	}
	return sql
}
