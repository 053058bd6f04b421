//go:build unix

package main

import (
	"os"
	"testing"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

func TestRunPassesTheExitCodeOn(t *testing.T) {
	t.Setenv(testserver.EnvPostgres, "postgres://somewhere/else") // so that no server is started
	t.Setenv(testserver.EnvPgBouncer, "postgres://somewhere.behind/else")
	t.Setenv(testserver.EnvMySQL, "someone@tcp(somewhere)/else")
	t.Setenv(testserver.EnvRedis, "redis://somewhere.else")
	t.Setenv(testserver.EnvMongo, "mongodb://somewhere.else")
	tests := []struct {
		args []string
		want int
	}{
		{[]string{"true"}, 0},
		{[]string{"sh", "-c", "exit 7"}, 7},
		{[]string{"sh", "-c", `test "$HONE_TEST_REQUIRE" = 1 && test "$HONE_TEST_POSTGRES" = postgres://somewhere/else`}, 0},
		{[]string{"sh", "-c", "kill -9 $$"}, 1},
		{[]string{"there-is-no-such-program"}, 1},
		{nil, 2},
		{[]string{"-nope", "true"}, 2},
	}
	for _, tt := range tests {
		if got := run(t.Context(), tt.args); got != tt.want {
			t.Errorf("run(%q) = %d, want %d", tt.args, got, tt.want)
		}
	}
}

func TestServersStartAndStop(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			if server.Find(s.program) == "" && os.Getenv(testserver.EnvRequire) != "1" {
				t.Skipf("%s is not installed", s.program)
			}
			t.Setenv(testserver.EnvPostgres, "postgres://someone@somewhere:5432/else")
			t.Setenv(testserver.EnvPgBouncer, "postgres://somewhere.behind/else")
			t.Setenv(testserver.EnvMySQL, "someone@tcp(somewhere)/else")
			t.Setenv(testserver.EnvRedis, "redis://somewhere.else")
			t.Setenv(testserver.EnvMongo, "mongodb://somewhere.else")
			t.Setenv(s.env, "")
			if got := run(t.Context(), []string{"sh", "-c", `case "$` + s.env + `" in *127.0.0.1:*) exit 0;; esac; exit 1`}); got != 0 {
				t.Errorf("run with %s = %d, want 0 and its address in %s", s.name, got, s.env)
			}
		})
	}
}

func TestFirstNumber(t *testing.T) {
	for in, want := range map[string]string{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)": "15",
		"17+278": "17",
		"":       "",
		"(none)": "",
	} {
		if got := firstNumber(in); got != want {
			t.Errorf("firstNumber(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestField(t *testing.T) {
	const policy = "postgresql-15-hypopg:\n  Installed: (none)\n  Candidate: 1.3.1-2+b1\n"
	if got, want := field(policy, "Candidate:"), "1.3.1-2+b1"; got != want {
		t.Errorf("field(…, Candidate:) = %q, want %q", got, want)
	}
	if got := field("", "Candidate:"); got != "" {
		t.Errorf("field of nothing = %q, want nothing", got)
	}
}
