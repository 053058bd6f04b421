package httpcache_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/httpcache"
)

// TestCollapsed: many ask at once, in two processes, and the handler runs once.
func TestCollapsed(t *testing.T) {
	for _, tt := range []struct{ vary, request string }{
		{"", "Accept-Language: en"}, {"Accept-Language", "Accept-Language: en"}, {"", "Cache-Control: no-cache"},
	} {
		vary := tt.vary
		t.Run(vary+tt.request, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
					time.Sleep(time.Second)
					w.Header().Set("Cache-Control", "max-age=60")
					if vary != "" {
						w.Header().Set("Vary", vary)
					}
					_, _ = io.WriteString(w, "body")
				}}
				store := memoryStore(t)
				processes := []http.Handler{open(t, store, httpcache.Config{}).Handler(o), open(t, store, httpcache.Config{}).Handler(o)}
				var group sync.WaitGroup
				collapsed := make([]bool, 50)
				for i := range collapsed {
					group.Go(func() {
						r := get(processes[i%2], "/", tt.request)
						if body, _ := io.ReadAll(r.Body); string(body) != "body" {
							t.Errorf("got %q", body)
						}
						collapsed[i] = strings.Contains(told(r), "collapsed")
					})
				}
				group.Wait()
				if got := o.runs.Load(); got != 1 {
					t.Errorf("the handler ran %d times, want 1", got)
				}
				n := 0
				for _, c := range collapsed {
					if c {
						n++
					}
				}
				if n != len(collapsed)-1 {
					t.Errorf("%d say that they are collapsed, want all but one", n)
				}
			})
		})
	}
}

// TestUnstorableIsNotSerialised: those who wait for a response that turns out
// to be for one alone each get their own, at once.
func TestUnstorableIsNotSerialised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{serve: func(run int64, w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Second)
			w.Header().Set("Cache-Control", "private")
			_, _ = fmt.Fprint(w, run)
		}}
		h := open(t, memoryStore(t), httpcache.Config{}).Handler(o)
		var group sync.WaitGroup
		var seen sync.Map
		start := time.Now()
		for range 20 {
			group.Go(func() {
				body, _ := io.ReadAll(get(h, "/").Body)
				if _, twice := seen.LoadOrStore(string(body), true); twice {
					t.Errorf("%s was sent to two", body)
				}
			})
		}
		group.Wait()
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("20 requests took %v, want 2s", took)
		}
	})
}

// TestLeaderLeaves: the client that caused the run goes away, those that wait
// get the response.
func TestLeaderLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{serve: func(_ int64, w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(2 * time.Second):
			case <-r.Context().Done():
				return
			}
			w.Header().Set("Cache-Control", "max-age=60")
			_, _ = io.WriteString(w, "body")
		}}
		h := open(t, memoryStore(t), httpcache.Config{}).Handler(o)
		ctx, cancel := context.WithCancel(t.Context())
		go h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody).WithContext(ctx))
		time.Sleep(time.Second)
		time.AfterFunc(time.Second/2, cancel)
		if body, _ := io.ReadAll(get(h, "/").Body); string(body) != "body" || o.runs.Load() != 1 {
			t.Errorf("got %q after %d runs, want the body after 1", body, o.runs.Load())
		}
	})
}

// TestTruncatedIsNotStored has handlers fail half way, on real connections: the
// client sees that the response is cut, and nothing is stored.
func TestTruncatedIsNotStored(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	tests := []struct {
		name  string
		serve func(w http.ResponseWriter, r *http.Request)
	}{
		{"panic before anything", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"panic half way", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, long)
			panic(http.ErrAbortHandler)
		}},
		{"panic after a flush", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, long)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}},
		{"Content-Length not met", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(long)+1))
			_, _ = io.WriteString(w, long)
		}},
		{"Content-Length not met after a flush", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(long)+1))
			_, _ = io.WriteString(w, long)
			w.(http.Flusher).Flush()
		}},
		{"panic in a large body", func(w http.ResponseWriter, _ *http.Request) {
			for range 40 {
				_, _ = io.WriteString(w, long)
			}
			panic(http.ErrAbortHandler)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := &origin{serve: func(run int64, w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "max-age=60")
				if run == 1 {
					tt.serve(w, r)
					return
				}
				_, _ = io.WriteString(w, "whole")
			}}
			srv := httptest.NewServer(open(t, memoryStore(t), httpcache.Config{}).Handler(o))
			defer srv.Close()
			srv.Config.ErrorLog = log.New(io.Discard, "", 0)
			if body, err := fetch(t, srv); err == nil {
				t.Errorf("the client got %d bytes and no error", len(body))
			}
			if body, err := fetch(t, srv); err != nil || body != "whole" {
				t.Errorf("the next got %.20q, %v", body, err)
			}
		})
	}
}

func fetch(t *testing.T, srv *httptest.Server) (string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(r.Body)
	return string(body), err
}

// TestSlowReaderHoldsUpNobody: the client that caused the run does not read.
func TestSlowReaderHoldsUpNobody(t *testing.T) {
	large := strings.Repeat("x", 900<<10)
	begun := make(chan struct{})
	o := &origin{serve: func(run int64, w http.ResponseWriter, _ *http.Request) {
		if run == 1 {
			close(begun)
		}
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = io.WriteString(w, large)
	}}
	srv := httptest.NewServer(open(t, memoryStore(t), httpcache.Config{}).Handler(o))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-begun
	body, err := fetch(t, srv)
	if err != nil || body != large || o.runs.Load() != 1 {
		t.Errorf("the second got %d bytes, %v, after %d runs", len(body), err, o.runs.Load())
	}
	_ = conn.Close()
}

// TestFlushedIsSentAndStored: a handler that flushes is heard at once.
func TestFlushedIsSentAndStored(t *testing.T) {
	read := make(chan struct{})
	o := &origin{serve: func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = io.WriteString(w, "first,")
		w.(http.Flusher).Flush()
		<-read // the client has the first part
		_, _ = io.WriteString(w, "second")
	}}
	srv := httptest.NewServer(open(t, memoryStore(t), httpcache.Config{}).Handler(o))
	defer srv.Close()
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	request.Host = "a" // as fetch has it
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 6)
	if _, err := io.ReadFull(r.Body, first); err != nil || string(first) != "first," {
		t.Errorf("got %q, %v", first, err)
	}
	close(read)
	rest, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil || string(rest) != "second" {
		t.Errorf("got %q, %v", rest, err)
	}
	if body, err := fetch(t, srv); err != nil || body != "first,second" || o.runs.Load() != 1 {
		t.Errorf("the second request got %q, %v after %d runs", body, err, o.runs.Load())
	}
}

// A request whose time is up while it waits for another's response is still
// there to be answered: by the handler, as without a cache.
func TestTimeUpWhileWaiting(t *testing.T) {
	ended := make(chan struct{})
	o := &origin{serve: func(run int64, w http.ResponseWriter, r *http.Request) {
		if run == 1 {
			<-ended
			return
		}
		http.Error(w, "no time left", http.StatusServiceUnavailable)
	}}
	h := open(t, memoryStore(t), httpcache.Config{}).Cached(time.Minute)(o)
	first := make(chan struct{})
	go func() {
		defer close(first)
		get(h, "/")
	}()
	for o.runs.Load() == 0 {
		runtime.Gosched()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("status = %d, want the handler's %d", w.Code, http.StatusServiceUnavailable)
	}
	close(ended)
	<-first
}
