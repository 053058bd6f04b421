package load

import (
	"net/http"
	"sync"
)

// maxTags is how many URLs' entity tags are remembered. Not smaller: a mix may
// ask for as many pages. Not larger: each takes some hundred bytes, and the
// generator shares its machine with the service.
const maxTags = 100_000

// A revalidator sends every second request for a URL with the entity tag of its
// last answer. It is safe for concurrent use.
type revalidator struct {
	base http.RoundTripper

	mu struct {
		sync.Mutex
		tags map[string]*seen // by URL
	}
}

// seen is what is known of a URL.
type seen struct {
	tag  string
	sent bool // with the last request
}

func newRevalidator(base http.RoundTripper) *revalidator {
	v := &revalidator{base: base}
	v.mu.tags = make(map[string]*seen)
	return v
}

// RoundTrip sends the request, which is the caller's copy to change.
func (v *revalidator) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return v.base.RoundTrip(r)
	}
	url := r.URL.String()
	if tag := v.due(url); tag != "" && r.Header.Get("If-None-Match") == "" {
		r.Header.Set("If-None-Match", tag)
	}
	resp, err := v.base.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusOK {
		v.remember(url, resp.Header.Get("Etag"))
	}
	return resp, err
}

// due returns the tag to send for a URL, if it is this request's turn.
func (v *revalidator) due(url string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.mu.tags[url]
	if s == nil {
		return ""
	}
	if s.sent = !s.sent; !s.sent {
		return ""
	}
	return s.tag
}

func (v *revalidator) remember(url, tag string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.mu.tags[url]
	switch {
	case tag == "":
		delete(v.mu.tags, url)
	case s != nil:
		s.tag = tag
	case len(v.mu.tags) < maxTags:
		v.mu.tags[url] = &seen{tag: tag}
	}
}
