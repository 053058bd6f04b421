package sqltrace

import "reflect"

// valueType is the type of an argument, as far as it decides the type of a list
// of such arguments.
type valueType uint8

const (
	typeOther valueType = iota // not known, or a list itself
	typeBigint
	typeInteger
	typeText
	typeBytes
	typeFloat
	typeTime
	typeUUID
)

// typeOf returns the type of arguments that are neither of a driver's own types
// nor nil.
func typeOf(t reflect.Type) valueType {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Array && t.Len() == 16 && t.Elem().Kind() == reflect.Uint8,
		t.Kind() == reflect.Struct && t.Name() == "UUID": // pgtype's, which sqlc uses
		return typeUUID
	case t.Kind() == reflect.Struct && t.PkgPath() == "time" && t.Name() == "Time":
		return typeTime
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Uint32:
		return typeBigint
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Uint8, reflect.Uint16:
		return typeInteger
	case reflect.String:
		return typeText
	case reflect.Float32, reflect.Float64:
		return typeFloat
	}
	return typeOther
}

// array returns PostgreSQL's type for a list of t, and what to mind about it;
// the type is "" if it is not known.
func (t valueType) array() (name, note string) {
	switch t {
	case typeBigint:
		return "bigint[]", ""
	case typeInteger:
		return "integer[]", ""
	case typeText:
		return "text[]", "or uuid[] and the like, if that is what the column is"
	case typeBytes:
		return "bytea[]", ""
	case typeFloat:
		return "double precision[]", ""
	case typeTime:
		return "timestamptz[]", "or timestamp[] or date[], if that is what the column is"
	case typeUUID:
		return "uuid[]", ""
	}
	return "", ""
}

// goName returns a Go type for a key; it is int64, as most keys are, if t is
// not known.
func (t valueType) goName() string {
	switch t {
	case typeInteger:
		return "int32"
	case typeText, typeBytes: // a []byte is no key of a map
		return "string"
	case typeFloat:
		return "float64"
	case typeTime:
		return "time.Time"
	case typeUUID:
		return "[16]byte"
	}
	return "int64"
}
