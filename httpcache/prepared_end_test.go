package httpcache_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

// Where callbacks or the response decide what a request gets, nothing is
// prepared.
func TestNothingIsPrepared(t *testing.T) {
	owner, err := httpcache.OwnedBy(func(*http.Request) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	no := func(*http.Request) bool { return false }
	for name, tt := range map[string]struct {
		cfg    httpcache.Config
		header http.Header
	}{
		"Owner":          {cfg: httpcache.Config{Default: httpcache.Policy{Owner: owner}}},
		"Unless":         {cfg: httpcache.Config{Default: httpcache.Policy{Unless: no}}},
		"Fresh":          {cfg: httpcache.Config{Default: httpcache.Policy{Fresh: no}}},
		"ShowKey":        {cfg: httpcache.Config{ShowKey: true}},
		"fields":         {cfg: httpcache.Config{Default: httpcache.Policy{Headers: []string{"A", "B", "C", "D", "E"}}}},
		"Vary":           {header: http.Header{"Vary": {"X-Shop"}}},
		"a large header": {header: http.Header{"X-Large": {string(make([]byte, 5000))}}},
		"what is stale":  {header: http.Header{"Cache-Control": {"max-age=0, stale-while-revalidate=60"}}},
	} {
		inBubble(t, name, func(t *testing.T) {
			r := func() *http.Request { return httptest.NewRequest("GET", "http://a/", http.NoBody) }
			if prepare(t, tt.cfg, tt.header, r)(httptest.NewRecorder(), r()) {
				t.Error("an answer is prepared")
			}
		})
	}
}

// inBubble runs a row of a table by a clock of its own.
func inBubble(t *testing.T, row string, test func(*testing.T)) {
	t.Run(row, func(t *testing.T) { synctest.Test(t, test) })
}

// prepare has requests answered until an answer should be prepared, with a
// header besides what is needed to store it, and returns what answers those that
// it is prepared for.
func prepare(t *testing.T, cfg httpcache.Config, header http.Header, r func() *http.Request) func(http.ResponseWriter, *http.Request) bool {
	t.Helper()
	o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Cache-Control"], h["Content-Type"] = []string{"max-age=3600"}, []string{"text/plain"}
		for name, lines := range header {
			h[name] = lines
		}
		_, _ = fmt.Fprint(w, "a page of a list that can be had in a coding")
	}}
	h := open(t, memoryStore(t), cfg)
	prepared, _ := httpcache.Ways(h, o)
	handler := h.Handler(o)
	for range 6 {
		handler.ServeHTTP(httptest.NewRecorder(), r())
	}
	return prepared
}

// Of large coded bodies, the near cache alone decides which are kept.
func TestPreparedKeepsSmallBodies(t *testing.T) {
	random := make([]byte, 4*httpcache.PreparedBytes)
	_, _ = rand.NewChaCha8([32]byte{}).Read(random)
	for _, tt := range []struct {
		body           string
		kept, pointers int
	}{
		{strings.Repeat("page ", httpcache.PreparedBytes), 1, 0},
		{hex.EncodeToString(random), 0, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				w.Header().Set("Cache-Control", "max-age=60")
				_, _ = io.WriteString(w, tt.body)
			}}
			h := open(t, memoryStore(t), httpcache.Config{Encoder: newEncoder(t, encode.Config{})})
			prepared, long := httpcache.Ways(h, o)
			handler, r := h.Handler(o), httptest.NewRequest("GET", "http://a/", http.NoBody)
			r.Header.Set("Accept-Encoding", "gzip")
			for range 6 {
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}
			got, want := httptest.NewRecorder(), httptest.NewRecorder()
			if !prepared(got, r) {
				t.Fatal("the answer is not prepared")
			}
			if long.ServeHTTP(want, r); !bytes.Equal(got.Body.Bytes(), want.Body.Bytes()) || got.Header().Get("Content-Encoding") != "gzip" {
				t.Errorf("prepared: %d bytes with %v, want %d with %v", got.Body.Len(), got.Header(), want.Body.Len(), want.Header())
			}
			kept, pointers := httpcache.PreparedBodies(h)
			if min(kept, 1) != tt.kept || pointers != tt.pointers || kept > httpcache.PreparedBytes {
				t.Errorf("%d bytes are kept and %d pointed to, of %d", kept, pointers, got.Body.Len())
			}
		})
	}
}

// A prepared answer is as old as it says, and ends with what is fresh.
func TestPreparedEndsInTime(t *testing.T) {
	for _, tt := range []struct {
		control string
		after   time.Duration
		want    bool
	}{
		{"max-age=60", 998 * time.Millisecond, true},
		{"max-age=60", time.Second - 1, false},
		{"max-age=1", 998 * time.Millisecond, true},
		{"max-age=1", time.Second - 1, false},
	} {
		inBubble(t, tt.control+" after "+tt.after.String(), func(t *testing.T) {
			r := func() *http.Request { return httptest.NewRequest("GET", "http://a/", http.NoBody) }
			prepared := prepare(t, httpcache.Config{Default: httpcache.Policy{Beta: -1}}, http.Header{"Cache-Control": {tt.control}}, r)
			time.Sleep(tt.after)
			synctest.Wait()
			if w := httptest.NewRecorder(); prepared(w, r()) != tt.want || tt.want && w.Header().Get("Age") != "0" {
				t.Errorf("prepared with Age %q, want %v with 0", w.Header().Get("Age"), tt.want)
			}
		})
	}
}

// A prepared answer ends with what it is made of, in another process too: before
// its second is over, and before a look-up the long way has found out.
func TestPreparedEndsElsewhere(t *testing.T) {
	eachStore(t, func(t *testing.T, store func() cache.Store) {
		ctx := t.Context()
		h, elsewhere := open(t, store(), httpcache.Config{}), open(t, store(), httpcache.Config{})
		nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		for name, end := range map[string]func() error{
			"tag":    func() error { return elsewhere.Invalidate(ctx, "list") },
			"URL":    func() error { return elsewhere.InvalidateURL(ctx, "http://a/list") },
			"prefix": func() error { return elsewhere.InvalidatePrefix(ctx, "http://a/") },
			"write": func() error {
				get(elsewhere.Handler(nothing), "http://a/list", "DELETE")
				return nil
			},
		} {
			t.Run("by="+name, func(t *testing.T) {
				eventually(t, func() bool { return endsEarly(t, h, end) }) // the machine may be too slow once
			})
		}
	})
}

// endsEarly has an answer prepared, ends it, and reports whether that was seen
// in the same second, in which nothing else ends it.
func endsEarly(t *testing.T, h *httpcache.HTTPCache, end func() error) bool {
	o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		w.Header().Set("Surrogate-Key", "list")
	}}
	prepared, long := httpcache.Ways(h, o)
	handler, r := h.Handler(o), httptest.NewRequest("GET", "http://a/list", http.NoBody)
	begun := time.Now()
	late := func() bool { return time.Since(begun) >= time.Second }
	for !prepared(httptest.NewRecorder(), r) && !late() {
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	for prepared(httptest.NewRecorder(), r) && !late() {
		runtime.Gosched()
	}
	if late() || o.runs.Load() != 1 { // what was prepared may have been stored before
		return false
	}
	long.ServeHTTP(httptest.NewRecorder(), r)
	return o.runs.Load() == 2 // or it was the news that the response was stored
}

// A prepared hit allocates nothing.
func TestPreparedAllocatesNothing(t *testing.T) {
	o := &origin{serve: text}
	h := open(t, memoryStore(t), httpcache.Config{})
	handler, r := h.Handler(o), httptest.NewRequest("GET", "http://a/", http.NoBody)
	w := &emptyWriter{header: make(http.Header)}
	allocs := testing.AllocsPerRun(2000, func() {
		clear(w.header)
		handler.ServeHTTP(w, r)
	})
	if allocs != 0 {
		t.Errorf("%v allocations per hit, want 0", allocs)
	}
	if w.header["Age"] == nil {
		t.Errorf("header = %v, want that of a hit", w.header)
	}
}

type emptyWriter struct{ header http.Header }

func (w *emptyWriter) Header() http.Header         { return w.header }
func (w *emptyWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *emptyWriter) WriteHeader(int)             {}
