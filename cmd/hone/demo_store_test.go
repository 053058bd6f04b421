package main

import (
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/internal/testserver"
)

// TestDemoRedis looks at what the demo writes to a Redis: entries with lives in
// a namespace of its own, and at the end nothing else.
func TestDemoRedis(t *testing.T) {
	t.Parallel()
	url := testserver.Redis(t)
	client := redisClient(t, url)
	others := demoKeys(t, client, nil)
	demo := startDemo(t, "--rate", "100", "--for", "300ms", "--orders", "1000", "--store", url)
	demo.await(t, "goes on serving")
	if keys := demoKeys(t, client, others); len(keys) < 3 { // the catalog, some summaries, and the generations
		t.Errorf("keys while the demo serves = %q, want some", keys)
	}
	checkCached(t, demo.out.String())
	checkHeld(t, demo.out.String())
	if text := demo.out.String(); strings.Contains(text, "not answer") || !regexp.MustCompile(`cache: 1\.00 hits \(\d\.\d\d of them in this process\), 0\.00 misses and 0\.00 loads`).MatchString(text) {
		t.Errorf("output does not say what the cache was asked:\n%s", text)
	}
	if code := demo.interrupt(t); code != 0 {
		t.Errorf("exit status = %d, want 0; stderr %s", code, demo.errs.String())
	}
	for _, key := range demoKeys(t, client, others) {
		life, err := client.Do(t.Context(), client.B().Pttl().Key(key).Build()).AsInt64()
		if err != nil || life == -1 || life > time.Hour.Milliseconds() { // -2: gone meanwhile
			t.Errorf("the life of %q after the demo = %d ms, %v, want at most an hour", key, life, err)
		}
	}
}

// demoKeys returns the keys of demos but the given ones.
func demoKeys(t *testing.T, client rueidis.Client, but []string) []string {
	t.Helper()
	keys, err := client.Do(t.Context(), client.B().Keys().Pattern("*hone-demo@*").Build()).AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(keys, func(key string) bool { return slices.Contains(but, key) })
}

func redisClient(t *testing.T, url string) rueidis.Client {
	t.Helper()
	option, err := rueidis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	option.DisableCache = true
	client, err := rueidis.NewClient(option)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// TestDemoWithoutItsStore names a store that is not there: the demo does its
// job, and says what it could not show.
func TestDemoWithoutItsStore(t *testing.T) {
	t.Parallel()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nobody.Addr().String()
	nobody.Close()
	demo, code := finishedDemo(t, "--once", "--rate", "100", "--for", "300ms", "--orders", "1000", "--store", "redis://me:secret@"+address)
	out, errs := demo.out.String(), demo.errs.String()
	if code != 0 || strings.Contains(out, " 1 errors") || strings.Contains(out+errs, "secret") {
		t.Errorf("hone demo = %d, stderr %s\n%s, want 0, no errors, no password", code, errs, out)
	}
	const says = " does not answer"
	if !strings.Contains(errs, "hone: redis://"+address+says) || !strings.Contains(out, "redis://"+address+says) ||
		!strings.Contains(out, "The store did not answer: ") {
		t.Errorf("stderr %s\n%s, want both to say that the store does not answer", errs, out)
	}
	checkHeld(t, out) // in the process, while the store is away
	for label, want := range map[string]float64{"statements per request": 2, "cache hits per request": 0, "loads per request": 1} {
		if _, after := compared(t, out, "cache: GET /api/catalog", label); after != want {
			t.Errorf("%s of the catalog without a store = %g, want %g", label, after, want)
		}
	}
}
