package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// greeter returns the address of a server that says something to whoever comes.
func greeter(t *testing.T, text string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.WriteString(conn, text) // fails if the client has left
				_, _ = io.Copy(io.Discard, conn)
			}()
		}
	}()
	return l.Addr().String()
}

func TestDemoRefuses(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { busy.Close() })
	mail := greeter(t, "220 mail.example ESMTP\r\n")
	garbage := filepath.Join(t.TempDir(), "garbage.db")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		code int
		want string // in the one line of the error
	}{
		{[]string{"--rate", "0"}, 2, "--rate is 0, want more than 0"},
		{[]string{"--rate", "-5"}, 2, "--rate is -5"},
		{[]string{"--rate", "NaN"}, 2, "--rate is NaN"},
		{[]string{"--for", "0"}, 2, "--for is 0s, want 100ms to 1h"},
		{[]string{"--orders", "10"}, 2, "--orders is 10, want 1000"},
		{[]string{"--rate", "0", "--for", "0"}, 2, "; --for"},
		{[]string{"--database", "mysql://me:secret@h/d"}, 2, "--database is a mysql URL, want"},
		{[]string{"--database", "postgres://me:se%zcret@h/d"}, 2, "percent-encoded"},
		{[]string{"--database", "postgres://me:secret@127.0.0.1:1/d"}, 1, "check that the server runs"},
		{[]string{"--database", garbage}, 1, "is not an SQLite database: give another path"},
		{[]string{"--database", filepath.Join(garbage, "x.db")}, 1, "check that its folder exists"},
		{[]string{"--addr", busy.Addr().String()}, 1, "is in use: stop what listens there"},
		{[]string{"--addr", "192.0.2.1:0"}, 1, "is on no network of this machine: leave --addr out"}, // RFC 5737: nobody's
		{[]string{"--addr", "8080"}, 2, "want host:port"},
		{[]string{"--addr", "127.0.0.1:http8"}, 2, "want host:port"},
		{[]string{"--database", "host=127.0.0.1 password=secret dbname=shop"}, 2, "want postgres://"},
		{[]string{"--database", "postgres://me:secret@" + mail + "/d"}, 1, "is no PostgreSQL"},
		{[]string{"--store", "redis"}, 2, "want memory:// or redis://host:port"},
		{[]string{"--store", ""}, 2, "want memory:// or redis://host:port"},
		{[]string{"--store", "redis://"}, 2, "without a host"},
		{[]string{"--store", "redis://me:se%zcret@h"}, 2, "percent-encoded"},
		{[]string{"--store", "redis://me:secret@h:port"}, 2, "percent-encoded"},
		{[]string{"--store", "redis://me:secret@h/shop"}, 2, "--store: "},
		{[]string{"--store", "memory://here"}, 2, "--store: "},
		{[]string{"--store", "memcached://h"}, 2, "want memory:// or redis://host:port"},
		{[]string{"now"}, 2, "takes no arguments"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			t.Parallel()
			demo, code := finishedDemo(t, append([]string{"--once", "--json"}, tt.args...)...)
			errs, out := demo.errs.String(), demo.out.String()
			if code != tt.code || !strings.Contains(errs, tt.want) {
				t.Errorf("= %d, %q; want %d and %q", code, errs, tt.code, tt.want)
			}
			if last := strings.TrimSpace(demo.lastError()); strings.Contains(last, "\n") || strings.Contains(errs, "secret") || out != "" {
				t.Errorf("stdout %q, stderr %q; want nothing, and one line without the password", out, errs)
			}
			checkNothingLeft(t, demo.dir, "")
		})
	}
}
