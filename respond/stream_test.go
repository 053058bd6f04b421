package respond_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hone-go/hone/respond"
)

func TestStreamIsWholeAndCounted(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		csv := newCSV(t, respond.CSVConfig{})
		nd := newNDJSON(t, respond.NDJSONConfig{FinalLine: true, Stream: respond.StreamConfig{Trailer: "row-count"}})
		tests := []struct {
			name, contentType, trailer, want string
			serve                            func(http.ResponseWriter, *http.Request) error
		}{
			{
				"csv", "text/csv; charset=utf-8; header=present", "X-Rows",
				"id,name,price\r\n0,\"Oak, planed\",12.5\r\n1,\"Oak, planed\",12.5\r\n",
				func(w http.ResponseWriter, r *http.Request) error { return csv.Serve(w, r, sales(2)) },
			},
			{
				"ndjson", "application/x-ndjson", "Row-Count",
				`{"id":0,"name":"Oak, planed","price":12.5}` + "\n" + `{"id":1,"name":"Oak, planed","price":12.5}` + "\n" + `{"rows":2}` + "\n",
				func(w http.ResponseWriter, r *http.Request) error { return nd.Serve(w, r, sales(2)) },
			},
		}
		for _, tt := range tests {
			s := serve(t, http2, func(w http.ResponseWriter, r *http.Request) {
				if err := tt.serve(w, r); err != nil {
					t.Errorf("%s: Serve = %v, want nil", tt.name, err)
				}
			})
			resp, body, err := get(t, s)
			if err != nil || body != tt.want || resp.Header.Get("Content-Type") != tt.contentType {
				t.Errorf("%s = %q, %q, %v, want %q", tt.name, resp.Header.Get("Content-Type"), body, err, tt.want)
			}
			// What a user typed must not be taken for a page with a script.
			if got := resp.Header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("%s: X-Content-Type-Options = %q, want nosniff", tt.name, got)
			}
			if got := resp.Trailer.Get(tt.trailer); got != "2" {
				t.Errorf("%s: trailer %s = %q, want 2", tt.name, tt.trailer, got)
			}
		}
	})
}

func TestStreamWithoutRowsIsComplete(t *testing.T) {
	csv := newCSV(t, respond.CSVConfig{})
	s := serve(t, false, func(w http.ResponseWriter, r *http.Request) { _ = csv.Serve(w, r, sales(0)) })
	resp, body, err := get(t, s)
	if err != nil || body != "id,name,price\r\n" || resp.Trailer.Get("X-Rows") != "0" {
		t.Errorf("no rows = %q, trailer %q, %v, want the header row and 0", body, resp.Trailer.Get("X-Rows"), err)
	}
}

func TestErrorBeforeTheFirstRowIsAProblem(t *testing.T) {
	csv := newCSV(t, respond.CSVConfig{})
	returned := make(chan error, 1)
	s := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", respond.Attachment("sales.csv"))
		returned <- csv.Serve(w, r, salesThen(0, errSecret))
	})
	resp, body, err := get(t, s)
	if err != nil || resp.StatusCode != 500 || resp.Header.Get("Content-Type") != "application/problem+json" ||
		strings.Contains(body, "db7") || resp.Header.Get("Content-Disposition") != "" {
		t.Errorf("answer = %d, %v, %q, %v, want a problem without details", resp.StatusCode, resp.Header, body, err)
	}
	if err := <-returned; !errors.Is(err, errSecret) {
		t.Errorf("Serve = %v, want %v", err, errSecret)
	}
}

var errSecret = errors.New("dial db7.internal: password rejected")

// A stream that fails half way must not look complete, whatever fails.
func TestFailureHalfWayCutsTheConnection(t *testing.T) {
	tests := []struct {
		name string
		rows iter.Seq2[sale, error]
	}{
		{"error", salesThen(5000, errSecret)},
		{"error after one row", salesThen(1, errSecret)},
		{"panic", func(yield func(sale, error) bool) {
			for s := range sales(5000) {
				yield(s, nil)
			}
			panic(http.ErrAbortHandler)
		}},
	}
	overBoth(t, func(t *testing.T, http2 bool) {
		for _, tt := range tests {
			told := make(chan error, 1)
			csv := newCSV(t, respond.CSVConfig{Stream: respond.StreamConfig{OnError: func(_ *http.Request, err error) { told <- err }}})
			s := serve(t, http2, func(w http.ResponseWriter, r *http.Request) { _ = csv.Serve(w, r, tt.rows) })
			resp, body, err := get(t, s)
			if err == nil {
				t.Errorf("%s: the body of %d bytes ended well, want an error", tt.name, len(body))
			}
			if resp.StatusCode != 200 || !strings.HasPrefix(body, "id,name,price\r\n0,") || resp.Trailer.Get("X-Rows") != "" {
				t.Errorf("%s: answer = %d, %.20q, trailer %q, want rows and no trailer", tt.name, resp.StatusCode, body, resp.Trailer.Get("X-Rows"))
			}
			if tt.name == "panic" {
				continue
			}
			var se *respond.StreamError
			if err := <-told; !errors.As(err, &se) || !errors.Is(err, errSecret) || se.Rows < 1 {
				t.Errorf("%s: OnError got %v, want a StreamError of %v", tt.name, err, errSecret)
			}
		}
	})
}

// RFC 9112 §9.8: an HTTP/1.0 body without a length ends with the connection.
func TestFailureResetsHTTP10(t *testing.T) {
	csv := newCSV(t, respond.CSVConfig{})
	s := serve(t, false, func(w http.ResponseWriter, r *http.Request) { _ = csv.Serve(w, r, salesThen(5000, errSecret)) })
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the end of a part = %v, want a reset", err)
	}
}

func TestClientLeavingStopsTheIterator(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		told := make(chan error, 1)
		stopped := make(chan struct{})
		csv := newCSV(t, respond.CSVConfig{Stream: respond.StreamConfig{OnError: func(_ *http.Request, err error) { told <- err }}})
		s := serve(t, http2, func(w http.ResponseWriter, r *http.Request) {
			_ = csv.Serve(w, r, func(yield func(sale, error) bool) {
				defer close(stopped)
				for yield(sale{}, nil) {
				}
			})
		})
		ctx, leave := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.CopyN(io.Discard, resp.Body, 1000); err != nil {
			t.Fatal(err)
		}
		leave()
		<-stopped
		if err := <-told; !errors.Is(err, respond.ErrClientLeft) {
			t.Errorf("OnError got %v, want ErrClientLeft", err)
		}
	})
}

// The iterator is asked for no more rows than the client's buffers hold.
func TestSlowReaderHoldsTheIteratorAndIsCut(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		var pulled atomic.Int64
		told := make(chan error, 1)
		csv := newCSV(t, respond.CSVConfig{Stream: respond.StreamConfig{
			WriteTimeout: 200 * time.Millisecond,
			OnError:      func(_ *http.Request, err error) { told <- err },
		}})
		s := serve(t, http2, func(w http.ResponseWriter, r *http.Request) {
			_ = csv.Serve(w, r, func(yield func(sale, error) bool) {
				for yield(sale{Name: strings.Repeat("x", 1000)}, nil) {
					pulled.Add(1)
				}
			})
		})
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if err := <-told; !errors.Is(err, respond.ErrClientLeft) {
			t.Errorf("OnError got %v, want ErrClientLeft", err)
		}
		if n := pulled.Load(); n > 50_000 {
			t.Errorf("%d rows of 1 kB were pulled for a client that reads nothing", n)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Error("the body ended well, want an error")
		}
	})
}

// A deadline must not outlive the write that it is for.
func TestSlowIteratorIsNotCut(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		csv := newCSV(t, respond.CSVConfig{Stream: respond.StreamConfig{WriteTimeout: 50 * time.Millisecond}})
		s := serve(t, http2, func(w http.ResponseWriter, r *http.Request) {
			_ = csv.Serve(w, r, func(yield func(sale, error) bool) {
				if yield(sale{}, nil) {
					<-time.After(200 * time.Millisecond) // a slow query
					yield(sale{}, nil)
				}
			})
		})
		if resp, _, err := get(t, s); err != nil || resp.Trailer.Get("X-Rows") != "2" {
			t.Errorf("a slow query = trailer %q, %v, want 2 rows", resp.Trailer.Get("X-Rows"), err)
		}
	})
}

// Rows reach the client although the iterator waits for the next.
func TestRowsAreFlushedByTime(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		goOn := make(chan struct{})
		nd := newNDJSON(t, respond.NDJSONConfig{Stream: respond.StreamConfig{FlushInterval: 10 * time.Millisecond}})
		s := serve(t, http2, func(w http.ResponseWriter, r *http.Request) {
			_ = nd.Serve(w, r, func(yield func(sale, error) bool) {
				_ = yield(sale{ID: 1}, nil) && yield(sale{ID: 2}, nil)
				<-goOn
				yield(sale{ID: 3}, nil)
			})
		})
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		two := make([]byte, 2*len(`{"id":1,"name":"","price":0}`+"\n"))
		if _, err := io.ReadFull(resp.Body, two); err != nil {
			t.Fatal(err)
		}
		close(goOn)
		if rest, err := io.ReadAll(resp.Body); err != nil || !strings.HasPrefix(string(rest), `{"id":3,`) {
			t.Errorf("the rest = %q, %v, want row 3", rest, err)
		}
	})
}

// A row that cannot be encoded fails the stream as an iterator's error does.
func TestUnencodableRow(t *testing.T) {
	short, err := respond.NewCSV([]string{"id", "name"}, func(row *respond.CSVRow, s sale) { row.Int(s.ID) }, respond.CSVConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var se *respond.StreamError
	if n, err := short.Write(t.Context(), io.Discard, sales(2)); n != 0 || !errors.As(err, &se) {
		t.Errorf("Write of a narrow row = %d, %v, want a StreamError", n, err)
	}
}

func TestWriteStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	nd := newNDJSON(t, respond.NDJSONConfig{})
	n, err := nd.Write(ctx, io.Discard, func(yield func(sale, error) bool) {
		_ = yield(sale{ID: 1}, nil) && yield(sale{ID: 2}, nil)
		cancel() // and the iterator takes that for the end of its rows
	})
	if n != 2 || !errors.Is(err, context.Canceled) || !errors.Is(err, respond.ErrClientLeft) {
		t.Errorf("Write = %d, %v, want 2 and the cancellation", n, err)
	}
}

// HEAD starts and ends the iterator, which may hold a connection.
func TestHeadClosesTheRows(t *testing.T) {
	csv := newCSV(t, respond.CSVConfig{})
	var pulled, closed atomic.Int64
	s := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		if err := csv.Serve(w, r, func(yield func(sale, error) bool) {
			defer closed.Add(1)
			for yield(sale{}, nil) {
				pulled.Add(1)
			}
		}); err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	})
	resp, err := s.Client().Head(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || closed.Load() != 1 || pulled.Load() != 0 {
		t.Errorf("HEAD = %d after %d more rows, closed %d times, want 200, 0 and 1", resp.StatusCode, pulled.Load(), closed.Load())
	}
}

// 1 GiB passes in bounded memory.
func TestGibibyteInBoundedMemory(t *testing.T) {
	const rowBytes, rows = 1 << 20, 1 << 10
	text := strings.Repeat("x", rowBytes)
	csv, err := respond.NewCSV([]string{"text"}, func(row *respond.CSVRow, s string) { row.Text(s) }, respond.CSVConfig{})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		_ = csv.Serve(w, r, func(yield func(string, error) bool) {
			for range rows {
				if !yield(text, nil) {
					return
				}
			}
		})
	})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	runtime.ReadMemStats(&after)
	if want := int64(len("text\r\n") + rows*(rowBytes+2)); n != want || err != nil {
		t.Errorf("read %d bytes, %v, want %d", n, err, want)
	}
	if grown := int64(after.Sys) - int64(before.Sys); grown > 64<<20 {
		t.Errorf("memory grew by %d MiB, want at most 64", grown>>20)
	}
}

func TestConfigErrorsAreJoined(t *testing.T) {
	_, err := respond.NewCSV[sale](nil, nil, respond.CSVConfig{
		Comma:  '"',
		Stream: respond.StreamConfig{FlushBytes: -1, Trailer: "X Rows\r\n"},
	})
	for _, want := range []string{"FlushBytes", "Trailer", "Comma", "columns", "function"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewCSV = %v, want it to name %s", err, want)
		}
	}
	if _, err := respond.NewNDJSON[sale](respond.NDJSONConfig{Stream: respond.StreamConfig{Trailer: "content-length"}}); err == nil {
		t.Error("NewNDJSON with the trailer Content-Length succeeded")
	}
}

// One huge row costs its memory while it is sent, not for the rest of the
// stream.
func TestHugeRowIsNotKept(t *testing.T) {
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapInuse)
	}
	csv, err := respond.NewCSV([]string{"text"}, func(row *respond.CSVRow, s string) { row.Text(s) }, respond.CSVConfig{})
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	if _, err := csv.Write(t.Context(), io.Discard, func(yield func(string, error) bool) {
		_ = yield(strings.Repeat("x", 64<<20), nil) && yield("small", nil) && yield("small", nil)
		if grown := heap() - before; grown > 16<<20 {
			t.Errorf("after a row of 64 MiB and two small ones the heap is %d MiB larger, want at most 16", grown>>20)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// The first row is with the client while the iterator waits for the second,
// however few bytes it has, and without a timer.
func TestFirstRowDoesNotWait(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		read := make(chan struct{})
		nd := newNDJSON(t, respond.NDJSONConfig{Stream: respond.StreamConfig{FlushInterval: -1}})
		s := serve(t, http2, func(w http.ResponseWriter, r *http.Request) {
			_ = nd.Serve(w, r, func(yield func(sale, error) bool) {
				if !yield(sale{ID: 1}, nil) {
					return
				}
				select {
				case <-read:
				case <-r.Context().Done():
				}
			})
		})
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		row := make([]byte, len(`{"id":1,"name":"","price":0}`+"\n"))
		if _, err := io.ReadFull(resp.Body, row); err != nil || !strings.HasPrefix(string(row), `{"id":1,`) {
			t.Errorf("before the second row: %q, %v, want the first", row, err)
		}
		close(read)
	})
}
