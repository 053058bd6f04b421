package cachekey

import (
	"reflect"
	"sync"
)

// An Encoder encodes keys of type K. It is safe for concurrent use.
type Encoder[K any] struct {
	plan *plan
	// buffers holds encodings of keys that need the plan: those escape.
	buffers sync.Pool
}

// For returns the encoder of a type, or an error that names the part of it
// that cannot be in a key.
func For[K any]() (*Encoder[K], error) {
	t := reflect.TypeFor[K]()
	name := t.Name()
	if name == "" {
		name = t.String()
	}
	p, err := newPlan(t, name, true)
	if err != nil {
		return nil, err
	}
	return &Encoder[K]{plan: p, buffers: sync.Pool{New: func() any { return new([]byte) }}}, nil
}

// Append appends the encoding of k to dst. It fails on NaN, and where a method
// that encodes a part of k fails. Cost: no reflection and no allocation but
// for a longer dst if K is a string, a bool, an integer or a [16]byte.
func (e *Encoder[K]) Append(dst []byte, k K) ([]byte, error) {
	if out, ok := appendPlain(dst, k); ok {
		return out, nil
	}
	return e.appendPlanned(dst, k)
}

// Name returns prefix and the digest of k (see [AppendDigest]): the one
// function that makes a key, for reading, writing and deleting. Errors are
// those of [Encoder.Append]. Cost: one allocation, the key, if K needs none
// to encode.
func (e *Encoder[K]) Name(prefix string, k K) (string, error) {
	var plain, key [256]byte
	if encoding, ok := appendPlain(plain[:0], k); ok {
		return string(AppendDigest(append(key[:0], prefix...), encoding)), nil
	}
	buffer := e.buffers.Get().(*[]byte)
	defer e.buffers.Put(buffer)
	encoding, err := e.appendPlanned((*buffer)[:0], k)
	if err != nil {
		return "", err
	}
	if cap(encoding) <= maxPooled {
		*buffer = encoding
	}
	return string(AppendDigest(append(key[:0], prefix...), encoding)), nil
}

// maxPooled is the largest buffer kept, in bytes. Not larger: one long key
// would hold its memory as long as the program runs. Not smaller: keys of some
// hundred bytes are common.
const maxPooled = 4 << 10

func (e *Encoder[K]) appendPlanned(dst []byte, k K) ([]byte, error) {
	return e.plan.append(dst, reflect.ValueOf(&k).Elem())
}

// appendPlain appends keys of the commonest types.
func appendPlain[K any](dst []byte, k K) (_ []byte, ok bool) {
	switch k := any(k).(type) {
	case string:
		return appendString(dst, k), true
	case bool:
		return appendBool(dst, k), true
	case int:
		return appendInt(dst, reflect.Int, uint64(k)), true
	case int8:
		return appendInt(dst, reflect.Int8, uint64(k)), true
	case int16:
		return appendInt(dst, reflect.Int16, uint64(k)), true
	case int32:
		return appendInt(dst, reflect.Int32, uint64(k)), true
	case int64:
		return appendInt(dst, reflect.Int64, uint64(k)), true
	case uint:
		return appendInt(dst, reflect.Uint, uint64(k)), true
	case uint8:
		return appendInt(dst, reflect.Uint8, uint64(k)), true
	case uint16:
		return appendInt(dst, reflect.Uint16, uint64(k)), true
	case uint32:
		return appendInt(dst, reflect.Uint32, uint64(k)), true
	case uint64:
		return appendInt(dst, reflect.Uint64, k), true
	case [16]byte:
		return append16(dst, k), true
	}
	return dst, false
}
