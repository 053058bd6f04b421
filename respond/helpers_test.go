package respond_test

import (
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hone-go/hone/respond"
)

type sale struct {
	ID    int64   `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

func sales(n int64) iter.Seq2[sale, error] {
	return func(yield func(sale, error) bool) {
		for i := range n {
			if !yield(sale{i, "Oak, planed", 12.5}, nil) {
				return
			}
		}
	}
}

// salesThen yields n rows and then err.
func salesThen(n int64, err error) iter.Seq2[sale, error] {
	return func(yield func(sale, error) bool) {
		for s := range sales(n) {
			if !yield(s, nil) {
				return
			}
		}
		yield(sale{}, err)
	}
}

func saleCells(row *respond.CSVRow, s sale) {
	row.Int(s.ID)
	row.Text(s.Name)
	row.Float(s.Price)
}

func newCSV(t testing.TB, cfg respond.CSVConfig) *respond.CSV[sale] {
	t.Helper()
	c, err := respond.NewCSV([]string{"id", "name", "price"}, saleCells, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newNDJSON(t testing.TB, cfg respond.NDJSONConfig) *respond.NDJSON[sale] {
	t.Helper()
	n, err := respond.NewNDJSON[sale](cfg)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// serve starts a server that speaks HTTP/1.1, or HTTP/2 alone.
func serve(t testing.TB, http2 bool, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	if http2 {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// overBoth runs a test over both versions of HTTP.
func overBoth(t *testing.T, test func(t *testing.T, http2 bool)) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%t", http2), func(t *testing.T) { test(t, http2) })
	}
}

// get returns the response to a request with its body read; err is that of
// reading.
func get(t testing.TB, s *httptest.Server, header ...string) (resp *http.Response, body string, err error) {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err = s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}
