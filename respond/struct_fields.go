package respond

import (
	"cmp"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// A structField is a member of a struct's JSON object.
type structField struct {
	name      string
	index     []int // through embedded structs
	typ       reflect.Type
	tagged    bool
	omitEmpty bool
	omitZero  bool
	quoted    bool // the option "string"
}

// structFields returns the members of a struct in the order and by the rules of
// encoding/json: of those with one name the least embedded wins, then the one
// whose tag gives the name; if that leaves two, none is there.
func structFields(t reflect.Type) []structField {
	all := collectFields(nil, t, nil, nil)
	slices.SortStableFunc(all, func(a, b structField) int {
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(len(a.index), len(b.index)), cmp.Compare(tagRank(a), tagRank(b)))
	})
	var dominant []structField
	for i := 0; i < len(all); {
		end := i + 1
		for end < len(all) && all[end].name == all[i].name {
			end++
		}
		if end == i+1 || len(all[i+1].index) > len(all[i].index) || all[i].tagged != all[i+1].tagged {
			dominant = append(dominant, all[i])
		}
		i = end
	}
	slices.SortFunc(dominant, func(a, b structField) int { return slices.Compare(a.index, b.index) })
	return dominant
}

// tagRank puts a name that comes from a tag first.
func tagRank(f structField) int {
	if f.tagged {
		return 0
	}
	return 1
}

// collectFields appends all candidates of t to all. path holds the structs
// that t is embedded in, index the way to it.
func collectFields(all []structField, t reflect.Type, index []int, path []reflect.Type) []structField {
	if slices.Contains(path, t) {
		return all
	}
	path = append(path, t)
	for i := range t.NumField() {
		sf := t.Field(i)
		target := sf.Type
		if target.Kind() == reflect.Pointer && (sf.Anonymous || target.Name() == "") {
			target = target.Elem()
		}
		tag := sf.Tag.Get("json")
		hidden := !sf.IsExported() && !(sf.Anonymous && target.Kind() == reflect.Struct)
		if hidden || tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if !validName(name) {
			name = ""
		}
		at := append(slices.Clone(index), i)
		if name == "" && sf.Anonymous && target.Kind() == reflect.Struct {
			all = collectFields(all, target, at, path)
			continue
		}
		f := structField{name: name, index: at, typ: sf.Type, tagged: name != ""}
		if name == "" {
			f.name = sf.Name
		}
		for option := range strings.SplitSeq(options, ",") {
			switch option {
			case "omitempty":
				f.omitEmpty = true
			case "omitzero":
				f.omitZero = true
			case "string":
				f.quoted = quotable(target.Kind())
			}
		}
		all = append(all, f)
	}
	return all
}

// quotable reports whether the option "string" has an effect.
func quotable(k reflect.Kind) bool {
	return k == reflect.String || k == reflect.Bool || k >= reflect.Int && k <= reflect.Float64
}

// validName reports whether encoding/json takes a tag's name.
func validName(name string) bool {
	return strings.IndexFunc(name, func(r rune) bool {
		return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) < 0
}

// marshals reports whether t, or else a pointer to it, encodes itself.
func marshals(t reflect.Type) (value, pointer bool) {
	own := func(t reflect.Type) bool {
		return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
	}
	return own(t), own(reflect.PointerTo(t))
}

// zeroer is what the option omitzero looks for.
type zeroer interface{ IsZero() bool }

// omitted reports whether the options of f leave v out.
func (f *structField) omitted(v reflect.Value) bool {
	return f.omitEmpty && isEmpty(v) || f.omitZero && isZero(v)
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	default:
		return v.IsZero()
	}
}

func isZero(v reflect.Value) bool {
	switch t := v.Type(); {
	case t.Implements(reflect.TypeFor[zeroer]()):
		switch t.Kind() {
		case reflect.Pointer:
			if v.IsNil() {
				return true
			}
		case reflect.Interface:
			if v.IsNil() || v.Elem().Kind() == reflect.Pointer && v.Elem().IsNil() {
				return true
			}
		}
		return v.Interface().(zeroer).IsZero()
	case reflect.PointerTo(t).Implements(reflect.TypeFor[zeroer]()):
		if !v.CanAddr() {
			addressable := reflect.New(t).Elem()
			addressable.Set(v)
			v = addressable
		}
		return v.Addr().Interface().(zeroer).IsZero()
	default:
		return v.IsZero()
	}
}
