package cachekey_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/hone-go/hone/internal/cachekey"
)

// FuzzEncodingsAreEqualIfValuesAre makes two values, of the same or of
// different random types, from small alphabets so that they often are equal or
// nearly so, and compares their encodings with what == says.
func FuzzEncodingsAreEqualIfValuesAre(f *testing.F) {
	for seed := range uint64(2000) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		typeA := randomType(r, 3)
		typeB := typeA
		if r.IntN(2) == 0 {
			typeB = randomType(r, 3)
		}
		for range 20 {
			a, b := randomValue(r, typeA), randomValue(r, typeB)
			ea, err1 := cachekey.AppendValue(nil, a)
			eb, err2 := cachekey.AppendValue(nil, b)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			// Interfaces are equal if types and values are.
			if got, want := bytes.Equal(ea, eb), a.Interface() == b.Interface(); got != want {
				t.Fatalf("%#v and %#v encode as %x and %x: equal is %t, want %t", a, b, ea, eb, got, want)
			}
			if typeA != typeB && len(ea) > 0 && bytes.HasPrefix(eb, ea) && len(ea) != len(eb) {
				t.Fatalf("the encoding %x of %#v begins that of %#v", ea, a, b)
			}
		}
	})
}

var scalars = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[int8](),
	reflect.TypeFor[int64](), reflect.TypeFor[uint8](), reflect.TypeFor[uint64](), reflect.TypeFor[float32](),
	reflect.TypeFor[float64](), reflect.TypeFor[complex128](),
}

func randomType(r *rand.Rand, depth int) reflect.Type {
	n := r.IntN(len(scalars) + 6)
	switch {
	case n < len(scalars) || depth == 0:
		return scalars[n%len(scalars)]
	case n%2 == 0:
		return reflect.ArrayOf(1+r.IntN(3), randomType(r, depth-1))
	default:
		fields := make([]reflect.StructField, r.IntN(4))
		for i := range fields {
			fields[i] = reflect.StructField{Name: fmt.Sprint("F", i), Type: randomType(r, depth-1)}
		}
		return reflect.StructOf(fields)
	}
}

func randomValue(r *rand.Rand, t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.String:
		v.SetString([]string{"", "a", "aa", "\x00", "\x18\x01a", "1"}[r.IntN(6)])
	case reflect.Float32, reflect.Float64:
		v.SetFloat([]float64{0, 1, -1, 0.5}[r.IntN(4)])
	case reflect.Complex128:
		v.SetComplex(complex(float64(r.IntN(2)), float64(r.IntN(2))))
	case reflect.Array:
		for i := range t.Len() {
			v.Index(i).Set(randomValue(r, t.Elem()))
		}
	case reflect.Struct:
		for i := range t.NumField() {
			v.Field(i).Set(randomValue(r, t.Field(i).Type))
		}
	default:
		if v.CanInt() {
			v.SetInt(int64(r.IntN(3)) - 1)
		} else {
			v.SetUint(uint64(r.IntN(2)))
		}
	}
	return v
}
