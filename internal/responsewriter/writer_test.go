package responsewriter_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/hone-go/hone/internal/responsewriter"
)

// hook notes the statuses it was told of and marks the header.
type hook struct {
	header   http.Header
	statuses []int
}

func (h *hook) BeforeHeader(status int) {
	h.statuses = append(h.statuses, status)
	h.header.Set("X-Hook", fmt.Sprint(status))
}

// seen is what the wrapper knew once the handler had returned.
type seen struct {
	status   int
	bytes    int64
	hijacked bool
	hooks    []int
}

// start serves handler wrapped and returns what the wrapper saw, per request.
func start(t *testing.T, h2 bool, handler http.HandlerFunc) (*httptest.Server, <-chan seen) {
	t.Helper()
	done := make(chan seen, 16)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var w responsewriter.Writer
		h := &hook{header: rw.Header()}
		w.Init(rw, h)
		handler(&w, r)
		w.Finish()
		done <- seen{w.Status(), w.Bytes(), w.Hijacked(), h.statuses}
	}))
	// Some handlers here do what the server complains about.
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	if h2 {
		srv.EnableHTTP2 = true
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv, done
}

func protocols(t *testing.T, run func(t *testing.T, h2 bool)) {
	t.Run("http1", func(t *testing.T) { run(t, false) })
	t.Run("http2", func(t *testing.T) { run(t, true) })
}

func TestWriterAccounts(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		status  int
		body    string
		hooks   []int
	}{
		{
			name:    "nothing written",
			handler: func(http.ResponseWriter, *http.Request) {},
			status:  200, hooks: []int{200},
		},
		{
			name:    "body without header",
			handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) },
			status:  200, body: "hello", hooks: []int{200},
		},
		{
			name: "header then body, twice",
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				_, _ = w.Write([]byte("no "))
				_, _ = w.(io.StringWriter).WriteString("such page")
			},
			status: 404, body: "no such page", hooks: []int{404},
		},
		{
			name: "second header is ignored",
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusCreated)
				w.WriteHeader(http.StatusInternalServerError)
			},
			status: 201, hooks: []int{201},
		},
		{
			name: "flush settles a 200",
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.(http.Flusher).Flush()
				_, _ = w.Write([]byte("x"))
			},
			status: 200, body: "x", hooks: []int{200},
		},
		{
			name: "read from a reader",
			handler: func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.Copy(w, io.LimitReader(strings.NewReader(strings.Repeat("y", 4000)), 3000))
			},
			status: 200, body: strings.Repeat("y", 3000), hooks: []int{200},
		},
		{
			name: "an empty source leaves the status open",
			handler: func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.Copy(w, io.LimitReader(strings.NewReader(""), 10))
				w.WriteHeader(http.StatusNotFound)
			},
			status: 404, hooks: []int{404},
		},
	}
	protocols(t, func(t *testing.T, h2 bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				srv, done := start(t, h2, tt.handler)
				resp, body := get(t, srv, "/")
				if resp.StatusCode != tt.status || body != tt.body {
					t.Errorf("response = %d %q, want %d %q", resp.StatusCode, body, tt.status, tt.body)
				}
				if got, want := resp.Header.Get("X-Hook"), fmt.Sprint(tt.status); got != want {
					t.Errorf("X-Hook = %q, want %q: the hook came too late", got, want)
				}
				got := <-done
				if got.status != tt.status || got.bytes != int64(len(tt.body)) {
					t.Errorf("account = %d, %d bytes, want %d, %d bytes",
						got.status, got.bytes, tt.status, len(tt.body))
				}
				if fmt.Sprint(got.hooks) != fmt.Sprint(tt.hooks) {
					t.Errorf("hook calls = %v, want %v", got.hooks, tt.hooks)
				}
			})
		}
	})
}

// RFC 9110 §15.2: an informational response is not the final one.
func TestEarlyHintsPassThrough(t *testing.T) {
	protocols(t, func(t *testing.T, h2 bool) {
		srv, done := start(t, h2, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusAccepted)
		})
		var hints []string
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				hints = append(hints, fmt.Sprint(code, " ", h.Get("Link"), h.Get("X-Hook")))
				return nil
			},
		})
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got, want := strings.Join(hints, ","), "103 </style.css>; rel=preload"; got != want {
			t.Errorf("informational responses = %q, want %q", got, want)
		}
		if got := <-done; got.status != 202 || fmt.Sprint(got.hooks) != "[202]" {
			t.Errorf("status = %d, hooks = %v, want 202, [202]", got.status, got.hooks)
		}
	})
}

func TestFlushStreams(t *testing.T) {
	protocols(t, func(t *testing.T, h2 bool) {
		proceed := make(chan struct{})
		srv, done := start(t, h2, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "first\n")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Errorf("Flush() = %v, want nil", err)
			}
			<-proceed
			_, _ = io.WriteString(w, "second\n")
		})
		resp, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewReader(resp.Body)
		// Read while the handler is still waiting: it must have been sent.
		if got, err := lines.ReadString('\n'); got != "first\n" || err != nil {
			t.Errorf("first line = %q, %v, want %q", got, err, "first\n")
		}
		close(proceed)
		if got, err := lines.ReadString('\n'); got != "second\n" || err != nil {
			t.Errorf("second line = %q, %v, want %q", got, err, "second\n")
		}
		if got := <-done; got.bytes != 13 {
			t.Errorf("bytes = %d, want 13", got.bytes)
		}
	})
}

func TestResponseControllerDeadlines(t *testing.T) {
	srv, done := start(t, false, func(w http.ResponseWriter, _ *http.Request) {
		rc := http.NewResponseController(w)
		if err := rc.SetWriteDeadline(time.Now().Add(-time.Second)); err != nil {
			t.Errorf("SetWriteDeadline() = %v, want nil", err)
		}
		if err := rc.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Errorf("SetReadDeadline() = %v, want nil", err)
		}
		if err := rc.EnableFullDuplex(); err != nil {
			t.Errorf("EnableFullDuplex() = %v, want nil", err)
		}
		_, _ = w.Write(bytes.Repeat([]byte("z"), 1<<16)) // beyond every buffer
		_ = rc.Flush()
		if _, err := w.Write(bytes.Repeat([]byte("z"), 1<<16)); err == nil {
			t.Error("a write past its deadline = nil, want an error")
		}
	})
	if resp, err := srv.Client().Get(srv.URL); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	<-done
}

func TestHijack(t *testing.T) {
	srv, done := start(t, false, func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Errorf("Hijack() = %v, want nil", err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = buf.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhi")
		_ = buf.Flush()
	})
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	answer, _ := io.ReadAll(conn)
	if !strings.HasSuffix(string(answer), "\r\n\r\nhi") {
		t.Errorf("answer = %q, want it to end in hi", answer)
	}
	if got := <-done; !got.hijacked || got.status != 0 || len(got.hooks) != 0 {
		t.Errorf("account = hijacked %t, status %d, hooks %v, want true, 0, none", got.hijacked, got.status, got.hooks)
	}
}

func TestHijackAfterSwitchingProtocols(t *testing.T) {
	srv, done := start(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Upgrade", "echo")
		w.Header().Set("Connection", "Upgrade")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack() = %v, want nil", err)
			return
		}
		_ = conn.Close()
	})
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := <-done; got.status != 101 || !got.hijacked {
		t.Errorf("account = %d, hijacked %t, want 101, true", got.status, got.hijacked)
	}
}

func TestReadFromFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "export.csv")
	content := strings.Repeat("sku,price\n", 50_000)
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	protocols(t, func(t *testing.T, h2 bool) {
		for _, explicit := range []bool{false, true} {
			srv, done := start(t, h2, func(w http.ResponseWriter, _ *http.Request) {
				f, err := os.Open(name)
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = f.Close() }()
				w.Header().Set("Content-Length", fmt.Sprint(len(content)))
				if explicit {
					w.WriteHeader(http.StatusOK)
				}
				if n, err := w.(io.ReaderFrom).ReadFrom(f); n != int64(len(content)) || err != nil {
					t.Errorf("ReadFrom(file) = %d, %v, want %d, nil", n, err, len(content))
				}
			})
			resp, body := get(t, srv, "/")
			if body != content || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
				t.Errorf("explicit=%t: got %d bytes of %q, want %d of text/plain", explicit, len(body), resp.Header.Get("Content-Type"), len(content))
			}
			if got := <-done; got.bytes != int64(len(content)) {
				t.Errorf("explicit=%t: bytes = %d, want %d", explicit, got.bytes, len(content))
			}
		}
	})
}

// reader is a response writer whose ReadFrom shows what it was handed.
type reader struct {
	*httptest.ResponseRecorder
	from []io.Reader
}

func (r *reader) ReadFrom(src io.Reader) (int64, error) {
	r.from = append(r.from, src)
	return io.Copy(r.Body, src)
}

// The kernel can only take over if it is handed the file itself.
func TestReadFromDelegatesTheSource(t *testing.T) {
	under := &reader{ResponseRecorder: httptest.NewRecorder()}
	var w responsewriter.Writer
	w.Init(under, nil)
	w.WriteHeader(http.StatusOK)
	src := iotest.HalfReader(strings.NewReader("twelve bytes"))
	if n, err := w.ReadFrom(src); n != 12 || err != nil {
		t.Errorf("ReadFrom() = %d, %v, want 12, nil", n, err)
	}
	if len(under.from) != 1 || under.from[0] != src {
		t.Errorf("the writer underneath was handed %v, want the source itself", under.from)
	}
}

func TestReadFromKeepsTheSourceError(t *testing.T) {
	broken := errors.New("disk on fire")
	src := func() io.Reader {
		return io.MultiReader(strings.NewReader(strings.Repeat("a", 600)), iotest.ErrReader(broken))
	}
	for _, under := range []http.ResponseWriter{httptest.NewRecorder(), &reader{ResponseRecorder: httptest.NewRecorder()}} {
		var w responsewriter.Writer
		w.Init(under, nil)
		if n, err := w.ReadFrom(src()); n != 600 || !errors.Is(err, broken) {
			t.Errorf("ReadFrom() over %T = %d, %v, want 600, %v", under, n, err, broken)
		}
		if w.Bytes() != 600 {
			t.Errorf("bytes = %d, want 600", w.Bytes())
		}
	}
}

// bare has none of the optional methods.
type bare struct{ http.ResponseWriter }

func TestUnsupported(t *testing.T) {
	var w responsewriter.Writer
	w.Init(bare{httptest.NewRecorder()}, nil)
	if err := w.FlushError(); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("FlushError() = %v, want ErrNotSupported", err)
	}
	if _, _, err := w.Hijack(); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("Hijack() = %v, want ErrNotSupported", err)
	}
	if err := w.Push("/style.css", nil); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("Push() = %v, want ErrNotSupported", err)
	}
	if w.Status() != 0 || w.Hijacked() {
		t.Errorf("after refusals: status = %d, hijacked = %t, want 0, false", w.Status(), w.Hijacked())
	}
}

// TestCloseNotify: a server's writer tells that the client has left, through
// middlewares of other makers too; where none can tell, nothing comes.
func TestCloseNotify(t *testing.T) {
	left := make(chan (<-chan bool), 1)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var w responsewriter.Writer
		w.Init(wrapped{rw}, nil)
		left <- w.CloseNotify()
		_ = w.FlushError()
		<-r.Context().Done()
	}))
	defer server.Close()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if gone := <-<-left; !gone {
		t.Error("CloseNotify's channel is closed, want a value from it")
	}
	var w responsewriter.Writer
	w.Init(bare{httptest.NewRecorder()}, nil)
	if c := w.CloseNotify(); c != nil {
		t.Errorf("CloseNotify over a writer that cannot tell = %v, want nil", c)
	}
}

// wrapped has nothing but Unwrap, like many a middleware's writer.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// pusher notes what it is asked to push.
type pusher struct {
	http.ResponseWriter
	targets []string
}

func (p *pusher) Push(target string, _ *http.PushOptions) error {
	p.targets = append(p.targets, target)
	return nil
}

func TestLooksThroughUnwrap(t *testing.T) {
	under := httptest.NewRecorder()
	push := &pusher{ResponseWriter: under}
	var w responsewriter.Writer
	w.Init(wrapped{push}, nil)
	if err := w.Push("/style.css", nil); err != nil || len(push.targets) != 1 {
		t.Errorf("Push() = %v, pushed %v, want nil, one", err, push.targets)
	}
	w.Init(wrapped{under}, nil)
	if w.Flush(); !under.Flushed || w.Status() != http.StatusOK {
		t.Errorf("after Flush(): flushed %t, status %d, want true, 200", under.Flushed, w.Status())
	}
}

// failing has FlushError without Flush.
type failing struct{ bare }

var errGone = errors.New("the client is gone")

func (failing) FlushError() error { return errGone }

// over is failing with a writer underneath that flushes well.
type over struct {
	failing
	under http.ResponseWriter
}

func (o over) Unwrap() http.ResponseWriter { return o.under }

// As by [http.ResponseController], the outermost writer that can flush does,
// and what it says of it is passed on.
func TestFlushErrorIsPassedOn(t *testing.T) {
	under := httptest.NewRecorder()
	for name, next := range map[string]http.ResponseWriter{
		"alone":                 failing{bare{under}},
		"behind Unwrap":         wrapped{failing{bare{under}}},
		"before another writer": over{failing{bare{under}}, under},
	} {
		var w responsewriter.Writer
		w.Init(next, nil)
		if err := w.FlushError(); !errors.Is(err, errGone) {
			t.Errorf("%s: FlushError() = %v, want %v", name, err, errGone)
		}
	}
}

func TestWrapperOverWrapper(t *testing.T) {
	under := httptest.NewRecorder()
	var inner, outer responsewriter.Writer
	inner.Init(under, nil)
	outer.Init(&inner, nil)
	outer.WriteHeader(http.StatusTeapot)
	if _, err := io.Copy(&outer, strings.NewReader("short")); err != nil {
		t.Fatal(err)
	}
	if err := http.NewResponseController(&outer).Flush(); err != nil || !under.Flushed {
		t.Errorf("Flush() = %v, flushed %t, want nil, true", err, under.Flushed)
	}
	if inner.Status() != 418 || outer.Status() != 418 || inner.Bytes() != 5 || outer.Bytes() != 5 {
		t.Errorf("accounts = %d/%d, %d/%d bytes, want 418, 5 in both",
			inner.Status(), outer.Status(), inner.Bytes(), outer.Bytes())
	}
}

func get(t *testing.T, srv *httptest.Server, path string) (*http.Response, string) {
	t.Helper()
	resp, err := srv.Client().Get(srv.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}
