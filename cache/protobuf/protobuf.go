// Package protobuf is a codec for package cache that uses Protocol Buffers.
// Values are pointers to generated messages: a function memoized with it
// returns a *pb.Product, and one that returns anything else is refused with a
// [*TypeError] when it is defined.
package protobuf

import (
	"errors"
	"fmt"
	"reflect"

	"google.golang.org/protobuf/proto"

	"github.com/hone-go/hone/cache"
)

// New returns the codec, for cache.Config.Codec or cache.FuncConfig.Codec. It
// is safe for concurrent use.
//
// The encoding is one byte, 0 for a nil pointer and 1 for a message, and then
// the message, which of its own accord could not say that it is nil.
func New() cache.Codec { return codec{} }

// A TypeError says that values of a type are not pointers to messages.
type TypeError struct {
	Type reflect.Type
}

func (e *TypeError) Error() string {
	return fmt.Sprintf("cache/protobuf: a %s is no pointer to a generated message", e.Type)
}

const (
	isNil     = 0
	isMessage = 1
)

var errFormat = errors.New("cache/protobuf: not an encoded message")

type codec struct{}

func (codec) ID() uint8 { return cache.CodecProtobuf }

func (codec) CheckType(t reflect.Type) error {
	if t.Kind() != reflect.Pointer || !t.Implements(reflect.TypeFor[proto.Message]()) {
		return &TypeError{t}
	}
	return nil
}

func (c codec) Append(dst []byte, v any) ([]byte, error) {
	p := reflect.ValueOf(v).Elem()
	if err := c.CheckType(p.Type()); err != nil {
		return dst, err
	}
	if p.IsNil() {
		return append(dst, isNil), nil
	}
	b, err := proto.MarshalOptions{}.MarshalAppend(append(dst, isMessage), p.Interface().(proto.Message))
	if err != nil {
		return dst, fmt.Errorf("cache/protobuf: %w", err)
	}
	return b, nil
}

func (c codec) Decode(b []byte, v any) error {
	p := reflect.ValueOf(v).Elem()
	if err := c.CheckType(p.Type()); err != nil {
		return err
	}
	switch {
	case len(b) == 1 && b[0] == isNil:
		return nil // it is nil already
	case len(b) == 0 || b[0] != isMessage:
		return errFormat
	}
	m := reflect.New(p.Type().Elem())
	if err := proto.Unmarshal(b[1:], m.Interface().(proto.Message)); err != nil {
		return fmt.Errorf("cache/protobuf: %w", err)
	}
	p.Set(m)
	return nil
}
