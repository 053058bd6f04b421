package cachekey

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// A Keyer says itself what it is keyed by. AppendKey appends bytes that are
// the same for equal values and differ for others. It must be a method of the
// value, not of the pointer.
type Keyer interface {
	AppendKey(dst []byte) []byte
}

// how says which way a value is encoded.
type how uint8

const (
	byKind   how = iota // by its kind alone
	byField             // a struct: each field
	byElem              // an array: each element
	byBytes             // an array or slice of bytes
	byTime              // the instant
	byMethod            // what a method of the type says
)

// A plan tells how to encode the values of one type. It is built once and
// only read afterwards.
type plan struct {
	how    how
	kind   reflect.Kind
	path   string
	fields []field // of a struct
	elem   *plan   // of an array
}

type field struct {
	index int
	plan  *plan
}

func typeIs[T any](t reflect.Type) bool     { return t == reflect.TypeFor[T]() }
func implements[I any](t reflect.Type) bool { return t.Implements(reflect.TypeFor[I]()) }
func isBytes(t reflect.Type) bool           { return t.Elem().Kind() == reflect.Uint8 }
func refuse(path, format string, a ...any) error {
	return fmt.Errorf("cachekey: %s: %s", path, fmt.Sprintf(format, a...))
}

// newPlan plans values of type t, found at path. Only a readable value's
// methods can be called: those below an unexported field are not.
func newPlan(t reflect.Type, path string, readable bool) (*plan, error) {
	p := &plan{kind: t.Kind(), path: path}
	switch {
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
		return nil, refuse(path, "a %s has no value to key by: use its ID", t) // its methods may meet nil
	case implements[Keyer](t):
		p.how = byMethod
	case typeIs[time.Time](t):
		p.how = byTime
	case isPlain(t):
		p.how = plainHow(t)
		return p, nil
	case hasMethod(t):
		p.how = byMethod
	default:
		return p, p.compose(t, readable)
	}
	if !readable {
		return nil, refuse(path, "a %s below an unexported field cannot be read: export the field, or give the struct an AppendKey method", t)
	}
	return p, nil
}

// compose plans the parts of a value that is keyed by them.
func (p *plan) compose(t reflect.Type, readable bool) (err error) {
	switch t.Kind() {
	case reflect.Array:
		p.how = byElem
		p.elem, err = newPlan(t.Elem(), p.path+"[]", readable)
		return err
	case reflect.Struct:
		p.how = byField
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Name == "_" {
				continue
			}
			fp, err := newPlan(f.Type, p.path+"."+f.Name, readable && f.IsExported())
			if err != nil {
				return err
			}
			p.fields = append(p.fields, field{index: i, plan: fp})
		}
		return nil
	case reflect.Slice, reflect.Map:
		return refuse(p.path, "a %s cannot be compared: use an array or a string, or give its type an AppendKey method", t)
	default:
		return refuse(p.path, "a %s has no value to key by", t)
	}
}

// isPlain reports whether a value is keyed by its kind whatever methods its
// type has: the text of a number may be the same for two.
func isPlain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array, reflect.Slice:
		return isBytes(t) && (t.Kind() == reflect.Array || !hasMethod(t))
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

func plainHow(t reflect.Type) how {
	if k := t.Kind(); k == reflect.Array || k == reflect.Slice {
		return byBytes
	}
	return byKind
}

func hasMethod(t reflect.Type) bool {
	return implements[encoding.BinaryAppender](t) || implements[encoding.TextAppender](t) || implements[encoding.TextMarshaler](t)
}

// append appends the encoding of v, which is of the plan's type.
func (p *plan) append(dst []byte, v reflect.Value) (_ []byte, err error) {
	switch p.how {
	case byTime:
		return appendTime(dst, v.Interface().(time.Time)), nil
	case byMethod:
		return p.appendMethod(dst, v.Interface())
	case byBytes:
		return p.appendBytes(dst, v), nil
	case byField:
		dst = appendLen(append(dst, byte(reflect.Struct)), len(p.fields))
		for _, f := range p.fields {
			if dst, err = f.plan.append(dst, v.Field(f.index)); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case byElem:
		dst = appendLen(append(dst, byte(reflect.Array)), v.Len())
		for i := range v.Len() {
			if dst, err = p.elem.append(dst, v.Index(i)); err != nil {
				return nil, fmt.Errorf("%w (element %s)", err, strconv.Itoa(i))
			}
		}
		return dst, nil
	default:
		return p.appendKind(dst, v)
	}
}

// appendKind appends a boolean, number or string.
func (p *plan) appendKind(dst []byte, v reflect.Value) ([]byte, error) {
	switch p.kind {
	case reflect.Bool:
		return appendBool(dst, v.Bool()), nil
	case reflect.String:
		return appendString(dst, v.String()), nil
	case reflect.Float32, reflect.Float64:
		return appendFloat(append(dst, byte(p.kind)), p.path, v.Float())
	case reflect.Complex64, reflect.Complex128:
		c := v.Complex()
		dst, err := appendFloat(append(dst, byte(p.kind)), p.path, real(c))
		if err != nil {
			return nil, err
		}
		return appendFloat(dst, p.path, imag(c))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendInt(dst, p.kind, uint64(v.Int())), nil
	default:
		return appendInt(dst, p.kind, v.Uint()), nil
	}
}

func (p *plan) appendBytes(dst []byte, v reflect.Value) []byte {
	dst = appendLen(append(dst, byte(p.kind), byte(reflect.Uint8)), v.Len())
	if p.kind == reflect.Slice {
		return append(dst, v.Bytes()...)
	}
	for i := range v.Len() { // Bytes wants an addressable array
		dst = append(dst, byte(v.Index(i).Uint()))
	}
	return dst
}

// appendMethod appends what x says of itself, and how long that is.
func (p *plan) appendMethod(dst []byte, x any) ([]byte, error) {
	var own []byte
	var err error
	switch x := x.(type) {
	case Keyer:
		own = x.AppendKey(nil)
	case encoding.BinaryAppender:
		own, err = x.AppendBinary(nil)
	case encoding.TextAppender:
		own, err = x.AppendText(nil)
	case encoding.TextMarshaler:
		own, err = x.MarshalText()
	}
	if err != nil {
		return nil, fmt.Errorf("cachekey: %s: %w", p.path, err)
	}
	return append(appendLen(append(dst, kindMethod), len(own)), own...), nil
}
