package batch

import (
	"math/bits"
	"strconv"
)

// A Style is how a driver wants placeholders written.
type Style uint8

// The styles.
const (
	Question Style = iota // ?: MySQL, SQLite, and what rewrites it, such as GORM and sqlx
	Dollar                // $1, $2, …: PostgreSQL; SQLite takes it too
)

// Any returns "= ANY($first)", to be written after a column, and its one
// argument, the keys. It is for PostgreSQL, where it makes one statement text
// for any number of keys; pgx takes it as it is, directly and under
// database/sql, and lib/pq wants the argument in pq.Array. No keys match no
// row. first is the number of the placeholder and matters to [Dollar] only.
//
// Cost: two allocations; the keys are not copied.
func Any[K any](style Style, first int, keys []K) (string, []any) {
	if keys == nil {
		keys = []K{} // nil would be sent as NULL
	}
	return "= ANY(" + string(style.append(nil, first)) + ")", []any{keys}
}

// In returns a list such as "IN (?, ?, ?, ?)", to be written after a column,
// and its arguments. The list is padded as by [Pad], so that a statement has
// about ten texts and not as many as there are numbers of keys: the plan
// caches of database and driver stay small. first is the number of the first
// placeholder and matters to [Dollar] only.
//
// No keys make "IN (NULL)", which matches no row. It must not be negated: NOT
// IN (NULL) matches none either.
//
// Cost: O(len(keys)), and at most twice as many placeholders as keys.
func In[K any](style Style, first int, keys []K) (string, []any) {
	if len(keys) == 0 {
		return "IN (NULL)", nil
	}
	n := padded(len(keys))
	args := make([]any, n)
	text := make([]byte, 0, len("IN ()")+n*len("$16384, "))
	text = append(text, "IN ("...)
	for i := range n {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = style.append(text, first+i)
		args[i] = keys[min(i, len(keys)-1)]
	}
	return string(append(text, ')')), args
}

// Pad returns the keys with the last one repeated until their number is a
// power of two; to a list of SQL that changes nothing but its length. Beyond
// 16,384 keys nothing is added: the next power of two is more than SQLite's
// 32,766 arguments. [In] pads by itself; Pad is for generated code that takes
// a slice, such as that of sqlc.slice. The keys are not changed; they are
// returned as they are where there is nothing to add.
func Pad[K any](keys []K) []K {
	n := padded(len(keys))
	if n == len(keys) {
		return keys
	}
	result := make([]K, n)
	for i := copy(result, keys); i < n; i++ {
		result[i] = keys[len(keys)-1]
	}
	return result
}

// maxPadded is the largest power of two below 32766, SQLite's default
// SQLITE_MAX_VARIABLE_NUMBER (https://www.sqlite.org/limits.html).
const maxPadded = 1 << 14

func padded(n int) int {
	if n < 2 || n > maxPadded {
		return n
	}
	return 1 << bits.Len(uint(n-1))
}

func (s Style) append(text []byte, n int) []byte {
	if s == Dollar {
		return strconv.AppendInt(append(text, '$'), int64(n), 10)
	}
	return append(text, '?')
}
