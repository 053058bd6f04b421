package page

import (
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"
)

// Tags of the values in a cursor. They are part of its format.
const (
	tagNull   = 'n'
	tagFalse  = 'f'
	tagTrue   = 't'
	tagInt    = 'i'
	tagUint   = 'u' // only what an int64 cannot hold
	tagFloat  = 'd'
	tagText   = 's'
	tagBytes  = 'b'
	tagMoment = 'm' // seconds and nanoseconds since 1970, UTC
)

// plain reduces a value of the application to one that a cursor keeps: nil,
// bool, int64, uint64, float64, string, []byte or time.Time in UTC.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case time.Time:
		return v.UTC(), nil
	case driver.Valuer:
		if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
			return nil, nil // its method may not expect to be called
		}
		inner, err := v.Value()
		if err != nil {
			return nil, err
		}
		if _, again := inner.(driver.Valuer); again {
			return nil, fmt.Errorf("type %T has a Valuer as its value", v)
		}
		return plain(inner)
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer:
		if r.IsNil() {
			return nil, nil
		}
		return plain(r.Elem().Interface())
	case reflect.Bool:
		return r.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if r.Uint() > math.MaxInt64 {
			return r.Uint(), nil
		}
		return int64(r.Uint()), nil
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(r.Float()) {
			return nil, errors.New("value is NaN, which has no place in an order")
		}
		return r.Float(), nil
	case reflect.String:
		return r.String(), nil
	case reflect.Slice:
		if r.Type().Elem().Kind() == reflect.Uint8 {
			if r.IsNil() {
				return nil, nil // as database/sql scans NULL
			}
			return r.Bytes(), nil
		}
	case reflect.Array:
		if r.Type().Elem().Kind() == reflect.Uint8 && r.Len() == 16 {
			return uuidText(r), nil // as pgx scans a uuid
		}
	}
	return nil, fmt.Errorf("type %T is none that a cursor keeps: give text, a number, a bool, bytes, a UUID, a time or a driver.Valuer", v)
}

// uuidText returns the text form (RFC 9562 §4) of an array of 16 bytes.
func uuidText(r reflect.Value) string {
	b := make([]byte, 16)
	reflect.Copy(reflect.ValueOf(b), r)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// appendValue appends a plain value.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		if v {
			return append(b, tagTrue)
		}
		return append(b, tagFalse)
	case int64:
		return binary.AppendVarint(append(b, tagInt), v)
	case uint64:
		return binary.AppendUvarint(append(b, tagUint), v)
	case float64:
		return binary.BigEndian.AppendUint64(append(b, tagFloat), math.Float64bits(v))
	case string:
		return append(binary.AppendUvarint(append(b, tagText), uint64(len(v))), v...)
	case []byte:
		return append(binary.AppendUvarint(append(b, tagBytes), uint64(len(v))), v...)
	case time.Time:
		b = binary.AppendVarint(append(b, tagMoment), v.Unix())
		return binary.AppendUvarint(b, uint64(v.Nanosecond()))
	}
	return append(b, tagNull)
}

// cutValue returns the first value in b and what follows it.
func cutValue(b []byte) (v any, rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, nil, false
	}
	tag, b := b[0], b[1:]
	switch tag {
	case tagNull:
		return nil, b, true
	case tagFalse, tagTrue:
		return tag == tagTrue, b, true
	case tagInt:
		i, n := binary.Varint(b)
		return i, b[max(0, n):], n > 0
	case tagUint:
		u, n := binary.Uvarint(b)
		return u, b[max(0, n):], n > 0
	case tagFloat:
		if len(b) < 8 {
			return nil, nil, false
		}
		return math.Float64frombits(binary.BigEndian.Uint64(b)), b[8:], true
	case tagText, tagBytes:
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return nil, nil, false
		}
		b = b[n:]
		if tag == tagText {
			return string(b[:length]), b[length:], true
		}
		return append([]byte{}, b[:length]...), b[length:], true
	case tagMoment:
		seconds, n := binary.Varint(b)
		if n <= 0 {
			return nil, nil, false
		}
		b = b[n:]
		nanos, n := binary.Uvarint(b)
		if n <= 0 || nanos >= 1e9 {
			return nil, nil, false
		}
		return time.Unix(seconds, int64(nanos)).UTC(), b[n:], true
	}
	return nil, nil, false
}
