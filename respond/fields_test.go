package respond_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/respond"
)

type base struct {
	ID      int64     `json:"id"`
	Created time.Time `json:"created,omitzero"`
	Clash   string    `json:"clash"`
}

type Deep struct {
	Level int `json:"level"`
	Clash int `json:"clash"`
}

// upper encodes itself through a pointer.
type upper string

func (u *upper) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(*u))), nil }

// place has fields, but encodes itself.
type place struct{ Lat, Lon float64 }

func (p place) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "[ %g, %g ]", p.Lat, p.Lon), nil
}

type party struct {
	Name  string  `json:"name"`
	Email *string `json:"email,omitempty"`
	At    place   `json:"at"`
	Loud  upper   `json:"loud"`
}

type invoice struct {
	base
	*Deep
	Customer party            `json:"customer"`
	Payer    *party           `json:"payer"`
	Lines    []line           `json:"lines"`
	More     []*line          `json:"more,omitempty"`
	Pair     [2]line          `json:"pair"`
	Labels   map[string]int   `json:"labels"`
	Prices   map[string]party `json:"prices,omitempty"`
	Any      any              `json:"any"`
	Parent   *invoice         `json:"parent,omitempty"`
	Count    int              `json:"count,string"`
	Text     string           `json:"text,string"`
	Maybe    *bool            `json:"maybe,string"`
	Number   json.Number      `json:"number,string"`
	Ratio    float64          `json:"ratio,omitempty"`
	Small    float32          `json:"small"`
	Raw      json.RawMessage  `json:"raw,omitempty"`
	Bytes    []byte           `json:"bytes"`
	Big      *big.Int         `json:"big"`
	Markup   string           `json:"<m>"`
	Untagged uint8
	Hidden   string `json:"-"`
	private  int
}

type line struct {
	Product string    `json:"product"`
	Price   int       `json:"price"`
	Tax     []taxLine `json:"tax,omitempty"`
}

type taxLine struct {
	Rate float64 `json:"rate"`
	On   bool    `json:"on"`
}

// leaves are the paths that the property test picks from: the names of
// encoding/json, by hand.
var leaves = strings.Fields(`id created level customer customer.name customer.email customer.at customer.loud
	payer payer.name payer.email payer.at lines lines.product lines.price lines.tax lines.tax.rate lines.tax.on
	more more.product more.tax.on pair pair.price labels prices any parent count text maybe number ratio small
	raw bytes big <m> Untagged`)

func randomInvoice(r *rand.Rand, depth int) invoice {
	some := func() bool { return r.IntN(2) == 0 }
	texts := []string{"", "oak", `a"b\`, "a<b", "a>b", "a&b", "Straße\u2028", "\x00\xff", "日本"}
	text := func() string { return texts[r.IntN(len(texts))] }
	person := func() party {
		p := party{Name: text(), At: place{1.5, float64(r.IntN(9))}, Loud: upper(text())}
		if some() {
			e := text()
			p.Email = &e
		}
		return p
	}
	article := func() line {
		l := line{Product: text(), Price: r.IntN(100) - 50}
		for range r.IntN(3) {
			l.Tax = append(l.Tax, taxLine{r.Float64() * math.Pow(10, float64(r.IntN(50)-25)), some()})
		}
		return l
	}
	v := invoice{
		base: base{ID: r.Int64(), Clash: text()}, Customer: person(),
		Pair: [2]line{article(), article()}, Count: r.IntN(9), Text: text(), Number: "12.5",
		Small: r.Float32(), Markup: text(), Untagged: uint8(r.IntN(256)), Hidden: "secret", private: 1,
	}
	if some() {
		v.Deep = &Deep{Level: r.IntN(9)}
		v.Created = time.Unix(r.Int64N(1e9), 0)
		v.Ratio = r.NormFloat64()
		v.Labels = map[string]int{"b": 1, "a": 2}
		v.Any = []any{1, "x", nil}
	}
	if some() {
		p := person()
		v.Payer = &p
		v.Prices = map[string]party{"eur": p}
		v.Raw = json.RawMessage(`{ "a" : [1, 2] }`)
		v.Bytes = []byte(text())
		v.Big = big.NewInt(r.Int64())
		b := some()
		v.Maybe = &b
	}
	for range r.IntN(3) {
		l := article()
		v.Lines = append(v.Lines, l)
		v.More = append(v.More, &l, nil)
	}
	if depth > 0 && some() {
		p := randomInvoice(r, depth-1)
		v.Parent = &p
	}
	return v
}

// filter is the slow obvious way: encode everything, then keep the members
// that paths name, in the order in which they are.
func filter(t *testing.T, value json.RawMessage, paths [][]string) json.RawMessage {
	t.Helper()
	for _, p := range paths {
		if len(p) == 0 {
			return value
		}
	}
	dec := json.NewDecoder(bytes.NewReader(value))
	open, err := dec.Token()
	if err != nil {
		t.Fatal(err)
	}
	if open != json.Delim('{') && open != json.Delim('[') {
		return value
	}
	var parts []string
	for dec.More() {
		var key string
		rest := paths
		if open == json.Delim('{') {
			token, _ := dec.Token()
			key = token.(string)
			rest = nil
			for _, p := range paths {
				if p[0] == key {
					rest = append(rest, p[1:])
				}
			}
		}
		var member json.RawMessage
		if err := dec.Decode(&member); err != nil {
			t.Fatal(err)
		}
		if rest == nil {
			continue
		}
		text := string(filter(t, member, rest))
		if open == json.Delim('{') {
			name, _ := json.Marshal(key)
			text = string(name) + ":" + text
		}
		parts = append(parts, text)
	}
	if open == json.Delim('{') {
		return json.RawMessage("{" + strings.Join(parts, ",") + "}")
	}
	return json.RawMessage("[" + strings.Join(parts, ",") + "]")
}

func newFields[T any](t testing.TB, cfg respond.FieldsConfig) *respond.Fields[T] {
	t.Helper()
	f, err := respond.NewFields[T](cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSelectionEqualsMarshalThenFilter(t *testing.T) {
	fields := newFields[[]invoice](t, respond.FieldsConfig{})
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		var names []string
		var paths [][]string
		for range 1 + r.IntN(6) {
			name := leaves[r.IntN(len(leaves))]
			names = append(names, name)
			paths = append(paths, strings.Split(name, "."))
		}
		var v []invoice
		for range r.IntN(3) {
			v = append(v, randomInvoice(r, 2))
		}
		selection, err := fields.Parse(url.Values{"fields": {strings.Join(names, ",")}})
		if err != nil {
			t.Fatalf("seed %d: Parse(%q) = %v", seed, names, err)
		}
		got, err := selection.Append(nil, v)
		if err != nil {
			t.Fatalf("seed %d: %q: %v", seed, names, err)
		}
		all, err := json.Marshal(&v)
		if err != nil {
			t.Fatal(err)
		}
		if want := filter(t, all, paths); string(got) != string(want) {
			t.Fatalf("seed %d: %q of\n%s =\n%s, want\n%s", seed, names, all, got, want)
		}
	}
}

// Without a parameter and without limits the bytes are those of encoding/json.
func TestSelectionOfAllIsMarshal(t *testing.T) {
	fields := newFields[invoice](t, respond.FieldsConfig{})
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		v := randomInvoice(r, 2)
		selection, err := fields.Parse(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := selection.Append(nil, v)
		want, wantErr := json.Marshal(&v)
		if err != nil || wantErr != nil || string(got) != string(want) {
			t.Fatalf("Append =\n%s, %v, want\n%s, %v", got, err, want, wantErr)
		}
	}
}

func TestFieldsAllowAndDefault(t *testing.T) {
	fields := newFields[*invoice](t, respond.FieldsConfig{
		Allow:   []string{"id", "customer.name", "customer.at", "lines", "parent.parent.id"},
		Default: []string{"id", "customer"},
	})
	v := &invoice{base: base{ID: 7}, Customer: party{Name: "Ada"}, Lines: []line{{Product: "oak", Price: 3}}}
	v.Parent = &invoice{base: base{ID: 8}, Parent: &invoice{base: base{ID: 9}}}
	tests := []struct{ query, want string }{
		{"", `{"id":7,"customer":{"name":"Ada","at":[0,0]}}`},
		{"fields=id", `{"id":7}`},
		{"fields=id,id", `{"id":7}`},
		{"fields=customer", `{"customer":{"name":"Ada","at":[0,0]}}`},
		{"fields=lines.price,customer.name", `{"customer":{"name":"Ada"},"lines":[{"price":3}]}`},
		{"fields=parent", `{"parent":{"parent":{"id":9}}}`},
		{"fields=customer.email", "400"},
		{"fields=customer.loud", "400"},
		{"fields=parent.id", "400"},
		{"fields=ID", "400"},
		{"fields=id.x", "400"},
		{"fields=Hidden", "400"},
		{"fields=private", "400"},
		{"fields=", "400"},
		{"fields=id,", "400"},
		{"fields=.", "400"},
		{"fields=*", "400"},
		{"fields=id&fields=lines", "400"},
		{"fields=%zz", "400"},
		{"fields=" + strings.Repeat("id,", 64) + "id", "400"},
		{"fields=" + strings.Repeat("x", 10_000), "400"},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		err := fields.JSON(w, httptest.NewRequest("GET", "/?"+tt.query, nil), 200, v)
		got := strings.TrimSpace(w.Body.String())
		if w.Code != 200 {
			got = fmt.Sprint(w.Code)
		}
		if got != tt.want || (err == nil) != (w.Code == 200) {
			t.Errorf("JSON(?%.50s) = %s, %v, want %s", tt.query, got, err, tt.want)
		}
	}
}

func TestUnknownFieldIsToldWhatIsAllowed(t *testing.T) {
	fields := newFields[invoice](t, respond.FieldsConfig{Allow: []string{"id", "customer.name"}})
	_, err := fields.Parse(url.Values{"fields": {"id,customer.nmae"}})
	var p respond.Problem
	if !errors.As(err, &p) || p.Status != 400 || p.Detail != `fields names "customer.nmae", which is not one of id, customer, customer.name` {
		t.Errorf("Parse = %v, want a 400 with the names", err)
	}
}

type hub struct{ A, B, C, D, E, F, G, H spoke }

type spoke struct{ A, B, C, D, E, F, G, H rim }

type rim struct{ A, B, C, D, E, F, G, H tread }

type tread struct{ A, B, C, D, E, F, G, H, I, J int }

func TestNewFieldsRefuses(t *testing.T) {
	build := func(build func() error) error { return build() }
	tests := []struct {
		name string
		err  error
	}{
		{"no object", build(func() error { _, err := respond.NewFields[map[string]int](respond.FieldsConfig{}); return err })},
		{"own encoding", build(func() error { _, err := respond.NewFields[place](respond.FieldsConfig{}); return err })},
		{"unknown", build(func() error {
			_, err := respond.NewFields[line](respond.FieldsConfig{Allow: []string{"nothing"}})
			return err
		})},
		{"below a leaf", build(func() error {
			_, err := respond.NewFields[line](respond.FieldsConfig{Allow: []string{"price.x"}})
			return err
		})},
		{"default not allowed", build(func() error {
			_, err := respond.NewFields[line](respond.FieldsConfig{Allow: []string{"price"}, Default: []string{"product"}})
			return err
		})},
		{"negative", build(func() error { _, err := respond.NewFields[line](respond.FieldsConfig{Max: -1}); return err })},
		{"too wide", build(func() error { _, err := respond.NewFields[hub](respond.FieldsConfig{}); return err })},
	}
	for _, tt := range tests {
		if tt.err == nil || !strings.HasPrefix(tt.err.Error(), "respond: ") {
			t.Errorf("%s: NewFields = %v, want an error", tt.name, tt.err)
		}
	}
}

// Hostile lists of fields do not fill the memory.
func TestSelectionsAreBounded(t *testing.T) {
	fields := newFields[invoice](t, respond.FieldsConfig{})
	for i := range 10_000 {
		var names []string
		for bit := range 14 {
			if (i+1)>>bit&1 == 1 {
				names = append(names, leaves[bit])
			}
		}
		if _, err := fields.Parse(url.Values{"fields": {strings.Join(names, ",")}}); err != nil {
			t.Fatal(err)
		}
	}
	if n := fields.Selections(); n == 0 || n > 128 {
		t.Errorf("remembered selections = %d, want 1 to 128", n)
	}
}

func TestUnencodableFieldIsAProblem(t *testing.T) {
	fields := newFields[taxLine](t, respond.FieldsConfig{})
	w := httptest.NewRecorder()
	err := fields.JSON(w, httptest.NewRequest("GET", "/", nil), 200, taxLine{Rate: math.NaN()})
	if err == nil || w.Code != 500 || strings.Contains(w.Body.String(), "NaN") {
		t.Errorf("JSON(NaN) = %d %s, %v, want a 500", w.Code, w.Body, err)
	}
}

// FuzzFields checks that a list of names is refused or answered as filtering
// would answer it.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{"id", "customer.name,lines", "", ",", ".", "id.", "lines.tax.rate", "a\x00b", "<m>,-"} {
		f.Add(seed)
	}
	fields := newFields[invoice](f, respond.FieldsConfig{})
	v := randomInvoice(rand.New(rand.NewPCG(3, 4)), 1)
	all, err := json.Marshal(&v)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		selection, err := fields.Parse(url.Values{"fields": {text}})
		if err != nil {
			if !reflect.TypeFor[respond.Problem]().AssignableTo(reflect.TypeOf(err)) {
				t.Fatalf("Parse(%q) = %T, want a Problem", text, err)
			}
			return
		}
		got, err := selection.Append(nil, v)
		if err != nil {
			t.Fatalf("Append(%q): %v", text, err)
		}
		var paths [][]string
		for name := range strings.SplitSeq(text, ",") {
			paths = append(paths, strings.Split(name, "."))
		}
		if want := filter(t, all, paths); string(got) != string(want) {
			t.Fatalf("%q = %s, want %s", text, got, want)
		}
	})
}

func BenchmarkFields(b *testing.B) {
	rows := make([]sale, 100)
	for i := range rows {
		rows[i] = sale{int64(i), "Oak, planed", 12.5}
	}
	fields := newFields[[]sale](b, respond.FieldsConfig{})
	some := url.Values{"fields": {"id,name"}}
	var dst []byte
	b.Run("fields=2of3", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s, _ := fields.Parse(some)
			dst, _ = s.Append(dst[:0], rows)
		}
	})
	b.Run("fields=marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = json.Marshal(rows)
		}
	})
}

// What is found out about types is found out by NewFields: a known selection
// is a look-up, and the rows of a list cost no allocation each.
func TestSelectionsCostNoAllocations(t *testing.T) {
	fields, err := respond.NewFields[[]sale](respond.FieldsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	query := url.Values{"fields": {"name,id"}}
	selection, err := fields.Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(100, func() { _, _ = fields.Parse(query) }); got != 0 {
		t.Errorf("Parse of a text seen before = %v allocations, want 0", got)
	}
	list := make([]sale, 1000)
	for i := range list {
		list[i] = sale{int64(i), "Oak, planed", 12.5}
	}
	dst := make([]byte, 0, 1<<20)
	few := testing.AllocsPerRun(20, func() { _, _ = selection.Append(dst, list[:1]) })
	many := testing.AllocsPerRun(20, func() { _, _ = selection.Append(dst, list) })
	if many > few+50 { // the race detector has the pool lose its buffer, which grows anew
		t.Errorf("Append of 1000 rows = %v allocations, of one %v, want about the same", many, few)
	}
}
