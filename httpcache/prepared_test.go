package httpcache_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

// TestPreparedIsTheLongWay asks both ways for the same at the same time,
// whatever was stored, asked, changed or waited for before: where an answer is
// prepared, it is the one that the long way gives, and counts as much.
func TestPreparedIsTheLongWay(t *testing.T) {
	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	prepared := 0
	for i := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			prepared += newComparison(t, rand.New(rand.NewPCG(first, i))).run(600)
		})
		if t.Failed() {
			t.Fatalf("-seed=%d, configuration %d", first, i)
		}
	}
	if prepared < 2000 {
		t.Errorf("%d answers were prepared, want many: the test shows nothing", prepared)
	}
}

type comparison struct {
	*testing.T
	*rand.Rand
	h, other *httpcache.HTTPCache
	cache    *cache.Cache
	handler  http.Handler
	prepared func(http.ResponseWriter, *http.Request) bool
	long     http.Handler
}

// one returns one of a list.
func one[T any](c *comparison, list ...T) T { return list[c.IntN(len(list))] }

func newComparison(t *testing.T, rnd *rand.Rand) *comparison {
	c := &comparison{T: t, Rand: rnd}
	cfg := httpcache.Config{HideStatus: c.IntN(4) == 0, OnError: func(context.Context, error) {}, Default: httpcache.Policy{
		TTL: 5 * time.Second, Beta: -1, Retain: one(c, time.Minute, -1), StaleWhileRevalidate: one(c, 0, 3*time.Second),
		IgnoreRequest: c.IntN(3) == 0, Cookies: one(c, nil, []string{"theme"}),
		Headers: one(c, nil, []string{"X-Shop"}),
		Query:   one(c, httpcache.Query{}, httpcache.Query{Ignore: []string{"utm_*"}}),
	}}
	if c.IntN(2) == 0 {
		cfg.Encoder = newEncoder(t, encode.Config{MinSize: -1, Guard: one(c, encode.GuardCrossSite, encode.GuardCredentials)})
	}
	store := memoryStore(t)
	c.h, c.cache = openCache(t, store, cfg)
	c.other = open(t, store, cfg)
	c.handler = c.h.Handler(http.HandlerFunc(c.serve))
	c.prepared, c.long = httpcache.Ways(c.h, http.HandlerFunc(c.serve))
	return c
}

// serve answers with what may be stored, mostly.
func (c *comparison) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if control := one(c, "", "", "", "max-age=2", "max-age=4, must-revalidate", "no-cache", "no-store", "public, max-age=60",
		"max-age=1, stale-while-revalidate=2", "s-maxage=3", "max-age=30, immutable"); control != "" {
		h.Set("Cache-Control", control)
	}
	if vary := one(c, "", "", "", "", "Accept-Language", "X-Shop", "Accept-Encoding"); vary != "" {
		h.Set("Vary", vary)
	}
	if c.IntN(2) == 0 {
		h.Set("Etag", fmt.Sprintf(`"%d"`, c.IntN(3)))
	}
	if c.IntN(4) == 0 {
		h.Set("Cache-Status", "inner; fwd=miss")
	}
	if c.IntN(4) == 0 {
		h["X-Two"] = []string{"1", "2"}
	}
	h.Set("Surrogate-Key", one(c, "a", "b"))
	h.Set("Content-Type", one(c, "application/json", "text/html"))
	status := one(c, 200, 200, 200, 200, 404, 204, 301, 500)
	w.WriteHeader(status)
	if status != 204 {
		_, _ = fmt.Fprintf(w, "%s?%s for %s: %d", r.URL.Path, r.URL.RawQuery, r.Header.Get("X-Shop"), c.IntN(1000))
	}
}

func (c *comparison) request() *http.Request {
	r := httptest.NewRequest(one(c, "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "OPTIONS"),
		one(c, "http://a", "http://a", "http://A", "http://b")+one(c, "/x", "/x", "/x", "/x", "/y/z", "/y%2Fz", "//x")+
			one(c, "", "", "", "?utm_a=1", "?b=1&a=2", "?a=2&b=1"), http.NoBody)
	r.Header.Set("User-Agent", "test")
	if coding := one(c, "", "gzip", "gzip", "zstd", "br;q=1, *;q=0", "identity;q=0, gzip"); coding != "" {
		r.Header.Set("Accept-Encoding", coding)
	}
	if shop := one(c, "", "", "", "north", "south"); shop != "" {
		r.Header.Set("X-Shop", shop)
	}
	if c.IntN(3) == 0 {
		name := one(c, "Cookie", "Cookie", "Authorization", "Cache-Control", "Pragma", "Range", "If-None-Match", "If-Modified-Since",
			"If-Match", "If-Unmodified-Since", "If-Range", "Upgrade", "Accept-Language", "Sec-Fetch-Site", "X-Other")
		r.Header.Set(name, map[string][]string{
			"Cookie": {"theme=dark", "session=1"}, "Authorization": {"Bearer x", "Basic x"},
			"Cache-Control": {"no-cache", "max-age=0", "max-stale=5", "only-if-cached", "no-store", "min-fresh=2"},
			"Pragma":        {"no-cache", "x"}, "Range": {"bytes=0-1", "bytes=900-"}, "If-None-Match": {"*", `"1"`, `"1~gz"`},
			"If-Modified-Since":   {time.Now().UTC().Format(http.TimeFormat), "x"},
			"If-Unmodified-Since": {time.Now().UTC().Format(http.TimeFormat)}, "If-Match": {"*", `"2"`},
			"If-Range": {`"1"`}, "Upgrade": {"h2c"}, "Accept-Language": {"de", "fr"}, "Sec-Fetch-Site": {"cross-site"}, "X-Other": {"1"},
		}[name][0])
		if c.IntN(8) == 0 {
			r.Header[name] = append(r.Header[name], r.Header[name]...)
		}
	}
	switch c.IntN(40) {
	case 0:
		r.URL.Path = "/rewritten"
	case 1:
		r.Body, r.ContentLength = http.NoBody, 0
	case 2:
		r.ContentLength, r.Body = 3, httptest.NewRequest("POST", "/", strings.NewReader("abc")).Body
	case 3:
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}}
	case 4:
		r.Header["Accept-Encoding"] = []string{""}
	case 5:
		r.Pattern = "GET /outer"
	}
	return r
}

// change does what may end an answer, or waits.
func (c *comparison) change() {
	ctx := context.Background()
	var err error
	h := one(c, c.h, c.other)
	switch c.IntN(30) {
	case 0:
		err = h.Invalidate(ctx, one(c, "a", "b"))
	case 1:
		err = h.InvalidateURL(ctx, one(c, "http://a/x", "http://b/x"))
	case 2:
		err = h.InvalidatePrefix(ctx, one(c, "http://a/", "http://b/y/"))
	case 3:
		err = c.cache.Clear(ctx)
	case 4:
		h.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).
			ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("DELETE", "http://a/x", http.NoBody))
	case 5, 6:
		time.Sleep(time.Duration(c.Int64N(int64(3 * time.Second))))
	case 7, 8, 9:
		time.Sleep(time.Duration(c.Int64N(int64(400 * time.Millisecond))))
	case 10: // to the end of a second
		time.Sleep(time.Second - time.Duration(time.Now().Nanosecond())%time.Second - time.Duration(c.IntN(2)))
	case 11:
		time.Sleep(time.Duration(c.Int64N(int64(20 * time.Second))))
	}
	if err != nil {
		c.Error(err)
	}
	synctest.Wait()
}

// run makes requests, each of them a few times, and returns how many answers
// were prepared.
func (c *comparison) run(requests int) (prepared int) {
	for range requests {
		c.change()
		r := c.request()
		for range 1 + c.IntN(5) {
			if c.compare(r) {
				prepared++
			}
			c.handler.ServeHTTP(httptest.NewRecorder(), r.Clone(context.Background()))
			synctest.Wait()
		}
	}
	return prepared
}

// compare asks for r both ways, if its answer is prepared.
func (c *comparison) compare(r *http.Request) (prepared bool) {
	before := c.sums()
	vary := one(c, nil, []string{"Origin"})
	ask := func(serve func(http.ResponseWriter, *http.Request)) (*httptest.ResponseRecorder, string) {
		w := httptest.NewRecorder()
		if vary != nil {
			w.Header()["Vary"] = vary
			w.Header()["Cache-Status"] = []string{"outer"}
		}
		asked := r.Clone(context.Background())
		serve(w, asked)
		return w, asked.Pattern
	}
	short, pattern := ask(func(w http.ResponseWriter, r *http.Request) { prepared = c.prepared(w, r) })
	between := c.sums()
	if !prepared {
		if between != before {
			c.Errorf("sums of what was not prepared: %+v, want %+v", between, before)
		}
		return false
	}
	long, longPattern := ask(c.long.ServeHTTP)
	synctest.Wait()
	after := c.sums()
	if short.Code != long.Code || short.Body.String() != long.Body.String() || !reflect.DeepEqual(short.Header(), long.Header()) {
		c.Errorf("%s %s with %v is prepared as\n%d %v %q, want\n%d %v %q", r.Method, r.URL, r.Header,
			short.Code, short.Header(), short.Body, long.Code, long.Header(), long.Body)
	}
	if pattern != longPattern {
		c.Errorf("Pattern = %q, want %q", pattern, longPattern)
	}
	if got, want := between.NearHits-before.NearHits, after.NearHits-between.NearHits; got != want {
		c.Errorf("%d near hits were counted, want %d", got, want)
	}
	between.Hits, between.NearHits = after.Hits, after.NearHits
	if between != after {
		c.Errorf("sums after the long way are %+v, want but for hits %+v", after, between)
	}
	return true
}

// sums are those of the responses.
func (c *comparison) sums() cache.Stats {
	all := c.cache.Stats()
	return all[slices.IndexFunc(all, func(s cache.Stats) bool { return s.Name == "hone" })]
}
