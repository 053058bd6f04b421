package load_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/hone-go/hone/cmd/hone/internal/load"
)

// readFile knows one file.
func readFile(name string) ([]byte, error) {
	if name == "body.json" {
		return []byte(`{"a":1}`), nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func TestParseTarget(t *testing.T) {
	tests := []struct {
		in   string
		want load.Target
	}{
		{"GET http://shop/", load.Target{Weight: 1, Method: "GET", URL: "http://shop/"}},
		{"3*GET http://shop/", load.Target{Weight: 3, Method: "GET", URL: "http://shop/"}},
		{"  GET \t http://shop:8080  ", load.Target{Weight: 1, Method: "GET", URL: "http://shop:8080"}},
		{"GET https://[::1]:8443/a/{-5..5}?b={1..9}", load.Target{Weight: 1, Method: "GET", URL: "https://[::1]:8443/a/{-5..5}?b={1..9}"}},
		{"POST http://shop/ @body.json", load.Target{Weight: 1, Method: "POST", URL: "http://shop/", Body: []byte(`{"a":1}`)}},
		{"GET http://ann:p%40ss@shop/", load.Target{Weight: 1, Method: "GET", URL: "http://ann:p%40ss@shop/"}},
	}
	for _, tt := range tests {
		got, err := load.ParseTarget(tt.in, readFile)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("ParseTarget(%q) = %+v, %v, want %+v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", "want a method and a URL"},
		{"GET", "want a method and a URL"},
		{"http://shop/", "want a method and a URL"},
		{"get http://shop/", "method in capitals"},
		{"0*GET http://shop/", "weight"},
		{"-1*GET http://shop/", "weight"},
		{"9999999*GET http://shop/", "weight"},
		{"*GET http://shop/", "weight"},
		{"2*3*GET http://shop/", "method in capitals"},
		{"GET /api/orders", "must be absolute"},
		{"GET shop:8080/", "must be absolute"},
		{"GET ftp://shop/", "scheme ftp is not supported"},
		{"GET http:///a", "no host"},
		{"GET http://:8080/", "no host"},
		{"GET http://shop:0/", "port"},
		{"GET http://shop:65536/", "port"},
		{"GET http://shop{1..3}/", "only after the host"},
		{"GET http://shop/{9..1}", "range {9..1} is empty"},
		{"GET http://shop/{1..99999999999999999999}", "does not fit 64 bits"},
		{"GET http://shop/{id}", "braces in the URL"},
		{"GET http://shop/{1..", "braces in the URL"},
		{"GET http://shop/%zz", "cannot be read"},
		{"GET http://shop/a b", "only @file may follow"},
		{"POST http://shop/ body.json", "only @file may follow"},
		{"POST http://shop/ @a @b", "only @file may follow"},
		{"POST http://shop/ @none.json", "open none.json: file does not exist"},
	}
	for _, tt := range tests {
		_, err := load.ParseTarget(tt.in, readFile)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseTarget(%q) = %v, want an error with %q", tt.in, err, tt.want)
		}
	}
}

func TestParseTargetErrorsKeepPasswords(t *testing.T) {
	for _, in := range []string{
		"GET http://ann:hush", "GET http://ann:hush%zz@shop/", "GET http://ann:hu#sh@shop/", "GET ann:hush@shop/",
		"GET ftp://ann:hush@shop/", "GET http://ann:hush@/", "GET http://ann:hush@shop:99999/", "GET http://ann:hush@shop/{id}",
		"GET http://ann:hush{1..2}@shop/", "get http://ann:hush@shop/", "http://ann:hush@shop/", "GET http://ann:hush@shop/ x",
	} {
		_, err := load.ParseTarget(in, readFile)
		if err == nil {
			t.Errorf("ParseTarget(%q) succeeded, want an error", in)
		} else if strings.Contains(err.Error(), "hu") {
			t.Errorf("ParseTarget(%q) = %v, want no part of the password", in, err)
		}
	}
}

func TestRowNames(t *testing.T) {
	tests := []struct {
		urls []string
		want []string
	}{
		{[]string{"http://shop"}, []string{"GET /"}},
		{[]string{"http://shop?q=oak#top"}, []string{"GET /?q=oak"}},
		{[]string{"http://ann:hush@shop/orders/{1..9}"}, []string{"GET /orders/{1..9}"}},
		{
			[]string{"http://shop/?api_key=hush&page=2&ACCESS%5Ftoken=hush&flag"},
			[]string{"GET /?api_key=***&page=2&ACCESS%5Ftoken=***&flag"},
		},
		{
			[]string{"http://ann:hush@shop/", "https://depot:8443/a"},
			[]string{"GET http://shop:80/", "GET https://depot:8443/a"},
		},
	}
	for _, tt := range tests {
		var targets []load.Target
		for _, u := range tt.urls {
			targets = append(targets, get(u))
		}
		got, err := load.RowNames(targets...)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("RowNames(%q) = %q, %v, want %q", tt.urls, got, err, tt.want)
		}
	}
}

func TestMixFollowsTheWeights(t *testing.T) {
	const n = 60_000
	targets := []load.Target{get("http://shop/a"), {Weight: 3, Method: "GET", URL: "http://shop/{1..4}"}, {Weight: 2, Method: "GET", URL: "http://shop/c"}}
	indexes, urls, _ := load.Draws(targets, 7, n)
	counts := make([]float64, 3)
	numbers := make(map[string]float64)
	for i, index := range indexes {
		counts[index]++
		if index == 1 {
			numbers[urls[i]]++
		}
	}
	// χ² with k − 1 degrees of freedom; the bounds are the 99.9th percentiles.
	if x := chiSquare(counts, []float64{n / 6, n / 2, n / 3}); x > 13.8 {
		t.Errorf("χ² of the targets drawn %v = %.1f, want at most 13.8", counts, x)
	}
	var drawn, want []float64
	for i := range 4 {
		drawn = append(drawn, numbers[fmt.Sprintf("http://shop/%d", i+1)])
		want = append(want, counts[1]/4)
	}
	if x := chiSquare(drawn, want); x > 16.3 {
		t.Errorf("χ² of the numbers drawn %v = %.1f, want at most 16.3", drawn, x)
	}
}

func chiSquare(got, want []float64) float64 {
	x := 0.0
	for i := range got {
		x += (got[i] - want[i]) * (got[i] - want[i]) / want[i]
	}
	return x
}

func TestMixDependsOnTheSeedAlone(t *testing.T) {
	targets := []load.Target{
		get("http://shop/{1..1000}"),
		{Weight: 2, Method: "POST", URL: "http://shop/", Body: []byte(`{"id": {1..1000}}`)},
	}
	i1, u1, b1 := load.Draws(targets, 1, 1000)
	i2, u2, b2 := load.Draws(targets, 1, 1000)
	if !reflect.DeepEqual([]any{i1, u1, b1}, []any{i2, u2, b2}) {
		t.Error("two sequences of seed 1 differ")
	}
	if _, u3, _ := load.Draws(targets, 2, 1000); reflect.DeepEqual(u1, u3) {
		t.Error("the sequences of seeds 1 and 2 are equal")
	}
}

func TestRangesReachBothEnds(t *testing.T) {
	tests := []struct{ url, low, high string }{
		{"http://shop/{0..1}", "http://shop/0", "http://shop/1"},
		{"http://shop/{-1..0}", "http://shop/-1", "http://shop/0"},
		{"http://shop/{7..7}", "http://shop/7", "http://shop/7"},
	}
	for _, tt := range tests {
		_, urls, _ := load.Draws([]load.Target{get(tt.url)}, 1, 100)
		seen := make(map[string]bool)
		for _, u := range urls {
			seen[u] = true
		}
		if !seen[tt.low] || !seen[tt.high] || len(seen) > 2 {
			t.Errorf("draws of %s = %v, want %s and %s", tt.url, seen, tt.low, tt.high)
		}
	}
	widest := fmt.Sprintf("http://shop/{%d..%d}", math.MinInt64, math.MaxInt64)
	if _, urls, _ := load.Draws([]load.Target{get(widest)}, 1, 2); urls[0] == urls[1] {
		t.Errorf("two draws of %s are equal: %s", widest, urls[0])
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{
		"3*GET http://127.0.0.1:8080/api/orders/{1..100000}", "POST http://ann:hush@shop/ @body.json",
		"GET https://[::1]/?key={-1..1}", "GET http://shop/{{1..2}}", "GET http://shop/{1..", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := load.ParseTarget(s, func(string) ([]byte, error) { return nil, errors.New("no file") })
		if err != nil {
			return
		}
		names, err := load.RowNames(target)
		if err != nil {
			t.Fatalf("ParseTarget(%q) accepted what a run refuses: %v", s, err)
		}
		_, urls, _ := load.Draws([]load.Target{target}, 1, 1)
		u, err := url.Parse(urls[0])
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			t.Fatalf("ParseTarget(%q) makes the URL %q: %v", s, urls[0], err)
		}
		if p, ok := u.User.Password(); ok && len(p) > 8 && strings.Contains(names[0], p) && !strings.Contains(u.RequestURI(), p) {
			t.Fatalf("the row of %q is %q, which shows the password", s, names[0])
		}
	})
}
