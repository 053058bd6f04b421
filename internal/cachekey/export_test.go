package cachekey

import "reflect"

// AppendValue encodes a value of a type that is known only at run time.
func AppendValue(dst []byte, v reflect.Value) ([]byte, error) {
	p, err := newPlan(v.Type(), v.Type().String(), true)
	if err != nil {
		return nil, err
	}
	return p.append(dst, v)
}
