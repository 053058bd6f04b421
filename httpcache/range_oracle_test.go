package httpcache_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hone-go/hone/httpcache"
)

// Where the RFC leaves no choice, http.ServeContent is right, if slower. What
// it does otherwise is left out: it answers 416 to a wrong Range, gives HEAD a
// range, and sends zero bytes for "-0".
func TestServeCompleteAgreesWithServeContent(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	tags := []string{"", `"v1"`, `W/"v1"`, `"v,2"`}
	dates := []string{"", before, noon, after, "nonsense"}
	lists := []string{"", "", `"v1"`, `"v2"`, `W/"v1"`, `"v0", "v1"`, `*`, `"v,2" , W/"x"`}
	ranges := []string{
		"", "bytes=0-0", "bytes=3-", "bytes=-4", "bytes=0-1,5-6", "bytes=25-99,0-0", "bytes=30-", "bytes=30-,40-50",
		"bytes=0-0,99-", "bytes=0-,1-", "bytes=4-6, 1-2 ,-1",
	}
	statuses := map[int]int{}
	for range 20_000 {
		method := []string{http.MethodGet, http.MethodGet, http.MethodHead}[rnd.IntN(3)]
		response := http.Header{"Content-Type": {"text/x-letters"}}
		if tag := pick(rnd, tags); tag != "" {
			response.Set("ETag", tag)
		}
		r := httptest.NewRequest(method, "/", nil)
		set := func(name, value string) {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		set("If-Match", pick(rnd, lists))
		set("If-None-Match", pick(rnd, lists))
		set("If-Modified-Since", pick(rnd, dates))
		set("If-Unmodified-Since", pick(rnd, dates))
		if method == http.MethodGet {
			set("Range", pick(rnd, ranges))
			set("If-Range", pick(rnd, append(dates, tags...)))
		}

		want := httptest.NewRecorder()
		for name, lines := range response {
			want.Header()[name] = lines
		}
		http.ServeContent(want, r, "", modified, bytes.NewReader(letters))
		response.Set("Last-Modified", noon)
		got := serve(r, response.Clone(), letters)

		statuses[got.StatusCode]++
		if w := want.Result(); got.StatusCode != w.StatusCode ||
			got.Header.Get("Content-Range") != w.Header.Get("Content-Range") ||
			got.StatusCode < 400 && got.Header.Get("ETag") != w.Header.Get("ETag") ||
			got.StatusCode < 300 && bodyOf(t, got) != bodyOf(t, w) {
			t.Fatalf("%s with %v of %v = %d %v, want %d %v", method, r.Header, response, got.StatusCode, got.Header, w.StatusCode, w.Header)
		}
	}
	for _, status := range []int{200, 206, 304, 412, 416} {
		if statuses[status] < 100 {
			t.Errorf("only %d answers were %d: the test does not cover it", statuses[status], status)
		}
	}
}

func pick(rnd *rand.Rand, of []string) string { return of[rnd.IntN(len(of))] }

// bodyOf returns the body, or the parts of one that has parts, each behind its
// fields, and checks that its length is as announced.
func bodyOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	body := readAll(t, resp)
	if resp.ContentLength >= 0 && body != "" && int64(len(body)) != resp.ContentLength {
		t.Errorf("Content-Length is %d, the body has %d bytes", resp.ContentLength, len(body))
	}
	if kind != "multipart/byteranges" {
		return body
	}
	var all string
	parts := multipart.NewReader(bytes.NewReader([]byte(body)), parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("multipart: %v in %q", err, body)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			t.Fatalf("multipart: %v in %q", err, body)
		}
		all += part.Header.Get("Content-Type") + " " + part.Header.Get("Content-Range") + " " + string(data) + "\n"
	}
}

// No header makes serving fail or send what is not in the body.
func FuzzConditions(f *testing.F) {
	f.Add(`"v1"`, `"a", W/"b"`, noon, noon, `"v1"`, "bytes=0-4,-3", `"v1"`)
	f.Add(`W/"x`, `*`, "Fri", "", `"`, "bytes=,", "W/")
	f.Add(``, ``, ``, ``, ``, "bytes=1-", noon)
	f.Fuzz(func(t *testing.T, ifMatch, ifNone, since, notSince, ifRange, ranges, etag string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		for name, value := range map[string]string{
			"If-Match": ifMatch, "If-None-Match": ifNone, "If-Modified-Since": since,
			"If-Unmodified-Since": notSince, "If-Range": ifRange, "Range": ranges,
		} {
			if value != "" {
				r.Header[name] = []string{value}
			}
		}
		w := httptest.NewRecorder()
		w.Header()["Content-Type"] = []string{"text/x-letters"}
		w.Header()["Etag"] = []string{etag}
		w.Header()["Last-Modified"] = []string{noon}
		if err := httpcache.ServeComplete(w, r, letters, modified); err != nil {
			t.Fatal(err)
		}
		resp := w.Result()
		switch resp.StatusCode {
		case http.StatusOK:
			if body := readAll(t, resp); body != string(letters) {
				t.Errorf("body of a 200 = %q, want all letters", body)
			}
		case http.StatusPartialContent:
			if body := bodyOf(t, resp); resp.Header.Get("Content-Range") != "" && !bytes.Contains(letters, []byte(body)) {
				t.Errorf("body of a 206 = %q, want a part of the letters", body)
			}
		case http.StatusNotModified, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		default:
			t.Errorf("status = %d", resp.StatusCode)
		}
	})
}
