package respond

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// maxTreeFields bounds the fields that can be chosen from. Not smaller: a wide
// answer has hundreds. Not larger: a type that holds others in several ways
// multiplies them, and nobody asks for the thousandth.
const maxTreeFields = 5000

// A field is a member that can be chosen.
type field struct {
	structField
	key      string   // "name": as it is encoded
	below    []*field // what can be chosen of its value; nil: all or nothing
	marshals bool     // the value encodes itself
	addr     bool     // a pointer to the value does
}

// A fieldTree grows the fields of a type.
type fieldTree struct{ count int }

// objectType returns the struct that a type is, points to or is a list of, or
// nil if the type has no fields to choose from. What a map holds is data and
// has no names to allow; what encodes itself may have any form.
func objectType(t reflect.Type) reflect.Type {
	for {
		if value, pointer := marshals(t); value || pointer {
			return nil
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			t = t.Elem()
		case reflect.Struct:
			return t
		default:
			return nil
		}
	}
}

// grow returns the fields of the struct t that allow names, all of them if it
// is nil. around holds the structs that t is in: a type within itself is given
// whole or not at all, unless allow goes on.
func (g *fieldTree) grow(t reflect.Type, allow [][]string, around []reflect.Type) ([]*field, error) {
	around = append(slices.Clone(around), t)
	var fields []*field
	known := make(map[string]bool)
	for _, sf := range structFields(t) {
		known[sf.name] = true
		rest, named := below(allow, sf.name)
		if allow != nil && !named {
			continue
		}
		if g.count++; g.count > maxTreeFields {
			return nil, fmt.Errorf("respond: %v has more than %d fields; name fewer in FieldsConfig.Allow", around[0], maxTreeFields)
		}
		key, err := json.Marshal(sf.name)
		if err != nil {
			return nil, err
		}
		f := &field{structField: sf, key: string(key) + ":"}
		f.structField.index = slices.Clip(sf.index)
		f.marshals, f.addr = marshals(sf.typ)
		inner := objectType(sf.typ)
		switch {
		case inner != nil && (rest != nil || !slices.Contains(around, inner)):
			if f.below, err = g.grow(inner, rest, around); err != nil {
				return nil, err
			}
		case rest != nil:
			return nil, fmt.Errorf("respond: FieldsConfig.Allow names a field below %q, which has none", sf.name)
		}
		fields = append(fields, f)
	}
	for _, path := range allow {
		if !known[path[0]] {
			return nil, fmt.Errorf("respond: FieldsConfig.Allow names %q, which is no JSON field of %v", path[0], t)
		}
	}
	return fields, nil
}

// below returns what paths say of the value of the field called name. It is
// nil if one of them names all of it.
func below(paths [][]string, name string) (rest [][]string, named bool) {
	whole := false
	for _, path := range paths {
		if path[0] != name {
			continue
		}
		named = true
		if len(path) == 1 {
			whole = true
			continue
		}
		rest = append(rest, path[1:])
	}
	if whole {
		rest = nil
	}
	return rest, named
}

// names returns the paths of all fields, each before those below it.
func names(fields []*field, prefix string) []string {
	var all []string
	for _, f := range fields {
		all = append(all, prefix+f.name)
		all = append(all, names(f.below, prefix+f.name+".")...)
	}
	return all
}

// errUnknownField is what a path is refused with.
var errUnknownField = errors.New("respond: unknown field")

// A step is one member of the objects that a selection writes.
type step struct {
	*field
	steps []step // of its value; nil: all of it
}

// choose returns the steps for paths, all of fields if paths is nil. Their
// order is that of the fields, whatever the order of the paths.
func choose(fields []*field, paths [][]string) ([]step, error) {
	var steps []step
	for _, f := range fields {
		rest, named := below(paths, f.name)
		if paths != nil && !named {
			continue
		}
		s := step{field: f}
		switch {
		case f.below != nil:
			var err error
			if s.steps, err = choose(f.below, rest); err != nil {
				return nil, err
			}
		case rest != nil:
			return nil, errUnknownField
		}
		steps = append(steps, s)
	}
	for _, path := range paths {
		if !slices.ContainsFunc(fields, func(f *field) bool { return f.name == path[0] }) {
			return nil, errUnknownField
		}
	}
	return steps, nil
}

// splitPaths cuts names at their dots.
func splitPaths(names []string) [][]string {
	var paths [][]string
	for _, name := range names {
		paths = append(paths, strings.Split(name, "."))
	}
	return paths
}
