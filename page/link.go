package page

import (
	"maps"
	"net/url"
	"strconv"
	"strings"
)

// links writes the value of a Link header (RFC 8288 §3).
type links struct {
	base   string
	values url.Values
	text   strings.Builder
}

// newLinks returns links to pages of the list at u. The page size is named if
// the client has named one, as it was understood.
func newLinks(u *url.URL, values url.Values, sizeParam string, perPage int) *links {
	target := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	if u.Host == "" && strings.HasPrefix(u.Path, "//") {
		target = url.URL{} // "//a/b" as a reference names a host
	}
	values = maps.Clone(values)
	if values == nil {
		values = make(url.Values)
	}
	if values.Has(sizeParam) {
		values.Set(sizeParam, strconv.Itoa(perPage))
	}
	return &links{base: target.String(), values: values}
}

// add adds a relation: to the list's URL with a parameter set, or without it
// if the value is empty.
func (l *links) add(rel, param, value string) {
	if value == "" {
		l.values.Del(param)
	} else {
		l.values.Set(param, value)
	}
	if l.text.Len() > 0 {
		l.text.WriteString(", ")
	}
	l.text.WriteString("<" + l.base + "?" + l.values.Encode() + `>; rel="` + rel + `"`)
}

func (l *links) String() string { return l.text.String() }
