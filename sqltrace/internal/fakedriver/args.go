package fakedriver

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// The arguments that the fake's checkers know, beside the ordinary ones. Each
// is refused by whatever part of the fake does not know it.
type (
	ConnOnly   struct{ V string } // a connection's NamedValueChecker takes it
	StmtOnly   struct{ V string } // a statement's NamedValueChecker takes it
	ColumnOnly struct{ V string } // a statement's ColumnConverter takes it
	Removed    struct{}           // both checkers answer ErrRemoveArgument
	Refused    struct{}           // both checkers and the converter fail with ErrRefused
)

// ErrRefused is the error for a [Refused] argument.
var ErrRefused = errors.New("fakedriver: refused")

func checkShared(nv *driver.NamedValue) error {
	switch v := nv.Value.(type) {
	case Removed:
		return driver.ErrRemoveArgument
	case Refused:
		return ErrRefused
	case sql.Out:
		if dest, ok := v.Dest.(*string); ok {
			*dest = "out"
		}
		return nil
	}
	return driver.ErrSkip
}

type columnConverter struct{ index int }

func (c columnConverter) ConvertValue(v any) (driver.Value, error) {
	switch v := v.(type) {
	case ColumnOnly:
		return fmt.Sprintf("column%d:%s", c.index, v.V), nil
	case Refused:
		return nil, ErrRefused
	case bool:
		return nil, driver.ErrSkip
	}
	return driver.DefaultParameterConverter.ConvertValue(v)
}

func describeValue(v any) string {
	switch v := v.(type) {
	case sql.Out:
		return fmt.Sprintf("Out(%T in=%t)", v.Dest, v.In)
	case nil, bool, int, int64, uint64, string:
		return fmt.Sprintf("%T(%v)", v, v)
	}
	return fmt.Sprintf("%T", v) // the value may be an address
}
