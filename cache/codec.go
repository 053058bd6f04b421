package cache

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// A Codec turns values into bytes and back. It is safe for concurrent use.
// Entries say which codec made them: one that was made by another is loaded
// anew.
type Codec interface {
	// ID tells codecs apart in entries. 1 to 15 are taken by this module.
	ID() uint8
	// Append appends the encoding of *v, which is given as a pointer.
	Append(dst []byte, v any) ([]byte, error)
	// Decode sets *v, which is zero, from an encoding. It keeps nothing of b.
	Decode(b []byte, v any) error
}

// A TypeChecker is a [Codec] that knows which types it can take: [Memoize] and
// [NewValues] refuse the others, rather than the first value.
type TypeChecker interface {
	// CheckType returns an error unless values of type t can be encoded.
	CheckType(t reflect.Type) error
}

// IDs of the codecs of this module. Those of a user's own start at 16.
const (
	CodecRaw      = 1
	CodecJSON     = 2
	CodecMsgpack  = 3
	CodecProtobuf = 4
)

// JSON returns the codec that uses encoding/json. What that loses is lost:
// unexported fields, what is not UTF-8 in a string, the types within an any.
func JSON() Codec { return jsonCodec{} }

type jsonCodec struct{}

func (jsonCodec) ID() uint8 { return CodecJSON }

func (jsonCodec) Append(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return dst, err
	}
	return append(dst, b...), nil
}

func (jsonCodec) Decode(b []byte, v any) error { return json.Unmarshal(b, v) }

// Raw returns the codec of []byte and string values, and of types made of
// them: the bytes themselves. A nil []byte comes back empty.
func Raw() Codec { return rawCodec{} }

type rawCodec struct{}

func (rawCodec) ID() uint8 { return CodecRaw }

func (rawCodec) CheckType(t reflect.Type) error {
	if t.Kind() == reflect.String || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		return nil
	}
	return fmt.Errorf("cache: Raw cannot encode a %s, only []byte and string", t)
}

func (c rawCodec) Append(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case *[]byte:
		return append(dst, *v...), nil
	case *string:
		return append(dst, *v...), nil
	}
	e := reflect.ValueOf(v).Elem()
	if err := c.CheckType(e.Type()); err != nil {
		return dst, err
	}
	if e.Kind() == reflect.String {
		return append(dst, e.String()...), nil
	}
	return append(dst, e.Bytes()...), nil
}

func (c rawCodec) Decode(b []byte, v any) error {
	switch v := v.(type) {
	case *[]byte:
		*v = append([]byte{}, b...)
		return nil
	case *string:
		*v = string(b)
		return nil
	}
	e := reflect.ValueOf(v).Elem()
	if err := c.CheckType(e.Type()); err != nil {
		return err
	}
	if e.Kind() == reflect.String {
		e.SetString(string(b))
	} else {
		e.SetBytes(append([]byte{}, b...))
	}
	return nil
}
