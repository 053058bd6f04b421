package httpcache_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/httpcache"
)

func TestConditionalCutsWhatIsCut(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"panic": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("half", 64<<10)) // more than net/http holds back
			panic(http.ErrAbortHandler)
		},
		"shorter than announced": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "8")
			_, _ = io.WriteString(w, "half")
		},
	} {
		resp, err := http.Get(conditional(t, httpcache.ConditionalConfig{}, handler))
		if err != nil {
			continue // cut before the header
		}
		if _, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%s: the body looks complete", name)
		}
		_ = resp.Body.Close()
		if tag := resp.Header.Get("ETag"); tag != "" {
			t.Errorf("%s: ETag = %s, want none", name, tag)
		}
	}
}

func TestConditionalPassesInformationalResponses(t *testing.T) {
	url := conditional(t, httpcache.ConditionalConfig{}, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		page(w, r)
	})
	hints := 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(int, textproto.MIMEHeader) error { hints++; return nil },
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if hints != 1 || resp.Header.Get("ETag") == "" {
		t.Errorf("%d hints and ETag %q, want 1 and a tag", hints, resp.Header.Get("ETag"))
	}
}

func TestConditionalStreams(t *testing.T) {
	more := make(chan struct{})
	url := conditional(t, httpcache.ConditionalConfig{}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "one\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-more
		_, _ = io.WriteString(w, "two\n")
	})
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() || lines.Text() != "one" {
		t.Fatalf("first line = %q, %v", lines.Text(), lines.Err())
	}
	close(more)
	if !lines.Scan() || lines.Text() != "two" {
		t.Errorf("second line = %q, %v", lines.Text(), lines.Err())
	}
}

func TestConditionalHijackAndDeadline(t *testing.T) {
	url := conditional(t, httpcache.ConditionalConfig{}, func(w http.ResponseWriter, _ *http.Request) {
		control := http.NewResponseController(w)
		if err := control.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		conn, _, err := control.Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 299 Mine\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		_ = conn.Close()
	})
	if resp, _ := do(t, url, http.MethodGet, nil); resp.StatusCode != 299 {
		t.Errorf("status = %d, want 299", resp.StatusCode)
	}
}

func TestConditionalHoldsNothingOfALargeBody(t *testing.T) {
	c, err := httpcache.NewConditional(httpcache.ConditionalConfig{MaxBody: 8})
	if err != nil {
		t.Fatal(err)
	}
	client := httptest.NewRecorder()
	c.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "9")
		_, _ = io.WriteString(w, "1")
		if got := client.Body.String(); got != "1" {
			t.Errorf("sent after the first write = %q, want it", got)
		}
		_, _ = io.WriteString(w, "23456789")
	})).ServeHTTP(client, httptest.NewRequest(http.MethodGet, "/", nil))
}

func TestConditionalGivesNoTagToTheGone(t *testing.T) {
	c, err := httpcache.NewConditional(httpcache.ConditionalConfig{})
	if err != nil {
		t.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	ctx, cancel := context.WithCancel(t.Context())
	c.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		cancel()
	})).ServeHTTP(w, r.WithContext(ctx))
	if tag := w.Header().Get("ETag"); tag != "" {
		t.Errorf("ETag = %s, want none", tag)
	}
}

func TestConditionalReadsFiles(t *testing.T) {
	path := t.TempDir() + "/file"
	content := strings.Repeat("0123456789", 400_000)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	url := conditional(t, httpcache.ConditionalConfig{}, func(w http.ResponseWriter, _ *http.Request) {
		file, err := os.Open(path)
		if err != nil {
			t.Error(err)
			return
		}
		defer file.Close()
		if n, err := io.Copy(w, file); n != int64(len(content)) || err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("io.Copy = %d, %v, want %d", n, err, len(content))
		}
	})
	if _, body := do(t, url, http.MethodGet, nil); body != content {
		t.Errorf("%d bytes arrived, want the file's %d", len(body), len(content))
	}
}
