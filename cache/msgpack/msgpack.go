// Package msgpack is a codec for package cache that uses MessagePack: shorter
// than JSON, and exact about integers, times and bytes.
//
// Structs are maps from field names, as in JSON, so that fields may come and
// go; the tag is `msgpack:"name"`. A nil slice, map or pointer stays nil, and
// an empty one stays empty. Times come back in UTC, as the same instant. Bytes
// that claim a length that they do not have are refused without the memory for
// it being taken.
package msgpack

import (
	"fmt"

	"github.com/shamaton/msgpack/v3"

	"github.com/hone-go/hone/cache"
)

// New returns the codec, for cache.Config.Codec or cache.FuncConfig.Codec. It
// is safe for concurrent use.
func New() cache.Codec { return codec{} }

type codec struct{}

func (codec) ID() uint8 { return cache.CodecMsgpack }

func (codec) Append(dst []byte, v any) ([]byte, error) {
	b, err := msgpack.MarshalAsMap(v)
	if err != nil {
		return dst, fmt.Errorf("cache/msgpack: %w", err)
	}
	return append(dst, b...), nil
}

func (codec) Decode(b []byte, v any) error {
	if err := msgpack.UnmarshalAsMap(b, v); err != nil {
		return fmt.Errorf("cache/msgpack: %w", err)
	}
	return nil
}
