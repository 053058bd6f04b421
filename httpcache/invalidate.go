package httpcache

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/hone-go/hone/internal/httpfield"
	"github.com/hone-go/hone/internal/responsewriter"
)

// Invalidate makes every response with one of the tags one that is not there,
// in all processes; those that are being made will not be stored. Tags are the
// words in Surrogate-Key, the elements of Cache-Tag, and those of Policy.Tags
// and [AddTags]. They are also those of the cache.Cache: its Invalidate does the
// same, and drops what functions have under the tag. Cost: one round trip,
// however many responses there are. After an error it may or may not have
// happened: call it again.
func (h *HTTPCache) Invalidate(ctx context.Context, tags ...string) error {
	return h.cache.Invalidate(ctx, tags...)
}

// InvalidateURL is Invalidate for what is at URLs: with any query, in all
// variants, of all owners. Each has a host: "https://shop.example/items/7".
func (h *HTTPCache) InvalidateURL(ctx context.Context, urls ...string) error {
	return h.invalidateAll(ctx, urls, pathTag)
}

// InvalidatePrefix is InvalidateURL for what is below URLs, which end in a
// slash: "https://shop.example/items/".
func (h *HTTPCache) InvalidatePrefix(ctx context.Context, urls ...string) error {
	for _, s := range urls {
		if !strings.HasSuffix(s, "/") {
			return fmt.Errorf("httpcache: the prefix %q does not end in a slash", s)
		}
	}
	return h.invalidateAll(ctx, urls, prefixTag)
}

func (h *HTTPCache) invalidateAll(ctx context.Context, urls []string, tag func(host, path string) string) error {
	tags := make([]string, len(urls))
	for i, s := range urls {
		u, err := url.Parse(s)
		if err != nil {
			return fmt.Errorf("httpcache: %w", err)
		}
		if u.Host == "" {
			return fmt.Errorf("httpcache: the URL %q has no host", s)
		}
		tags[i] = tag(strings.ToLower(u.Host), pathOf(u))
	}
	return h.cache.Invalidate(ctx, tags...)
}

func pathOf(u *url.URL) string {
	if p := u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

// The tags that every response has. No field of a response can hold a tag with
// a zero byte.
func pathTag(host, path string) string   { return "\x00url " + host + path }
func prefixTag(host, path string) string { return "\x00below " + host + path }

// tagsOf returns the tags of a response. It reports false if it has more than
// can be kept: one of them might be invalidated in vain.
func (t *turn) tagsOf(p *Response, h http.Header) (tags []string, ok bool) {
	tags = append(tags, pathTag(t.key.Host, t.key.Path))
	for i := range len(t.key.Path) {
		if t.key.Path[i] == '/' {
			tags = append(tags, prefixTag(t.key.Host, t.key.Path[:i+1]))
		}
		if len(tags) > maxTags {
			return nil, false
		}
	}
	for _, line := range h["Surrogate-Key"] {
		tags = append(tags, strings.Fields(line)...)
	}
	for tag := range httpfield.List(h["Cache-Tag"]) {
		tags = append(tags, tag)
	}
	tags = append(tags, t.added...)
	if t.policy.Tags != nil {
		ok = false
		more := ask(t.view, t.r, "Tags", nil, func() []string {
			list := t.policy.Tags(t.r, p)
			ok = true
			return list
		})
		if !ok {
			return nil, false
		}
		tags = append(tags, more...)
	}
	return tags, len(tags) <= maxTags
}

// maxTags is how many tags an entry of package cache can have.
const maxTags = 100

// unsafe passes a request that changes something (RFC 9111 §4.4): if it
// succeeds, what is stored for its URL, and for those that Location and
// Content-Location name on the same host, is no more.
func (t *turn) unsafe() {
	t.status.forward = forwardMethod
	t.status.show(t, t.w.Header(), nil, 0)
	u := &changes{turn: t}
	t.encoding(func() {
		u.Init(t.w, u)
		t.next.ServeHTTP(u, t.r)
		u.Finish()
	})
	if u.Bytes() > 0 {
		u.invalidate() // once more: the change may be committed after the header
	}
}

// changes is what the handler of an unsafe request writes to.
type changes struct {
	responsewriter.Writer
	turn *turn
	tags []string
}

// BeforeHeader invalidates before the client can know of its success, so that
// it reads what it wrote.
func (c *changes) BeforeHeader(status int) {
	if status < 200 || status > 399 {
		return
	}
	host := strings.ToLower(c.turn.r.Host)
	path, _ := paths(c.turn.r)
	c.tags = []string{pathTag(host, path)}
	base := url.URL{Scheme: "http", Host: host, Path: "/"}
	if u, err := base.Parse(path); err == nil {
		base = *u
	}
	for _, name := range [...]string{"Location", "Content-Location"} {
		field := c.turn.w.Header().Get(name)
		if u, err := base.Parse(field); field != "" && err == nil && strings.EqualFold(u.Host, host) {
			c.tags = append(c.tags, pathTag(host, pathOf(u)))
		}
	}
	c.invalidate()
}

func (c *changes) invalidate() {
	if len(c.tags) == 0 {
		return
	}
	ctx := context.WithoutCancel(c.turn.r.Context())
	if err := c.turn.h.cache.Invalidate(ctx, c.tags...); err != nil {
		c.turn.h.report(ctx, fmt.Errorf("httpcache: after a %s: %w", c.turn.r.Method, err))
	}
}
