package respond

import "iter"

// Cursor is what *sql.Rows and pgx.Rows have in common.
type Cursor interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// Scan returns the rows of a query as an iterator that can be used once, and
// that closes rows when it ends or is stopped. dest returns where the columns
// of a row go; it is called once, before the first row, and its T is filled
// again for each: what it points to must not be kept between rows, save by
// value. Cost per row: what the driver's Scan costs.
//
// The query must run under the context of the request, so that it stops when
// the client leaves.
func Scan[T any](rows Cursor, dest func(row *T) []any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		defer closeCursor(rows)
		row := new(T)
		columns := dest(row)
		for rows.Next() {
			err := rows.Scan(columns...)
			if !yield(*row, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			var none T
			yield(none, err)
		}
	}
}

// closeCursor closes rows. What Close returns, Err has said before.
func closeCursor(rows Cursor) {
	switch rows := rows.(type) {
	case interface{ Close() error }:
		_ = rows.Close()
	case interface{ Close() }:
		rows.Close()
	}
}
