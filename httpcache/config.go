package httpcache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/hone-go/hone/encode"
)

// Config configures an [HTTPCache]. The zero value is ready to use.
type Config struct {
	// Name is what Cache-Status calls this cache, and under which its entries
	// are in the cache.Cache. Default "hone"; 1 to 92 of a-z, 0-9, '.', '_'
	// and '-'.
	Name string
	// Default is the policy of [HTTPCache.Handler] and [HTTPCache.Cached].
	Default Policy
	// Encoder, if set, encodes responses by its rules. A body is stored as the
	// handler wrote it, and in each coding that a client has asked for, made
	// once: the handler does not run for it, and later hits compress nothing.
	// What is not stored is encoded as it is written. The Encoder must not stand
	// around the cache or the handler too; a response to which the handler has
	// applied a coding itself is stored and sent so.
	Encoder *encode.Encoder
	// ShowKey puts the key into Cache-Status. It is for development: it shows
	// to a client how a URL is normalised.
	ShowKey bool
	// HideStatus leaves Cache-Status out.
	HideStatus bool
	// OnError, if set, is told of what went wrong and was survived: a write
	// whose invalidation failed, a panic of a callback, or of the handler in
	// the background. It must be quick and safe for concurrent use. The text
	// may name hosts: log it, never serve it.
	OnError func(ctx context.Context, err error)
}

// A Policy says what is stored, for how long, and for whom. The zero value
// leaves it to the handler's Cache-Control. Its callbacks are called on the
// goroutine of the request and must be safe for concurrent use. One that
// panics counts as having given the cautious answer: nothing is looked up or
// stored.
type Policy struct {
	// TTL is how long a response is fresh that says nothing of it. Default 0:
	// only what Cache-Control, Expires or Last-Modified allow is stored.
	TTL time.Duration
	// Jitter is the share by which TTL differs at random, either way. Default
	// 0.1; negative is off. A life that the response states is not changed.
	Jitter float64
	// Statuses overrides TTL for responses with these statuses. Default: 404
	// and 410 a tenth of TTL, at most 10 seconds, as what is missing may come;
	// other statuses than those that are cacheable by definition (RFC 9110
	// §15.1) not at all. 5xx, 501 too, is stored only if it is in here, or says
	// itself that it may: by a life, or by public beside a Last-Modified.
	Statuses map[int]time.Duration
	// Heuristic bounds the life of a response that has nothing but a
	// Last-Modified: a tenth of the time since then. Default 1 hour; negative
	// is off. Not larger: it is a guess.
	Heuristic time.Duration

	// StaleWhileRevalidate and StaleIfError are for responses that do not say.
	// Default 0.
	StaleWhileRevalidate, StaleIfError time.Duration
	// Retain is how long a stale response is kept to be validated, or for
	// requests that take it. Default 10 minutes; negative is off. Not larger:
	// it takes room. Not smaller: a 304 saves most of the work.
	Retain time.Duration
	// Beta is how eagerly a response is fetched anew before its end: see
	// cache.FuncConfig. Default 1; negative is off.
	Beta float64

	// MaxBody is the size in bytes above which a body is not stored. Default
	// 1 MiB. Not larger: so much is buffered for each request that runs the
	// handler. Not smaller: pages and lists fit.
	MaxBody int64
	// MaxVariants is how many variants of a URL are kept at most: see Vary.
	// Default 1024. Not larger: a client can make up as many. Not smaller: two
	// that are hashed to the same place replace each other.
	MaxVariants int

	// Query says which parameters count.
	Query Query
	// Headers are request fields that are part of the key, whether or not the
	// response names them in Vary.
	Headers []string
	// Owner keeps the responses of users or tenants apart: see [OwnedBy].
	Owner Owner
	// Cookies declares cookies harmless, by name, or by prefix if it ends in
	// "*": no response depends on them. A request with any other cookie is not
	// answered from the cache, and its response not stored.
	Cookies []string
	// Targets are the fields that stand in for Cache-Control if they are there
	// (RFC 9213), the first first. Default CDN-Cache-Control.
	Targets []string
	// IgnoreRequest ignores what a request's Cache-Control and Pragma demand:
	// otherwise any client can have the handler run.
	IgnoreRequest bool

	// Unless, if it returns true, has the request pass as if there were no
	// cache.
	Unless func(*http.Request) bool
	// Fresh, if it returns true, has the handler run, and its response replace
	// the stored one.
	Fresh func(*http.Request) bool
	// Keep, if it returns false, keeps a response from being stored.
	Keep func(*http.Request, *Response) bool
	// Tags names what a response depends on, besides what it says itself in
	// Surrogate-Key and Cache-Tag.
	Tags func(*http.Request, *Response) []string
}

const (
	defaultName        = "hone"
	defaultJitter      = 0.1
	defaultHeuristic   = time.Hour
	defaultRetain      = 10 * time.Minute
	defaultMaxBody     = 1 << 20
	defaultMaxVariants = 1024
	defaultMissing     = 10 * time.Second
	maxLife            = 10 * 365 * 24 * time.Hour
)

func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = defaultName
	}
	return c
}

func (p Policy) withDefaults() Policy {
	setDefault(&p.Jitter, defaultJitter)
	setDefault(&p.Heuristic, defaultHeuristic)
	setDefault(&p.Retain, defaultRetain)
	setDefault(&p.MaxBody, defaultMaxBody)
	setDefault(&p.MaxVariants, defaultMaxVariants)
	setDefault(&p.Beta, 1)
	if p.Targets == nil {
		p.Targets = []string{"Cdn-Cache-Control"}
	}
	p.Headers, p.Targets = canonical(p.Headers), canonical(p.Targets)
	p.Cookies = slices.Clone(p.Cookies)
	p.Query = Query{Allow: slices.Clone(p.Query.Allow), Ignore: slices.Clone(p.Query.Ignore)}
	lives := make(map[int]time.Duration, len(p.Statuses))
	for status, life := range p.Statuses {
		lives[status] = life
	}
	p.Statuses = lives
	return p
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func canonical(names []string) []string {
	names = slices.Clone(names)
	for i, name := range names {
		names[i] = http.CanonicalHeaderKey(name)
	}
	return names
}

func (p Policy) validate() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("httpcache: Policy."+format, args...))
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"TTL", p.TTL},
		{"StaleWhileRevalidate", p.StaleWhileRevalidate},
		{"StaleIfError", p.StaleIfError},
		{"Retain", max(0, p.Retain)},
		{"Heuristic", max(0, p.Heuristic)},
	} {
		if d.d < 0 || d.d > maxLife {
			wrong("%s is %v, want 0 to 10 years", d.name, d.d)
		}
	}
	for status, life := range p.Statuses {
		if status < 200 || status > 599 || status == http.StatusPartialContent || status == http.StatusNotModified {
			wrong("Statuses has %d, want 200 to 599 but 206 and 304", status)
		}
		if life < 0 || life > maxLife {
			wrong("Statuses[%d] is %v, want 0 to 10 years", status, life)
		}
	}
	if !(p.Jitter < 1) {
		wrong("Jitter is %v, want < 1: it is a share", p.Jitter)
	}
	if !(p.Beta <= 1000) {
		wrong("Beta is %v, want ≤ 1000", p.Beta)
	}
	if p.MaxBody < 0 || p.MaxBody > 64<<20 {
		wrong("MaxBody is %d, want 1 byte to 64 MiB: it is held in memory", p.MaxBody)
	}
	if p.MaxVariants < 0 || p.MaxVariants > 1<<20 {
		wrong("MaxVariants is %d, want 1 to 1048576", p.MaxVariants)
	}
	return errors.Join(errs...)
}
