package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// startShop serves /ok, /down (503) and /echo.
func startShop(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/ok/{id}", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.PathValue("id")) })
	mux.HandleFunc("/down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// normal replaces what differs from run to run: measured figures with # and
// the port, runs of spaces with one, and what a busy machine adds with nothing.
func normal(s string) string {
	for _, r := range []struct{ pattern, with string }{
		{`~?[0-9.]+m?s\b`, "#ms"},
		{`127\.0\.0\.1:[0-9]+`, "127.0.0.1:0"},
		{`sent [0-9.]+/s`, "sent #/s"},
		{`("(?:achieved_rate|[a-z0-9_]+_ms)": )[0-9.]+`, "${1}0"},
		{`"kept_up": (true|false)`, `"kept_up": true`},
		{`the rate was not kept: this machine .*\n`, ""},
		{`  +`, " "},
	} {
		s = regexp.MustCompile(r.pattern).ReplaceAllString(s, r.with)
	}
	return s
}

func TestLoad(t *testing.T) {
	shop := startShop(t)
	body := filepath.Join(t.TempDir(), "order.json")
	if err := os.WriteFile(body, []byte(`{"product": {1..3}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		golden string
		args   []string
		code   int
	}{
		{
			golden: "load",
			args:   []string{"--rate=400", "--for=300ms", "--target=2*GET " + shop.URL + "/ok/{10..99}?token=hush", "--target=POST " + shop.URL + "/echo @" + body},
		},
		{golden: "load_some_failed", args: []string{"--rate=200", "--for=300ms", "--target=9*GET " + shop.URL + "/ok/1", "--target=GET " + shop.URL + "/down"}},
		{golden: "load_json", args: []string{"--json", "--rate=100", "--for=200ms", "--target=PUT " + shop.URL + "/echo", "--body=1234"}},
		{golden: "load_all_failed", code: exitFailed, args: []string{"--rate=100", "--for=200ms", "--target=GET " + shop.URL + "/down"}},
		{golden: "load_unreachable", code: exitFailed, args: []string{"--target=GET http://127.0.0.1:1/"}},
		{golden: "find_not_met", code: exitFailed, args: []string{"--find-max", "--rate=100", "--for=100ms", "--target=GET " + shop.URL + "/down"}},
		{golden: "find_json", code: exitFailed, args: []string{"--json", "--find-max", "--slo=p99=1s", "--rate=100", "--for=100ms", "--target=GET " + shop.URL + "/down"}},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			code, out, errs := hone(t.Context(), append([]string{"load"}, tt.args...)...)
			if code != tt.code {
				t.Errorf("exit status = %d, want %d", code, tt.code)
			}
			golden(t, tt.golden, normal(out+"--- stderr\n"+errs))
		})
	}
}

// Standard output is exactly one JSON object, whatever happens.
func TestLoadJSONIsOneObject(t *testing.T) {
	shop := startShop(t)
	for _, args := range [][]string{
		{"--rate=100", "--for=100ms", "--target=GET " + shop.URL + "/ok/1"},
		{"--rate=100", "--for=100ms", "--target=GET " + shop.URL + "/down"},
		{"--find-max", "--rate=100", "--for=100ms", "--target=GET " + shop.URL + "/down"},
	} {
		_, out, _ := hone(t.Context(), append([]string{"load", "--json"}, args...)...)
		dec := json.NewDecoder(strings.NewReader(out))
		var object map[string]any
		if err := dec.Decode(&object); err != nil {
			t.Errorf("hone load --json %q printed %q: %v", args, out, err)
		}
		if err := dec.Decode(&object); !errors.Is(err, io.EOF) {
			t.Errorf("hone load --json %q printed more than one object: %v", args, err)
		}
	}
}

func TestLoadKeepsSecrets(t *testing.T) {
	shop := startShop(t)
	address := strings.TrimPrefix(shop.URL, "http://")
	for _, target := range []string{
		"GET http://ann:hush@" + address + "/ok/1?api_key=hush", // fine
		"GET http://ann:hush@" + address + "/down",              // fails
		"GET http://ann:hush@127.0.0.1:1/",                      // unreachable
		"GET http://ann:hush@" + address + "/{x}",               // malformed
	} {
		for _, mode := range []string{"--json=false", "--json", "--find-max"} {
			_, out, errs := hone(t.Context(), "load", mode, "--rate=100", "--for=50ms", "--slo=p95=1us",
				"--header=Authorization: Bearer hush", "--target", target)
			if strings.Contains(out+errs, "hush") {
				t.Errorf("hone load %s --target %q printed a secret:\n%s%s", mode, target, out, errs)
			}
		}
	}
}

func TestLoadInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var served atomic.Int64
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if served.Add(1) == 20 {
			cancel()
			<-r.Context().Done()
		}
	}))
	defer shop.Close()
	code, out, errs := hone(ctx, "load", "--rate=200", "--for=1h", "--target=GET "+shop.URL)
	if code != exitFailed || !strings.Contains(out, "GET /") || !strings.HasPrefix(errs, "hone: interrupted: ") {
		t.Errorf("interrupted hone load = %d, stdout %q, stderr %q, want 1, a table and the word interrupted", code, out, errs)
	}
}

// Ctrl-C reaches the program as a signal: it must still print what it measured.
func TestInterruptSignal(t *testing.T) {
	requests := make(chan struct{})
	shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests <- struct{}{} }))
	defer shop.Close()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "load", "--rate=100", "--for=1h", "--target=GET "+shop.URL)
	cmd.Env = append(os.Environ(), "HONE_TEST_MAIN=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		<-requests
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error)
	go func() { exited <- cmd.Wait() }()
	for done := false; !done; {
		select {
		case <-requests:
		case <-exited:
			done = true
		}
	}
	if code := cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(out.String(), "total") || !strings.Contains(errs.String(), "hone: interrupted: ") {
		t.Errorf("hone load after an interrupt = %d, stdout %q, stderr %q, want 1, a table and the word interrupted", code, &out, &errs)
	}
}

// Without a terminal, progress is a line every few seconds.
func TestPlainProgress(t *testing.T) {
	var errs bytes.Buffer
	p := newProgress(&streams{out: io.Discard, err: &errs}, "load")
	for elapsed := time.Duration(0); elapsed <= 12*time.Second; elapsed += 100 * time.Millisecond {
		p.update(loadProgress(elapsed, 10*time.Second))
	}
	p.done()
	var lines []string
	for s := bufio.NewScanner(&errs); s.Scan(); {
		lines = append(lines, s.Text())
	}
	want := "hone: load: 5s of 10s  50 answered, 1 failed|hone: load: 10s of 10s  100 answered, 1 failed"
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("progress = %s, want %s", got, want)
	}
}
