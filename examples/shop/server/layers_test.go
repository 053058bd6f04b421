package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/testserver"
)

// The help says all there is.
func TestHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, &stdout, &stderr); code != 0 {
		t.Errorf("run(--help) = %d, want 0", code)
	}
	for _, want := range []string{
		"-addr address", "-database path", "-orders number", "-tuned", "-measure", "-cache", "-responses", "-encode", "-store where",
		"-limits", "-accounts file", "-trust networks", "-hops number", "-admin address", "-admin-token file",
	} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("the help has no %q:\n%s", want, &stderr)
		}
	}
}

// ask returns what a server says to a client that takes gzip.
func ask(t *testing.T, url, etag string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// Each layer does what its flag says, in memory and in Redis.
func TestLayers(t *testing.T) {
	for _, test := range []struct {
		name  string
		store func(testing.TB) string
	}{
		{"memory", func(testing.TB) string { return "memory://" }},
		{"redis", testserver.Redis},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := test.store(t)
			t.Setenv("TMPDIR", t.TempDir())
			p := start(t, "-addr", "127.0.0.1:0", "-orders", "200", "-tuned", "-responses", "-encode", "-store", store)
			first, _ := ask(t, p.url+"/api/orders", "")
			again, body := ask(t, p.url+"/api/orders", "")
			if got := again.Header.Get("Cache-Status"); !strings.HasPrefix(got, "responses; hit") {
				t.Errorf("Cache-Status = %q, then %q, want a hit", first.Header.Get("Cache-Status"), got)
			}
			if got := again.Header.Get("Content-Encoding"); got != "gzip" || len(body) == 0 {
				t.Errorf("Content-Encoding = %q, want gzip", got)
			}
			if resp, _ := ask(t, p.url+"/api/orders", again.Header.Get("ETag")); resp.StatusCode != http.StatusNotModified {
				t.Errorf("with its tag = %d, want 304", resp.StatusCode)
			}
			p.end(t)
			if got := <-p.report; !strings.Contains(got, "/api/orders  GET") {
				t.Errorf("report = %q, want the route", got)
			}
		})
	}
}

// Without layers there is none: nothing is kept, encoded or reported.
func TestNoLayers(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	p := start(t, "-addr", "127.0.0.1:0", "-orders", "200", "-tuned", "-measure=false")
	resp, _ := ask(t, p.url+"/api/orders", "")
	if h := resp.Header; h.Get("Cache-Status") != "" || h.Get("Content-Encoding") != "" || h.Get("ETag") != "" {
		t.Errorf("header = %v, want no trace of layers", h)
	}
	p.end(t)
	if got := <-p.report; got != "" {
		t.Errorf("report = %q, want none", got)
	}
}

// A store that is away costs a warning for each layer that wants it, also if
// nobody asks for anything, and not the shop.
func TestStoreAway(t *testing.T) {
	const cached, limited = "until it does, everything is computed each time", "until it does, each process limits by itself"
	for _, test := range []struct {
		layer      string
		want, none string
	}{
		{"-cache", cached, limited},
		{"-limits", limited, cached},
	} {
		t.Setenv("TMPDIR", t.TempDir())
		args := []string{"-addr", "127.0.0.1:0", "-orders", "200", "-tuned", test.layer, "-store"}
		idle := start(t, append(args, "redis://me:secret@127.0.0.1:1")...)
		idle.end(t)
		got := idle.stderr.String()
		if strings.Count(got, "the store does not answer") != 1 || !strings.Contains(got, test.want) || strings.Contains(got, test.none) {
			t.Errorf("%s: standard error = %q, want one warning: %s", test.layer, got, test.want)
		}
		p := start(t, append(args, "redis://me:secret@127.0.0.1:1")...)
		if resp, _ := ask(t, p.url+"/api/catalog", ""); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: GET /api/catalog = %d, want 200", test.layer, resp.StatusCode)
		}
		p.end(t)
		if got := p.stderr.String(); strings.Contains(got, "secret") {
			t.Errorf("%s: standard error = %q, which has the password", test.layer, got)
		}
		here := start(t, append(args, testserver.Redis(t))...)
		here.end(t)
		if got := here.stderr.String(); strings.Contains(got, "does not answer") {
			t.Errorf("%s: standard error = %q, want no warning of a store that is there", test.layer, got)
		}
	}
}
