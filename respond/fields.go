package respond

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// FieldsConfig configures a [Fields]. The zero value is ready to use.
type FieldsConfig struct {
	// Allow names the fields that a client may choose and may see, as paths of
	// JSON names such as "id" or "customer.name"; one grants all below it.
	// Fields of other structs in lists are named in the same way. Default: all
	// fields.
	Allow []string

	// Default names the fields of a response to a request without the
	// parameter. Default: all that are allowed.
	Default []string

	// Max is how many names a client may list. Default 64. Not smaller: a form
	// names what it shows. Not larger: the names are looked through one by one.
	Max int

	// Param is the name of the parameter. Default "fields".
	Param string
}

const (
	defaultMaxFields = 64
	// maxNameBytes bounds the parameter, in bytes per name allowed. Not
	// smaller: some paths are long. Not larger: the text is a key of the cache.
	maxNameBytes = 64
	// maxSelections is how many selections are remembered. Not smaller: the
	// pages of a user interface ask for a few each. Not larger: a hostile
	// client fills it; each is some kilobytes.
	maxSelections = 128
	// maxNamed is how many names a refusal lists. Not larger: it is an answer
	// to anybody.
	maxNamed = 100
)

// Fields lets clients choose which fields of a T they want, as in
// ?fields=id,customer.name. It is safe for concurrent use.
type Fields[T any] struct {
	cfg     FieldsConfig
	fields  []*field
	def     []step
	allowed string // the names, for refusals

	mu struct {
		sync.RWMutex
		selections map[string][]step // by the parameter's text
	}
}

// NewFields returns the Fields of T, which must be a struct, a pointer to one
// or a list of such. All reflection on types happens here. Maps, interfaces,
// values that encode themselves, and a type within itself are chosen whole or
// not at all.
func NewFields[T any](cfg FieldsConfig) (*Fields[T], error) {
	cfg.Allow, cfg.Default = slices.Clone(cfg.Allow), slices.Clone(cfg.Default)
	if cfg.Max == 0 {
		cfg.Max = defaultMaxFields
	}
	if cfg.Param == "" {
		cfg.Param = "fields"
	}
	f := &Fields[T]{cfg: cfg}
	f.mu.selections = make(map[string][]step)
	var errs []error
	if cfg.Max < 1 {
		errs = append(errs, fmt.Errorf("respond: FieldsConfig.Max is %d, want at least 1", cfg.Max))
	}
	t := reflect.TypeFor[T]()
	object := objectType(t)
	if object == nil {
		return nil, errors.Join(append(errs, fmt.Errorf("respond: %v has no fields to choose from, want a struct or a list of structs", t))...)
	}
	var err error
	if f.fields, err = new(fieldTree).grow(object, splitPaths(cfg.Allow), nil); err != nil {
		return nil, errors.Join(append(errs, err)...)
	}
	if f.def, err = choose(f.fields, splitPaths(cfg.Default)); err != nil {
		errs = append(errs, fmt.Errorf("respond: FieldsConfig.Default is %q, want names that are allowed", cfg.Default))
	}
	all := names(f.fields, "")
	f.allowed = strings.Join(all[:min(len(all), maxNamed)], ", ")
	if more := len(all) - maxNamed; more > 0 {
		f.allowed += fmt.Sprintf(" and %d more", more)
	}
	return f, errors.Join(errs...)
}

// A Selection is a set of fields of a T, made by [Fields.Parse]. It is safe for
// concurrent use. The zero value has no fields.
type Selection[T any] struct{ steps []step }

// Parse returns the fields that the parameter in values names, or the default
// ones without it. An error is a [Problem] with status 400 that names what is
// allowed. Cost: one lookup for a text that was seen lately, else some
// microseconds.
func (f *Fields[T]) Parse(values url.Values) (Selection[T], error) {
	texts, given := values[f.cfg.Param]
	if !given {
		return Selection[T]{f.def}, nil
	}
	if len(texts) != 1 {
		return Selection[T]{}, f.refuse("must be given once")
	}
	text := texts[0]
	f.mu.RLock()
	steps, ok := f.mu.selections[text]
	f.mu.RUnlock()
	if ok {
		return Selection[T]{steps}, nil
	}
	steps, err := f.compile(text)
	if err != nil {
		return Selection[T]{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.mu.selections) >= maxSelections {
		for old := range f.mu.selections { // any: the order of a map is random
			delete(f.mu.selections, old)
			break
		}
	}
	f.mu.selections[strings.Clone(text)] = steps // not the whole query
	return Selection[T]{steps}, nil
}

func (f *Fields[T]) compile(text string) ([]step, error) {
	if len(text) > f.cfg.Max*maxNameBytes || strings.Count(text, ",") >= f.cfg.Max {
		return nil, f.refuse(fmt.Sprintf("must have at most %d names", f.cfg.Max))
	}
	all := strings.Split(text, ",")
	for _, name := range all {
		if _, err := choose(f.fields, splitPaths([]string{name})); err != nil {
			return nil, f.refuse(fmt.Sprintf("names %.100q, which is not one of %s", name, f.allowed))
		}
	}
	return choose(f.fields, splitPaths(all))
}

func (f *Fields[T]) refuse(reason string) error {
	return Problem{Status: http.StatusBadRequest, Detail: f.cfg.Param + " " + reason}
}

// JSON answers with those fields of v that r asks for, else as [JSON] does. v is
// encoded as a *T, so that T's methods with pointer receivers count. A request for unknown fields is answered with a [Problem], which is returned.
func (f *Fields[T]) JSON(w http.ResponseWriter, r *http.Request, status int, v T) error {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		err = Problemf(http.StatusBadRequest, "the query is not a well-formed list of parameters")
	}
	var s Selection[T]
	if err == nil {
		s, err = f.Parse(values)
	}
	if err != nil {
		Error(w, r, err)
		return err
	}
	e := newEncoder()
	defer e.free()
	err = e.write(reflect.ValueOf(&v).Elem(), s.steps)
	e.buf.WriteByte('\n')
	return e.answer(w, r, status, err)
}

// Append appends v as JSON, with the selected fields in the order of T, to dst.
// The bytes are those that [encoding/json.Marshal] makes of &v, without the
// other members. They may be a [encoding/json.RawMessage] in a larger answer.
func (s Selection[T]) Append(dst []byte, v T) ([]byte, error) {
	e := newEncoder()
	defer e.free()
	if err := e.write(reflect.ValueOf(&v).Elem(), s.steps); err != nil {
		return dst, fmt.Errorf("respond: %w", err)
	}
	return append(dst, e.buf.Bytes()...), nil
}
