package fakedriver

import (
	"database/sql/driver"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Rows is what every result of a query of a [Fake] has.
type Rows struct {
	f    *Fake
	who  string
	sets int // left after this one
	next int // row
}

func (f *Fake) rows(who, query string) driver.Rows {
	r := &Rows{f: f, who: who + ".rows"}
	if strings.HasPrefix(query, "sets") {
		r.sets = 1
	}
	return shapedRows(r, f.opts.Rows)
}

func (r *Rows) Columns() []string { return []string{"n", "text"} }

func (r *Rows) Close() error { return r.f.called(r.who, "RowsClose", "") }

func (r *Rows) Next(dest []driver.Value) error {
	if err := r.f.called(r.who, "Next", ""); err != nil {
		return err
	}
	if r.next == 2 {
		return io.EOF
	}
	r.next++
	dest[0] = int64(r.next)
	dest[1] = fmt.Sprintf("row %d, %d sets left", r.next, r.sets)
	return nil
}

type nextResultSet struct{ r *Rows }

func (n nextResultSet) HasNextResultSet() bool {
	_ = n.r.f.called(n.r.who, "HasNextResultSet", "")
	return n.r.sets > 0
}

func (n nextResultSet) NextResultSet() error {
	if err := n.r.f.called(n.r.who, "NextResultSet", ""); err != nil {
		return err
	}
	if n.r.sets == 0 {
		return io.EOF
	}
	n.r.sets--
	n.r.next = 0
	return nil
}

type scanTyper struct{ r *Rows }

func (c scanTyper) ColumnTypeScanType(index int) reflect.Type {
	_ = c.r.f.called(c.r.who, "ColumnTypeScanType", fmt.Sprint(index))
	return []reflect.Type{reflect.TypeFor[int64](), reflect.TypeFor[string]()}[index]
}

type typeNamer struct{ r *Rows }

func (c typeNamer) ColumnTypeDatabaseTypeName(index int) string {
	_ = c.r.f.called(c.r.who, "ColumnTypeDatabaseTypeName", fmt.Sprint(index))
	return []string{"BIGINT", "VARCHAR"}[index]
}

type lengther struct{ r *Rows }

func (c lengther) ColumnTypeLength(index int) (length int64, ok bool) {
	_ = c.r.f.called(c.r.who, "ColumnTypeLength", fmt.Sprint(index))
	return 40, index == 1
}

type nullabler struct{ r *Rows }

func (c nullabler) ColumnTypeNullable(index int) (nullable, ok bool) {
	_ = c.r.f.called(c.r.who, "ColumnTypeNullable", fmt.Sprint(index))
	return true, index == 1
}

type preciser struct{ r *Rows }

func (c preciser) ColumnTypePrecisionScale(index int) (precision, scale int64, ok bool) {
	_ = c.r.f.called(c.r.who, "ColumnTypePrecisionScale", fmt.Sprint(index))
	return 12, 2, index == 0
}
