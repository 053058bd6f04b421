package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// process is a run of the server in the background.
type process struct {
	url, banner string
	admin       string // where it tells of its limits, if it does
	stop        context.CancelFunc
	code        <-chan int
	stderr      *bytes.Buffer // to be read once code has come
	report      <-chan string // what stdout had after the banner, when it has ended
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	reader, writer := io.Pipe()
	code := make(chan int, 1)
	p := &process{stop: stop, code: code, stderr: new(bytes.Buffer)}
	go func() {
		got := run(ctx, args, writer, p.stderr)
		writer.Close()
		code <- got
	}()
	stdout := bufio.NewReader(reader)
	line, err := stdout.ReadString('\n')
	if err != nil {
		stop()
		t.Fatalf("server %q ended with %d: %s", args, <-code, p.stderr)
	}
	admin := ""
	if slices.Contains(args, "-admin") {
		line, err := stdout.ReadString('\n')
		if err != nil {
			stop()
			t.Fatalf("server %q ended with %d: %s", args, <-code, p.stderr)
		}
		_, admin, _ = strings.Cut(line, " on ")
	}
	p.admin, _, _ = strings.Cut(admin, ",")
	report := make(chan string, 1)
	p.report = report
	go func() {
		rest, _ := io.ReadAll(stdout) // the pipe's writer closes without an error
		report <- string(rest)
	}()
	p.banner = strings.TrimSpace(line)
	_, p.url, _ = strings.Cut(p.banner, " on ")
	return p
}

// end stops the process, which must end well.
func (p *process) end(t *testing.T) {
	t.Helper()
	p.stop()
	if got := <-p.code; got != 0 {
		t.Errorf("run() = %d: %s, want 0", got, p.stderr)
	}
}

func orders(t *testing.T, url string) (ids []int64) {
	t.Helper()
	resp, err := http.Get(url + "/api/orders")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var page struct{ Orders []struct{ ID int64 } }
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	for _, o := range page.Orders {
		ids = append(ids, o.ID)
	}
	return ids
}

func TestRunTemporary(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	p := start(t, "-addr", "127.0.0.1:0", "-orders", "60")
	if !strings.HasPrefix(p.banner, "shop (sqlite, as found) on http://127.0.0.1:") {
		t.Errorf("first line = %q", p.banner)
	}
	if ids := orders(t, p.url); len(ids) != 50 || ids[0] != 60 {
		t.Errorf("orders = %v, want the newest 50 of 60", ids)
	}
	p.end(t)
	if got := <-p.report; !strings.Contains(got, "n+1 on GET /api/orders at examples/shop/found/orders.go:") {
		t.Errorf("report = %q, want the n+1 of the order list and its line", got)
	}
	if !strings.Contains(p.stderr.String(), "100 %") {
		t.Errorf("standard error = %q, want the progress of the seeding", p.stderr)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := http.Get(p.url + "/health"); err == nil {
		t.Error("the server still answers after its end")
	}
}

func TestRunLastingAndTuned(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	first := start(t, "-addr", "127.0.0.1:0", "-orders", "10", "-database", path)
	resp, err := http.Post(first.url+"/api/orders", "application/json",
		strings.NewReader(`{"customer_id": 1, "lines": [{"product_id": 1, "quantity": 1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	first.end(t)

	second := start(t, "-addr", "127.0.0.1:0", "-orders", "10", "-database", path, "-tuned")
	if !strings.HasPrefix(second.banner, "shop (sqlite, tuned) on ") {
		t.Errorf("first line = %q", second.banner)
	}
	if ids := orders(t, second.url); len(ids) != 11 || ids[0] != 11 {
		t.Errorf("orders = %v, want the ten made up and the one placed before", ids)
	}
	second.end(t)
	if strings.Contains(second.stderr.String(), "seeding") {
		t.Errorf("a database that holds rows was seeded: %s", second.stderr)
	}
}

func TestRunStoppedWhileSeeding(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	ctx, cancel := context.WithCancel(t.Context())
	var stdout bytes.Buffer
	code := run(ctx, []string{"-addr", "127.0.0.1:0", "-orders", "20000"}, &stdout, writerFunc(func(p []byte) (int, error) {
		cancel() // at the first line of progress
		return len(p), nil
	}))
	if code != 0 || stdout.Len() > 0 {
		t.Errorf("run() = %d, %q, want 0 and no word of serving", code, &stdout)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestRunFailures(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	notes := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(notes, []byte(strings.Repeat("timber\n", 200)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-nonsense"}, 2, "flag provided but not defined"},
		{[]string{"shop.db"}, 2, `"shop.db" is not a flag`},
		{[]string{"-addr", "8080"}, 2, `-addr is "8080", want host:port`},
		{[]string{"-orders", "0"}, 2, "-orders is 0, want > 0"},
		{[]string{"-cache"}, 2, "-cache and -responses want -tuned"},
		{[]string{"-tuned", "-store", "redis://127.0.0.1"}, 2, "-store is for -cache, -responses and -limits"},
		{[]string{"-tuned", "-cache", "-store", "redis"}, 2, "-store names no store"},
		{[]string{"-tuned", "-cache", "-store", "mysql://me:secret@127.0.0.1"}, 2, "-store names no store"},
		{[]string{"-addr", "127.0.0.1:0", "-tuned", "-cache", "-store", "memory://?max=much"}, 2, "want a size like 64MiB"},
		{[]string{"-addr", "127.0.0.1:0", "-tuned", "-cache", "-store", "redis://me:secret@127.0.0.1/shop"}, 2, "-store cannot be used"},
		{[]string{"-accounts", "keys"}, 2, "-accounts and -admin are for -limits"},
		{[]string{"-limits", "-admin", "127.0.0.1:0"}, 2, "-admin and -admin-token belong together"},
		{[]string{"-trust", "10.0.0.0/33"}, 2, "-trust: "},
		{[]string{"-trust", "0.0.0.0/0"}, 2, "want what -help says of -trust and -hops"},
		{[]string{"-hops", "-1"}, 2, "want what -help says of -trust and -hops"},
		{[]string{"-addr", "127.0.0.1:0", "-orders", "10", "-limits", "-accounts", "none"}, 2, "-accounts: open none"},
		{[]string{"-addr", "127.0.0.1:0", "-orders", "10", "-limits", "-accounts", notes}, 2, "line 1: want a key of at least 16 bytes"},
		{[]string{"-addr", "127.0.0.1:0", "-orders", "10", "-limits", "-admin", "127.0.0.1:0", "-admin-token", os.DevNull}, 2, "the credential has 0 bytes, want at least 16"},
		{[]string{"-orders", "0", "-addr", "8080"}, 2, "-orders is 0"},
		{[]string{"-addr", busy.Addr().String()}, 1, "choose another -addr"},
		{[]string{"-addr", "127.0.0.1:0", "-database", notes}, 1, "is not an SQLite database"},
		{[]string{"-addr", "127.0.0.1:0", "-database", "postgres://shop:secret@127.0.0.1:1/shop"}, 1, "cannot reach PostgreSQL"},
		{[]string{"-addr", "127.0.0.1:0", "-database", "mysql://localhost"}, 1, "does not run on mysql"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), test.args, &stdout, &stderr)
		if code != test.code || !strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
			t.Errorf("run(%q) = %d, %q, want %d and %q", test.args, code, &stderr, test.code, test.want)
		}
		if test.code == 1 && strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("run(%q) says %q, want one line", test.args, &stderr)
		}
		if strings.Contains(stderr.String(), "secret") {
			t.Errorf("run(%q) says %q, which has the password", test.args, &stderr)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
