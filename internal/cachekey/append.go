package cachekey

import (
	"encoding/binary"
	"math"
	"reflect"
	"time"
)

// A value begins with the byte of its reflect.Kind, which is below 32, or with
// one of these.
const (
	kindTime   = 64
	kindMethod = 65
)

func appendLen(dst []byte, n int) []byte { return binary.AppendUvarint(dst, uint64(n)) }

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, byte(reflect.Bool), 1)
	}
	return append(dst, byte(reflect.Bool), 0)
}

func appendString(dst []byte, s string) []byte {
	return append(appendLen(append(dst, byte(reflect.String)), len(s)), s...)
}

// appendInt appends an integer of any width in eight bytes.
func appendInt(dst []byte, kind reflect.Kind, bits uint64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, byte(kind)), bits)
}

func appendFloat(dst []byte, path string, f float64) ([]byte, error) {
	if math.IsNaN(f) {
		return nil, refuse(path, "NaN equals nothing, so nothing could be found under it")
	}
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(f+0)), nil // -0 + 0 is +0
}

// appendTime appends seconds and nanoseconds apart: nanoseconds alone reach
// from 1677 to 2262 only.
func appendTime(dst []byte, t time.Time) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, kindTime), uint64(t.Unix()))
	return binary.BigEndian.AppendUint32(dst, uint32(t.Nanosecond()))
}

func append16(dst []byte, b [16]byte) []byte {
	return append(append(dst, byte(reflect.Array), byte(reflect.Uint8), 16), b[:]...)
}
