package httpfield_test

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/httpfield"
)

// RFC 9110 §5.6.1.
func TestList(t *testing.T) {
	tests := []struct {
		in   []string
		want []string
	}{
		{nil, nil},
		{[]string{""}, nil},
		{[]string{" , ,\t,"}, nil},
		{[]string{"a, b ,c"}, []string{"a", "b", "c"}},
		{[]string{"a", "b,c"}, []string{"a", "b", "c"}},
		{[]string{`x="1,2", y`}, []string{`x="1,2"`, "y"}},
		{[]string{`x="\",", y`}, []string{`x="\","`, "y"}},
		{[]string{`x="open, y`, "z"}, []string{`x="open, y`, "z"}},
	}
	for _, tt := range tests {
		if got := slices.Collect(httpfield.List(tt.in)); !slices.Equal(got, tt.want) {
			t.Errorf("List(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// RFC 9110 §12.4.2.
func TestWeighted(t *testing.T) {
	tests := []struct{ in, want string }{
		{"gzip", "gzip=1000"},
		{"gzip;q=0.5, br ; Q=1.000", "gzip=500 br=1000"},
		{"a;q=0, b;q=0., c;q=0.001, d;q=1.", "a=0 b=0 c=1 d=1000"},
		{"a;q=1.001, b;q=2, c;q=-1, d;q=0.0000, e;q=, f;q, g;, h;q=.5", ""},
		{"a;q=0.5;q=1, b;level=1, c d, ;q=1, *;q=0.1", "*=100"},
		{"a; q = 1, b;q=0.x", ""},
	}
	for _, tt := range tests {
		var got []string
		for token, weight := range httpfield.Weighted([]string{tt.in}) {
			got = append(got, fmt.Sprintf("%s=%d", token, weight))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("Weighted(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// RFC 9110 §12.5.5.
func TestAddVary(t *testing.T) {
	tests := []struct{ in, want []string }{
		{nil, []string{"Accept-Encoding"}},
		{[]string{"Accept"}, []string{"Accept", "Accept-Encoding"}},
		{[]string{"Accept, accept-encoding"}, []string{"Accept, accept-encoding"}},
		{[]string{"Accept", "*"}, []string{"Accept", "*"}},
		{[]string{"X-Accept-Encoding"}, []string{"X-Accept-Encoding", "Accept-Encoding"}},
	}
	for _, tt := range tests {
		h := http.Header{"Vary": slices.Clone(tt.in)}
		httpfield.AddVary(h, "Accept-Encoding")
		if got := h["Vary"]; !slices.Equal(got, tt.want) {
			t.Errorf("AddVary to %q = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// RFC 9110 §8.8.3, §13.1.2.
func TestTags(t *testing.T) {
	tests := []struct {
		in   []string
		want string
	}{
		{[]string{`"a"`}, `"a"`},
		{[]string{`"a", W/"b" ,, "c,d"`, `"e"`}, `"a" W/"b" "c,d" "e"`},
		{[]string{`"a\", "b"`}, `"a\" "b"`},
		{[]string{`""`}, `""`},
		{[]string{`"a" "b"`}, ""},
		{[]string{`"a", b, "c"`, `"d"`}, `"a" "d"`},
		{[]string{`w/"a"`, `"open`, `*`, `"a b"`, "\"a\x7f\""}, ""},
	}
	for _, tt := range tests {
		var got []string
		for tag := range httpfield.Tags(tt.in) {
			got = append(got, tag.String())
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("Tags(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	if !httpfield.AnyTag([]string{" * "}) || httpfield.AnyTag([]string{`*, "a"`}) || httpfield.AnyTag(nil) {
		t.Error(`AnyTag is true for "*" alone, want that`)
	}
}

// RFC 9110 §8.8.3.2, the table of the clause.
func TestTagComparison(t *testing.T) {
	tests := []struct {
		a, b         string
		strong, weak bool
	}{
		{`W/"1"`, `W/"1"`, false, true},
		{`W/"1"`, `W/"2"`, false, false},
		{`W/"1"`, `"1"`, false, true},
		{`"1"`, `"1"`, true, true},
	}
	for _, tt := range tests {
		a, _ := httpfield.ParseTag(tt.a)
		b, _ := httpfield.ParseTag(tt.b)
		if a.MatchStrong(b) != tt.strong || a.MatchWeak(b) != tt.weak {
			t.Errorf("%s, %s: strong %t, weak %t, want %t, %t", tt.a, tt.b, a.MatchStrong(b), a.MatchWeak(b), tt.strong, tt.weak)
		}
	}
}

// RFC 9111 §5.2.
func TestDirectives(t *testing.T) {
	tests := []struct{ in, want string }{
		{"max-age=60, Private", "max-age:60 Private:"},
		{`no-cache="Set-Cookie, X", public`, "no-cache:Set-Cookie, X public:"},
		{`a="x\"y", b="open, c`, `a:x"y`},
		{`a="\", =1, b=, c=d e, f`, ""},
		{`a=, =1, b c, d="e"f, g`, "g:"},
	}
	for _, tt := range tests {
		var got []string
		for name, argument := range httpfield.Directives([]string{tt.in}) {
			got = append(got, name+":"+argument)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("Directives(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	if got, ok := httpfield.Directive([]string{"a", "Max-Age=1, max-age=2"}, "max-age"); got != "1" || !ok {
		t.Errorf("Directive(max-age) = %q, %t, want the first", got, ok)
	}
}

// RFC 9111 §1.2.2.
func TestDeltaSeconds(t *testing.T) {
	tests := []struct {
		in   string
		want int64
		ok   bool
	}{
		{"0", 0, true},
		{"60", 60, true},
		{"007", 7, true},
		{"2147483648", 1<<31 - 1, true},
		{strings.Repeat("9", 400), 1<<31 - 1, true},
		{"", 0, false},
		{"-1", 0, false},
		{"1.5", 0, false},
		{" 1", 0, false},
	}
	for _, tt := range tests {
		if got, ok := httpfield.DeltaSeconds(tt.in); got != tt.want || ok != tt.ok {
			t.Errorf("DeltaSeconds(%.20q) = %d, %t, want %d, %t", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

var slowWeight = regexp.MustCompile(`^([!#$%&'*+.^_|~0-9A-Za-z\x60-]+)(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?$`)

// FuzzWeighted compares with the grammar as a regular expression.
func FuzzWeighted(f *testing.F) {
	for _, seed := range []string{"gzip, br;q=0.5", "*;q=0", `a;q="1,2"`, "a;q=1.0001,,", "gzip;q=0.123 , x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		var got, want []string
		for token, weight := range httpfield.Weighted([]string{in}) {
			got = append(got, fmt.Sprint(token, "=", weight))
		}
		for element := range httpfield.List([]string{in}) {
			m := slowWeight.FindStringSubmatch(element)
			if m == nil {
				continue
			}
			q := 1.0
			if m[2] != "" {
				q, _ = strconv.ParseFloat(m[2], 64)
			}
			want = append(want, fmt.Sprint(m[1], "=", int(q*1000+0.5)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("Weighted(%q) = %q, want %q", in, got, want)
		}
	})
}

var slowTags = regexp.MustCompile(`^[, \t]*(W/)?"([^\x00- "\x7f]*)"[ \t]*(,|$)`)

// FuzzTags compares with the grammar as a regular expression.
func FuzzTags(f *testing.F) {
	for _, seed := range []string{`"a", W/"b"`, `"a" "b"`, `"a\", b`, `,, "x"`, `*`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := slices.Collect(httpfield.Tags([]string{in}))
		var want []httpfield.Tag
		for rest := in; ; {
			m := slowTags.FindStringSubmatch(rest)
			if m == nil {
				break
			}
			want = append(want, httpfield.Tag{Opaque: m[2], Weak: m[1] != ""})
			rest = rest[len(m[0]):]
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Tags(%q) = %v, want %v", in, got, want)
		}
	})
}

var slowElement = regexp.MustCompile(`^(?:[^,"]|"(?:[^"\\]|\\(?s:.))*(?:"|\\?$))*`)

var slowDirective = regexp.MustCompile(`^([!#$%&'*+.^_|~0-9A-Za-z\x60-]+)(?:=(?:([!#$%&'*+.^_|~0-9A-Za-z\x60-]+)|"((?:[^"\\]|\\(?s:.))*)"))?$`)

var quotedPair = regexp.MustCompile(`(?s)\\(.)`)

// FuzzDirectives compares with the grammar as regular expressions.
func FuzzDirectives(f *testing.F) {
	for _, seed := range []string{"max-age=1, private", `no-cache="a, b", x`, `a="\"", b="`, `"a`, `a=",\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, c := range []byte(in) {
			if c < ' ' && c != '\t' || c >= 0x7f {
				t.Skip("not a field value that net/http lets in, or not text for regexp")
			}
		}
		var got, want []string
		for name, argument := range httpfield.Directives([]string{in}) {
			got = append(got, name+":"+argument)
		}
		for rest := in; rest != ""; {
			element := slowElement.FindString(rest)
			if rest = rest[len(element):]; rest != "" {
				rest = rest[1:]
			}
			if m := slowDirective.FindStringSubmatch(strings.Trim(element, " \t")); m != nil {
				want = append(want, m[1]+":"+m[2]+quotedPair.ReplaceAllString(m[3], "$1"))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("Directives(%q) = %q, want %q", in, got, want)
		}
	})
}
