//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

// A kind is one kind of server that the tests need.
type kind struct {
	name    string
	env     string // where the tests look for its URL
	program string
	debian  string // the package that brings it
	// start runs the server with its data below dir and returns when it
	// accepts connections. urls has the addresses so far, by env.
	start func(ctx context.Context, dir string, urls map[string]string) (*server.Process, string, error)
}

// servers are started in this order.
var servers = []kind{
	{
		"PostgreSQL", testserver.EnvPostgres, "postgres", "postgresql",
		func(ctx context.Context, dir string, _ map[string]string) (*server.Process, string, error) {
			return server.Postgres(ctx, dir)
		},
	},
	{
		"PgBouncer", testserver.EnvPgBouncer, "pgbouncer", "pgbouncer",
		func(ctx context.Context, dir string, urls map[string]string) (*server.Process, string, error) {
			return server.PgBouncer(ctx, dir, urls[testserver.EnvPostgres])
		},
	},
	{
		"Redis", testserver.EnvRedis, "redis-server", "redis-server",
		func(ctx context.Context, dir string, _ map[string]string) (*server.Process, string, error) {
			return server.Redis(ctx, dir)
		},
	},
}

// missingHypoPG returns the package of the HypoPG extension for the installed
// PostgreSQL, or for the one that Debian would install, if it is not there and
// Debian has it. Some releases do not: tests that want it then say so.
func missingHypoPG(ctx context.Context) []string {
	if installed, _ := filepath.Glob("/usr/share/postgresql/*/extension/hypopg.control"); len(installed) > 0 {
		return nil // the pattern is well formed
	}
	major := ""
	if postgres := server.Find("postgres"); postgres != "" {
		major = firstNumber(output(ctx, postgres, "--version"))
	} else {
		major = firstNumber(field(output(ctx, "apt-cache", "policy", "postgresql"), "Candidate:"))
	}
	name := "postgresql-" + major + "-hypopg"
	candidate := field(output(ctx, "apt-cache", "policy", name), "Candidate:")
	if major == "" || candidate == "" || candidate == "(none)" {
		return nil
	}
	return []string{name}
}

// output returns what a program prints, or "" if it fails or is not there.
func output(ctx context.Context, program string, args ...string) string {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// field returns the word that follows label in text, or "".
func field(text, label string) string {
	_, after, _ := strings.Cut(text, label)
	if words := strings.Fields(after); len(words) > 0 {
		return words[0]
	}
	return ""
}

// firstNumber returns the first run of digits in text, or "".
func firstNumber(text string) string {
	const digits = "0123456789"
	start := strings.IndexAny(text, digits)
	if start < 0 {
		return ""
	}
	number := text[start:]
	return number[:len(number)-len(strings.TrimLeft(number, digits))]
}
