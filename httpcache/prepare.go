package httpcache

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"weak"

	"github.com/hone-go/hone/internal/xfetch"
)

// prepare notes the answer to a request that hits, at a given time, if another
// such was answered in the same second and the slot is free.
func (t *turn) prepare(p *Response, a *answer, shown *shownHit, now time.Time) {
	age := p.age(now)
	again := min(time.Second-age%time.Second, p.Lifetime-age-xfetch.AtMost(p.Took, t.policy.Beta))
	if again <= 0 || t.key.Place != 0 || p.passing || !plain(t.r.Header) {
		return
	}
	if !shown.again.Load() {
		shown.again.Store(true)
		return
	}
	slot, values, ok := t.prepared.slot(t.r)
	if !ok {
		return
	}
	if old := slot.Load(); old != nil && old.response.Holds() {
		return // or the two would replace each other with every request
	}
	held, near, ok := t.h.store.Handle(t.key, now.Add(again))
	if !ok || near != p {
		return
	}
	hit := t.prepared.newHit(t.r, values)
	hit.response, hit.status, hit.pattern, hit.bodied = held, a.status, p.pattern, bodyAllowed(a.status)
	header := make(http.Header, len(a.header)+3)
	merge(header, a.header)
	header["Age"] = shown.age
	if !t.h.cfg.HideStatus {
		header["Cache-Status"] = shown.status
	}
	if hit.bodied {
		header["Content-Length"] = a.length
	}
	bytes := hit.setFields(header)
	if bytes > preparedBytes {
		return
	}
	if a.coded != nil {
		k := codingKey{p.body, a.coding}
		coded, ok := t.h.codings.Look(t.unaccounted(), k) // so that it is seen to be used, once a second
		if !ok {
			return
		}
		if hit.isCoded = true; bytes+len(coded.bytes) <= preparedBytes {
			hit.coded = coded
		} else {
			hit.large = weak.Make(coded)
		}
	}
	slot.Store(hit)
}

// newHit returns one without an answer.
func (hits *preparedHits) newHit(r *http.Request, values [preparedFields]string) *preparedHit {
	hit := &preparedHit{
		hits: hits,
		host: strings.Clone(r.Host), uri: strings.Clone(r.RequestURI),
		path: strings.Clone(r.URL.Path), rawPath: strings.Clone(r.URL.RawPath), rawQuery: strings.Clone(r.URL.RawQuery),
	}
	for i, value := range values {
		hit.values[i] = strings.Clone(value)
	}
	if len(r.Header) <= plainFields {
		hit.given = len(r.Header)
		for name := range r.Header {
			if i := slices.Index(hits.names, name); i < 0 || values[i] == "" {
				hit.plain = append(hit.plain, strings.Clone(name))
			}
		}
	}
	return hit
}

// setFields sets the fields of the answer, and returns the hit's size in bytes.
func (hit *preparedHit) setFields(h http.Header) (bytes int) {
	bytes = len(hit.host) + len(hit.uri) + len(hit.path) + len(hit.rawPath) + len(hit.rawQuery)
	for _, s := range hit.values {
		bytes += len(s)
	}
	for _, name := range hit.plain {
		bytes += len(name)
	}
	for name, lines := range h {
		bytes += len(name)
		for _, line := range lines {
			bytes += len(line)
		}
		if name == "Vary" {
			hit.vary = lines
		} else {
			hit.fields = append(hit.fields, preparedField{name, lines})
		}
	}
	return bytes
}
