package sqltrace

import (
	"database/sql/driver"
	"hash/maphash"
	"math"
	"math/bits"
	"reflect"
	"time"
)

// maxPositions is how many arguments of a statement are followed one by one, to
// see which of them changes in a loop. Not smaller: look-ups in a tenant carry
// three or four. Not larger: it is 5 bytes each in every statement of a request.
const maxPositions = 8

// arguments stands for the values of one execution: hashes, never the values.
type arguments struct {
	n      int16
	opaque bool  // a value could not be looked into, or not to its end
	listed int32 // elements of those that are lists, beyond one each
	all    uint64
	// The lower halves of the hashes are enough to see one value change: were
	// two of them alike by chance, the next execution's would not be.
	position [maxPositions]uint32
	types    [maxPositions]valueType
}

func (a *arguments) set(i int, h uint64, t valueType) {
	if i < maxPositions {
		a.position[i], a.types[i] = uint32(h), t
	}
	// The sum does not depend on the order in which named arguments come.
	a.all += mix(h, uint64(i)+1)
}

func (t *state) hashArgs(a *arguments, args []any) {
	a.n = int16(min(len(args), math.MaxInt16))
	for i, v := range args {
		h, typ := t.hashValue(a, v)
		a.set(i, h, typ)
	}
}

func (t *state) hashNamed(a *arguments, fp *fingerprint, args []driver.NamedValue) {
	a.n = int16(min(len(args), math.MaxInt16))
	for i := range args {
		at := i
		if args[i].Name != "" {
			at = fp.param(args[i].Name, i)
		}
		h, typ := t.hashValue(a, args[i].Value)
		a.set(at, h, typ)
	}
}

// hashValue hashes what an argument holds, and tells its type as far as it
// matters to a database. Two equal values hash alike; values of a type it
// cannot look into all hash alike, so that they never pass for the changing key
// of a loop. It counts the elements of a list in a.
func (t *state) hashValue(a *arguments, v any) (uint64, valueType) {
	switch v := v.(type) {
	case nil:
		return hashOfNull, typeOther
	case int64:
		return scramble(uint64(v)), typeBigint
	case int:
		return scramble(uint64(v)), typeBigint
	case int32:
		return scramble(uint64(v)), typeInteger
	case string:
		return maphash.String(t.seed, v), typeText
	case []byte:
		return maphash.Bytes(t.seed, v), typeBytes
	case bool:
		if v {
			return 2, typeOther
		}
		return 3, typeOther
	case float64:
		return scramble(math.Float64bits(v)), typeFloat
	case time.Time:
		return scramble(uint64(v.UnixNano())), typeTime
	}
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Slice && r.Type().Elem().Kind() != reflect.Uint8 {
		a.listed += int32(min(r.Len(), math.MaxInt16)) - 1
	}
	return t.hashReflected(a, r, 0), typeOf(r.Type())
}

const hashOfNull = 1

func (t *state) hashReflected(a *arguments, v reflect.Value, depth int) uint64 {
	const opaque = 4
	if depth > 3 {
		a.opaque = true
		return opaque
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return hashOfNull
		}
		return t.hashReflected(a, v.Elem(), depth+1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return scramble(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return scramble(v.Uint())
	case reflect.String:
		return maphash.String(t.seed, v.String())
	case reflect.Slice:
		h := uint64(v.Len())
		a.opaque = a.opaque || v.Len() > 64
		for i := range min(v.Len(), 64) { // of a longer list, enough to tell two apart
			h = mix(h, t.hashReflected(a, v.Index(i), depth+1))
		}
		return h
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			return scramble(uint64(at.UnixNano()))
		}
	}
	if v.IsValid() && v.Comparable() && v.CanInterface() {
		return maphash.Comparable(t.seed, v.Interface())
	}
	a.opaque = true
	return opaque
}

// scramble spreads x over 64 bits: the finalizer of MurmurHash3, a bijection.
func scramble(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// distinct counts different hashes: exactly up to 16, then by linear counting
// (https://en.wikipedia.org/wiki/Count-distinct_problem), which for up to 1024
// values in 2048 bits is within 2 %. It stops there: what a loop does in its
// first thousand rounds says what it does.
type distinct struct {
	seen  int // values offered, at most maxOffered
	n     int
	exact [16]uint64
	bits  *[2048 / 64]uint64
}

const maxOffered = 1024

func (d *distinct) add(h uint64) {
	if d.seen == maxOffered {
		return
	}
	d.seen++
	if d.bits != nil {
		d.mark(h)
		return
	}
	for _, known := range d.exact[:d.n] {
		if known == h {
			return
		}
	}
	if d.n < len(d.exact) {
		d.exact[d.n] = h
		d.n++
		return
	}
	d.bits = new([2048 / 64]uint64)
	for _, known := range d.exact {
		d.mark(known)
	}
	d.mark(h)
}

func (d *distinct) mark(h uint64) {
	h = scramble(h)
	d.bits[h>>6%uint64(len(d.bits))] |= 1 << (h & 63)
}

// ratio returns the share of different values among those offered.
func (d *distinct) ratio() float64 {
	if d.seen == 0 {
		return 0
	}
	if d.bits == nil {
		return float64(d.n) / float64(d.seen)
	}
	zeros := 0
	for _, w := range d.bits {
		zeros += bits.OnesCount64(^w)
	}
	const m = 2048.0
	return min(1, m*math.Log(m/float64(max(zeros, 1)))/float64(d.seen))
}
