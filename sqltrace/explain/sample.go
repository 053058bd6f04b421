package explain

import (
	"database/sql"
	"database/sql/driver"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/sqlscan"
)

const (
	// maxText is the longest statement observed, in bytes. Not less: real ones
	// reach some kB. Not more: what is longer holds lists of values.
	maxText = 16 << 10
	// maxArgBytes is the most that one statement's arguments may take. Not
	// less: a page's list of keys takes some kB. Not more: 2000 statements of
	// it are 128 MB already, if every one of them were that large.
	maxArgBytes = 64 << 10
	// maxTexts bounds the texts known by heart: four for each statement, for
	// lists of varying length. Then they are forgotten and learned again, at
	// some 10 µs each.
	maxTexts = 4
)

// statement is what all texts that differ only in values share. Its fields are
// guarded by the lock of its samples.
type statement struct {
	text    string // normalised
	verb    verb
	table   string // written
	refusal string // why it is never explained

	literals []string // values written into the first text
	varied   bool     // other texts had others

	calls   int64
	elapsed time.Duration

	sample    string // executable
	args      []any
	sampledAt time.Time
	unsampled string // why there are no arguments

	explainedAt time.Time
	result      result
}

// samples is the account of what ran. It is safe for concurrent use.
type samples struct {
	dialect sqlscan.Dialect
	every   time.Duration
	limit   int
	started time.Time

	mu struct {
		sync.Mutex
		byText        map[string]*statement // by exact text
		byFingerprint map[string]*statement
		writes        map[string]int64 // by table
		dropped       int64
	}
}

func newSamples(cfg Config, now time.Time) *samples {
	s := &samples{dialect: sqlscan.Dialect(cfg.Dialect), every: cfg.Every, limit: cfg.MaxStatements, started: now}
	s.mu.byText = make(map[string]*statement)
	s.mu.byFingerprint = make(map[string]*statement)
	s.mu.writes = make(map[string]int64)
	return s
}

func (s *samples) observe(text string, args []any, elapsed time.Duration, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.findLocked(text)
	if st == nil {
		s.mu.dropped++
		return
	}
	st.calls++
	st.elapsed += elapsed
	if st.verb == verbWrite {
		s.mu.writes[st.table]++
	}
	if st.refusal != "" || !st.sampledAt.IsZero() && now.Sub(st.sampledAt) < s.every {
		return
	}
	st.sampledAt = now
	kept, why := keep(args)
	st.unsampled = why
	if why == "" {
		st.sample, st.args = strings.Clone(text), kept // some libraries reuse the bytes behind their strings
	}
}

// findLocked returns the statement of a text, nil if there is no room for it.
func (s *samples) findLocked(text string) *statement {
	if st, ok := s.mu.byText[text]; ok {
		return st
	}
	if len(text) > maxText {
		return nil
	}
	tokens := sqlscan.Code(text, s.dialect)
	key := fingerprint(tokens)
	st, ok := s.mu.byFingerprint[key]
	if !ok {
		if len(s.mu.byFingerprint) >= s.limit {
			return nil
		}
		st = &statement{text: key}
		st.verb, st.table, st.refusal = statementOf(tokens, s.dialect)
		if st.refusal == "" && readsCatalogue(tokens) {
			st.refusal = "it reads the database's own tables"
		}
		st.literals = literals(tokens)
		s.mu.byFingerprint[key] = st
	}
	st.varied = st.varied || !slices.Equal(literals(tokens), st.literals)
	if len(s.mu.byText) >= maxTexts*s.limit {
		clear(s.mu.byText)
	}
	s.mu.byText[strings.Clone(text)] = st
	return st
}

// literals are the values written into a text.
func literals(tokens []sqlscan.Token) []string {
	var list []string
	for _, k := range tokens {
		if k.IsLiteral() {
			list = append(list, strings.Clone(k.Text)) // some libraries reuse the bytes
		}
	}
	return list
}

func readsCatalogue(tokens []sqlscan.Token) bool {
	return slices.ContainsFunc(tokens, func(k sqlscan.Token) bool {
		name := k.Name(sqlscan.SQLite)
		return k.IsName() && (strings.HasPrefix(name, "pg_") || strings.HasPrefix(name, "sqlite_") || name == "information_schema")
	})
}

// due returns the statement to explain next: of those with arguments at hand
// and not explained for an hour, the one that took the most time.
func (s *samples) due(now time.Time) (st *statement, ask sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.mu.byFingerprint {
		fresh := !c.explainedAt.IsZero() && now.Sub(c.explainedAt) < s.every
		if c.sample == "" || fresh || st != nil && (c.elapsed < st.elapsed || c.elapsed == st.elapsed && c.text > st.text) {
			continue
		}
		st = c
	}
	if st == nil {
		return nil, sample{}
	}
	return st, sample{text: st.sample, args: st.args, varied: st.varied}
}

// explained records what came out and lets go of the arguments.
func (s *samples) explained(st *statement, r result, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.explainedAt, st.result = now, r
	st.sample, st.args = "", nil
}

// keep copies arguments, since their owner may change them once the statement
// is done. It says why if one cannot be copied.
func keep(args []any) (kept []any, why string) {
	kept = make([]any, len(args))
	size := 0
	for i, a := range args {
		v, n, ok := keepValue(a)
		if size += n; size > maxArgBytes {
			return nil, "its arguments are too large to keep"
		}
		if !ok {
			return nil, "an argument is of a type that cannot be kept: " + reflect.TypeOf(a).String()
		}
		kept[i] = v
	}
	return kept, ""
}

// keepValue copies one argument and estimates its size in bytes.
func keepValue(a any) (v any, size int, ok bool) {
	switch a := a.(type) {
	case nil:
		return nil, 0, true
	case time.Time:
		return a, 24, true
	case sql.NamedArg:
		value, n, ok := keepValue(a.Value)
		return sql.NamedArg{Name: a.Name, Value: value}, n, ok
	case sql.Out:
		return nil, 0, false
	}
	rv := reflect.ValueOf(a)
	if rv.Kind() == reflect.Pointer && rv.IsNil() {
		return nil, 0, true
	}
	if valuer, isValuer := a.(driver.Valuer); isValuer {
		value, err := valuer.Value()
		if err != nil {
			return nil, 0, false
		}
		if b, isBytes := value.([]byte); isBytes {
			return slices.Clone(b), len(b), true
		}
		return value, int(reflect.TypeFor[any]().Size()) + len(textOf(value)), true
	}
	if rv.Kind() == reflect.Pointer {
		return keepValue(rv.Elem().Interface())
	}
	if rv.Kind() == reflect.Slice {
		if !plain(rv.Type().Elem()) {
			return nil, 0, false
		}
		size := rv.Len() * int(rv.Type().Elem().Size())
		for i := range rv.Len() {
			if e := rv.Index(i); e.Kind() == reflect.String {
				size += e.Len()
			}
		}
		clone := reflect.MakeSlice(rv.Type(), rv.Len(), rv.Len())
		reflect.Copy(clone, rv)
		if rv.IsNil() {
			clone = reflect.Zero(rv.Type())
		}
		return clone.Interface(), size, true
	}
	if !plain(rv.Type()) {
		return nil, 0, false
	}
	if rv.Kind() == reflect.String {
		return a, rv.Len(), true
	}
	return a, int(rv.Type().Size()), true
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}

// plain reports whether copying a value copies all of it.
func plain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return true
	case reflect.Array:
		return plain(t.Elem())
	}
	return t == reflect.TypeFor[time.Time]()
}
