package respond

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
)

// write appends the chosen fields of v, which is, points to or is a list of
// structs.
func (e *encoder) write(v reflect.Value, steps []step) error {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			e.buf.WriteString("null")
			return nil
		}
		return e.write(v.Elem(), steps)
	case reflect.Slice:
		if v.IsNil() {
			e.buf.WriteString("null")
			return nil
		}
		return e.list(v, steps)
	case reflect.Array:
		return e.list(v, steps)
	default:
		return e.object(v, steps)
	}
}

func (e *encoder) list(v reflect.Value, steps []step) error {
	e.buf.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			e.buf.WriteByte(',')
		}
		if err := e.write(v.Index(i), steps); err != nil {
			return err
		}
	}
	e.buf.WriteByte(']')
	return nil
}

func (e *encoder) object(v reflect.Value, steps []step) error {
	separator := byte('{')
	for i := range steps {
		s := &steps[i]
		value, ok := fieldByIndex(v, s.index)
		if !ok || s.omitted(value) {
			continue
		}
		e.buf.WriteByte(separator)
		separator = ','
		e.buf.WriteString(s.key)
		var err error
		if s.steps != nil {
			err = e.write(value, s.steps)
		} else {
			err = e.whole(value, s.field)
		}
		if err != nil {
			return err
		}
	}
	if separator == '{' {
		e.buf.WriteByte('{')
	}
	e.buf.WriteByte('}')
	return nil
}

// fieldByIndex follows index; it fails at an embedded pointer that is nil.
func fieldByIndex(v reflect.Value, index []int) (reflect.Value, bool) {
	for _, i := range index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}

// whole appends all of the value of f. The commonest kinds are written here;
// everything else is left to encoding/json.
func (e *encoder) whole(v reflect.Value, f *field) error {
	own := f.marshals || f.addr
	if !own && !f.quoted && e.simple(v) {
		return nil
	}
	if !v.CanInterface() {
		return fmt.Errorf("field %q is in an unexported embedded struct that cannot be read", f.name)
	}
	start := e.buf.Len()
	// By its address, a value needs no copy on the heap. It is addressable for
	// encoding/json in exactly the same cases.
	var err error
	if v.CanAddr() {
		err = e.value(v.Addr().Interface())
	} else {
		err = e.value(v.Interface())
	}
	if err != nil || !f.quoted || f.marshals || f.addr && v.CanAddr() {
		return err
	}
	return e.quote(start)
}

// simple appends v if that takes no rules, and reports whether it did.
func (e *encoder) simple(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Bool:
		e.buf.Write(strconv.AppendBool(e.buf.AvailableBuffer(), v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.buf.Write(strconv.AppendInt(e.buf.AvailableBuffer(), v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		e.buf.Write(strconv.AppendUint(e.buf.AvailableBuffer(), v.Uint(), 10))
	case reflect.String:
		s := v.String()
		if v.Type() == reflect.TypeFor[json.Number]() || !verbatim(s) {
			return false
		}
		e.buf.WriteByte('"')
		e.buf.WriteString(s)
		e.buf.WriteByte('"')
	default:
		return false
	}
	return true
}

// verbatim reports whether s needs no escape in JSON nor in HTML.
func verbatim(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// quote makes what was appended from start on a string, as the option "string"
// asks; null stays.
func (e *encoder) quote(start int) error {
	text := string(e.buf.Bytes()[start:])
	if text == "null" {
		return nil
	}
	e.buf.Truncate(start)
	return e.value(text)
}
