//go:build cachetests

package conformance_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/httpcache/internal/conformance"
	"github.com/hone-go/hone/store/memory"
)

// envSuite names the directory of the installed suite, envOnly one test of it.
const (
	envSuite = "HONE_TEST_HTTP_CACHE_TESTS"
	envOnly  = "HONE_TEST_HTTP_CACHE_TEST"
)

// The promise: the best caches that publish their results have 141 and 74.
const (
	wantRequired = 150
	wantOptimal  = 85
)

// cached returns next behind the cache under test, as a gateway would set it up.
func cached(t *testing.T, next http.Handler) http.Handler {
	t.Helper()
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cache.New(store, cache.Config{Namespace: "conformance"})
	if err != nil {
		t.Fatal(err)
	}
	h, err := httpcache.New(c, httpcache.Config{
		Default: httpcache.Policy{
			Cookies:      []string{"*"},
			StaleIfError: time.Minute,
			Targets:      []string{"Surrogate-Control", "CDN-Cache-Control"},
		},
		OnError: func(_ context.Context, err error) { t.Log(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h.Handler(next)
}

func TestSuite(t *testing.T) {
	dir := os.Getenv(envSuite)
	if dir == "" {
		t.Fatal("make cache-tests runs this: it sets", envSuite)
	}
	suite, err := conformance.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(suite.Close)
	proxy := httptest.NewServer(cached(t, conformance.Proxy(suite.Origin)))
	t.Cleanup(proxy.Close)

	results, err := suite.Run(t.Context(), proxy.URL, os.Getenv(envOnly))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println()
	if err := conformance.Report(os.Stdout, results); err != nil {
		t.Fatal(err)
	}
	if os.Getenv(envOnly) != "" {
		return
	}
	for kind, want := range map[conformance.Kind]int{conformance.Required: wantRequired, conformance.Optimal: wantOptimal} {
		if passed, all := conformance.Count(results, kind); passed < want {
			t.Errorf("%d of %d %s tests passed, want %d", passed, all, kind, want)
		}
	}
}
