package httpcache

import (
	"hash/fnv"
	"net/http"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/cachekey"
	"github.com/hone-go/hone/internal/httpfield"
)

// A key is what a response is stored under. The method is always GET: HEAD is
// answered from its responses.
type key struct {
	Host  string // in lower case
	Path  string // as the client sent it
	Inner string // as the handler sees it, if that is another
	Query string // normalised
	Chose string // the values of Policy.Headers
	Owner string // of Policy.Owner
	Place uint32 // of a variant; 0 is where the URL says which there are
}

// keyOf makes the key of a request. It allocates nothing for a request whose
// query is in order, unless headers or owner are asked for.
func (p *Policy) keyOf(r *http.Request) (key, bool) {
	path, inner := paths(r)
	k := key{Host: strings.ToLower(r.Host), Path: path, Inner: inner, Query: p.Query.normalise(r.URL.RawQuery)}
	for _, name := range p.Headers {
		k.Chose = appendPart(k.Chose, headerValue(name, r.Header[name]))
	}
	if p.Owner.of == nil {
		return k, true
	}
	owner, known, err := p.Owner.of(r)
	if err != nil {
		return k, false
	}
	if known {
		k.Owner = owner
	}
	return k, true
}

// paths returns the path of a request as the client sent it, and the one that
// the handler sees if a middleware has changed it: two that are told apart by
// either are two resources.
func paths(r *http.Request) (path, inner string) {
	inner = r.URL.EscapedPath()
	path, _, _ = strings.Cut(r.RequestURI, "?")
	if path == inner || !strings.HasPrefix(path, "/") { // an absolute URI, or a request made by hand
		return inner, ""
	}
	return path, inner
}

// appendPart appends a part so that no other parts make the same string.
func appendPart(s, part string) string {
	b := make([]byte, 0, len(s)+len(part)+3)
	b = append(b, s...)
	for n := len(part); ; n >>= 7 {
		if n < 0x80 {
			return string(append(append(b, byte(n)), part...))
		}
		b = append(b, byte(n)|0x80)
	}
}

// A Query says which parameters of the query tell resources apart. The zero
// value takes all.
//
// Names are compared as they are sent, without decoding. The handler does not
// see the parameters that are left out: what it would make of them would
// otherwise be shown to others.
type Query struct {
	// Allow, if not nil, names the parameters that count.
	Allow []string
	// Ignore names parameters that do not count. A name that ends in "*"
	// stands for all that begin so: utm_*.
	Ignore []string
}

// normalise returns the query with the parameters that count, sorted by name.
// Those of one name stay in their order, and each as often as it was sent: to
// a handler that reads lists, either may matter. Cost: no allocation if the
// query is in order.
func (q *Query) normalise(raw string) string {
	if raw == "" {
		return ""
	}
	inOrder := true
	for rest, last := raw, ""; rest != "" && inOrder; {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		name := parameterName(pair)
		inOrder = pair != "" && name >= last && q.counts(name)
		last = name
	}
	if inOrder && raw[len(raw)-1] != '&' {
		return raw
	}
	pairs := slices.DeleteFunc(strings.Split(raw, "&"), func(pair string) bool {
		return pair == "" || !q.counts(parameterName(pair))
	})
	slices.SortStableFunc(pairs, func(a, b string) int { return strings.Compare(parameterName(a), parameterName(b)) })
	return strings.Join(pairs, "&")
}

// visible returns the query that the handler sees: as it was sent, but for
// what does not count.
func (q *Query) visible(raw string) string {
	if q.Allow == nil && len(q.Ignore) == 0 {
		return raw
	}
	return strings.Join(slices.DeleteFunc(strings.Split(raw, "&"), func(pair string) bool {
		return !q.counts(parameterName(pair))
	}), "&")
}

func parameterName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return name
}

func (q *Query) counts(name string) bool {
	return (q.Allow == nil || matches(q.Allow, name)) && !matches(q.Ignore, name)
}

// matches reports whether a name is in a list in which "*" ends a prefix.
func matches(list []string, name string) bool {
	for _, want := range list {
		if prefix, ok := strings.CutSuffix(want, "*"); ok && strings.HasPrefix(name, prefix) || want == name {
			return true
		}
	}
	return false
}

// headerValue is a request's field as it tells variants apart (RFC 9111 §4.1):
// its lines as one, without white space around commas. The order and case of
// what a client accepts do not matter.
func headerValue(name string, lines []string) string {
	switch len(lines) {
	case 0:
		return ""
	case 1:
		if !strings.ContainsAny(lines[0], ", ") && !strings.HasPrefix(name, "Accept") {
			return lines[0]
		}
	}
	elements := slices.Collect(httpfield.List(lines))
	if strings.HasPrefix(name, "Accept") {
		for i, e := range elements {
			elements[i] = strings.ToLower(strings.ReplaceAll(e, " ", ""))
		}
		slices.Sort(elements)
	}
	return strings.Join(elements, ", ")
}

// variantOf is what a request has in the fields that Vary names.
func variantOf(vary []string, r *http.Request) string {
	var v string
	for _, name := range vary {
		lines := r.Header[name]
		if name == "Host" {
			lines = []string{r.Host}
		}
		present := "-"
		if len(lines) > 0 {
			present = "+" // an empty field is not a missing one
		}
		v = appendPart(v, present+headerValue(name, lines))
	}
	return v
}

// placeOf is where a variant is stored: the variants of a URL share so many
// places, and each says for which it is.
func placeOf(vary []string, variant string, places uint32) uint32 {
	h := fnv.New64a()
	for _, name := range vary {
		_, _ = h.Write([]byte(name))
		_, _ = h.Write([]byte{0})
	}
	_, _ = h.Write([]byte(variant))
	return 1 + uint32(h.Sum64()%uint64(places))
}

// varyOf returns the names in Vary, canonical, sorted and each once, and
// whether they can tell variants apart: "*" and too many cannot.
func varyOf(h http.Header) (names []string, ok bool) {
	for name := range httpfield.List(h["Vary"]) {
		if name == "*" || len(names) == maxVary {
			return nil, false
		}
		names = append(names, http.CanonicalHeaderKey(name))
	}
	slices.Sort(names)
	return slices.Compact(names), true
}

// maxVary is how many fields Vary may name. Not larger: each has to be read for
// each hit. Not smaller: five are seen in practice.
const maxVary = 16

// An Owner says whose a response is: see [OwnedBy]. The zero value is nobody's.
type Owner struct {
	of func(*http.Request) (owner string, known bool, err error)
}

// OwnedBy keeps responses apart by what of returns for a request: a user, a
// tenant. Requests with a cookie or Authorization, and responses that are
// private, are then cached, for their owner alone. So of must tell everything
// that the response depends on, and have checked it: a name that anyone can put
// in a header is none. A request that it returns false for is nobody's, and
// treated as if there were no Owner.
//
// It fails if two equal values of K could not be recognised.
func OwnedBy[K comparable](of func(*http.Request) (K, bool)) (Owner, error) {
	encoder, err := cachekey.For[K]()
	if err != nil {
		return Owner{}, err
	}
	return Owner{func(r *http.Request) (string, bool, error) {
		k, known := of(r)
		if !known {
			return "", false, nil
		}
		owner, err := encoder.Append([]byte{1}, k)
		return string(owner), true, err
	}}, nil
}
