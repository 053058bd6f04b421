package sqltrace

import (
	"database/sql/driver"
	"io"
	"reflect"
)

// rows counts what is read and ends its statement when closed. Its optional
// methods answer for a base without them as database/sql would.
type rows struct {
	driver.Rows
	conn   *conn
	st     Statement
	count  int64
	err    error // the first error other than io.EOF
	closed bool
}

// traceRows returns base wrapped, so that st ends when it is closed, or bare,
// with st ended here, if there is nothing to wrap or it may not be wrapped.
func (c *conn) traceRows(st Statement, base driver.Rows, err error) (driver.Rows, error) {
	if err != nil || base == nil || c.mustStayBare(base) {
		st.End(0, err)
		return base, err
	}
	c.open++
	return &rows{Rows: base, conn: c, st: st}, nil
}

// mustStayBare reports whether base scans columns itself, which database/sql
// lets it do from Go 1.27 on (driver.RowsColumnScanner). A wrapper without
// those methods would change what can be scanned, and one compiled by an older
// Go cannot have them, as their signatures name types that only Go 1.27 has.
// Such rows are left alone: they are not counted and their statement ends when
// they are handed out. Reflection looks once per connection and type.
func (c *conn) mustStayBare(base driver.Rows) bool {
	typ := reflect.TypeOf(base)
	bare, known := c.bareRows[typ]
	if !known {
		_, nextRow := typ.MethodByName("NextRow")
		_, scanColumn := typ.MethodByName("ScanColumn")
		bare = nextRow && scanColumn
		if c.bareRows == nil {
			c.bareRows = make(map[reflect.Type]bool)
		}
		c.bareRows[typ] = bare
	}
	return bare
}

func (r *rows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	if err == nil {
		r.count++
		if r.count == 1 && r.st.follows {
			r.st.request.keep(r.st.execution, r.st.state.hashRow(dest))
		}
		return nil
	}
	r.note(err)
	return err
}

func (r *rows) Close() error {
	err := r.Rows.Close()
	r.note(err)
	if !r.closed {
		r.closed = true
		r.conn.open--
		r.st.End(r.count, r.err)
	}
	return err
}

func (r *rows) note(err error) {
	if r.err == nil && err != io.EOF { // not errors.Is: so does database/sql
		r.err = err
	}
}

func (r *rows) HasNextResultSet() bool {
	if b, ok := r.Rows.(driver.RowsNextResultSet); ok {
		return b.HasNextResultSet()
	}
	return false
}

func (r *rows) NextResultSet() error {
	b, ok := r.Rows.(driver.RowsNextResultSet)
	if !ok {
		return io.EOF
	}
	err := b.NextResultSet()
	r.note(err)
	return err
}

func (r *rows) ColumnTypeScanType(index int) reflect.Type {
	if b, ok := r.Rows.(driver.RowsColumnTypeScanType); ok {
		return b.ColumnTypeScanType(index)
	}
	return reflect.TypeFor[any]()
}

func (r *rows) ColumnTypeDatabaseTypeName(index int) string {
	if b, ok := r.Rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return b.ColumnTypeDatabaseTypeName(index)
	}
	return ""
}

func (r *rows) ColumnTypeLength(index int) (length int64, ok bool) {
	if b, ok := r.Rows.(driver.RowsColumnTypeLength); ok {
		return b.ColumnTypeLength(index)
	}
	return 0, false
}

func (r *rows) ColumnTypeNullable(index int) (nullable, ok bool) {
	if b, ok := r.Rows.(driver.RowsColumnTypeNullable); ok {
		return b.ColumnTypeNullable(index)
	}
	return false, false
}

func (r *rows) ColumnTypePrecisionScale(index int) (precision, scale int64, ok bool) {
	if b, ok := r.Rows.(driver.RowsColumnTypePrecisionScale); ok {
		return b.ColumnTypePrecisionScale(index)
	}
	return 0, 0, false
}
