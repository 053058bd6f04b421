//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
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
	before  string // the env of the server that it stands before, which is started first
	// start runs the server with its data below dir and returns when it
	// accepts connections. behind is the URL of the server that it stands before.
	start func(ctx context.Context, dir, behind string) (*server.Process, string, error)
}

var servers = []kind{
	{
		name: "PostgreSQL", env: testserver.EnvPostgres, program: "postgres", debian: "postgresql",
		start: func(ctx context.Context, dir, _ string) (*server.Process, string, error) {
			return server.Postgres(ctx, dir)
		},
	},
	{
		name: "PgBouncer", env: testserver.EnvPgBouncer, program: "pgbouncer", debian: "pgbouncer",
		before: testserver.EnvPostgres,
		start: func(ctx context.Context, dir, postgres string) (*server.Process, string, error) {
			return server.PgBouncer(ctx, dir, postgres)
		},
	},
	{
		name: "MariaDB", env: testserver.EnvMySQL, program: "mariadbd", debian: "mariadb-server",
		start: func(ctx context.Context, dir, _ string) (*server.Process, string, error) {
			return server.MariaDB(ctx, dir)
		},
	},
	{
		name: "Redis", env: testserver.EnvRedis, program: "redis-server", debian: "redis-server",
		start: func(ctx context.Context, dir, _ string) (*server.Process, string, error) {
			return server.Redis(ctx, dir)
		},
	},
	{
		name: "memcached", env: testserver.EnvMemcached, program: "memcached", debian: "memcached",
		start: func(ctx context.Context, _, _ string) (*server.Process, string, error) {
			return server.Memcached(ctx)
		},
	},
	{
		name: "MongoDB's protocol", env: testserver.EnvMongo, program: "go", debian: "golang-go", // builds it
		start: func(ctx context.Context, dir, _ string) (*server.Process, string, error) {
			return server.Mongo(ctx, dir)
		},
	},
}

// A running server is one that is being started until done is closed.
type running struct {
	done    chan struct{}
	process *server.Process // nil if it was running already, or failed
	url     string
	err     error
}

// startServers starts those servers that the environment does not name, all at
// the same time except for those that stand before another. It returns the
// environment's new entries. Stop ends what was started, in case of an error
// too.
func startServers(ctx context.Context, dir string) (env []string, stop func(), err error) {
	all := make(map[string]*running)
	for _, s := range servers {
		all[s.env] = &running{done: make(chan struct{}), url: os.Getenv(s.env)}
	}
	for _, s := range servers {
		r := all[s.env]
		if r.url != "" {
			close(r.done)
			continue
		}
		go func() {
			defer close(r.done)
			behind := ""
			if b := all[s.before]; b != nil {
				<-b.done
				if behind = b.url; b.err != nil {
					return // that error says enough
				}
			}
			r.process, r.url, r.err = s.start(ctx, dir, behind)
		}()
	}
	stop = func() {}
	for _, s := range servers {
		r := all[s.env]
		<-r.done
		switch {
		case r.err != nil:
			err = errors.Join(err, fmt.Errorf("set %s to one that runs, or see why %s does not: %w", s.env, s.name, tail(r.err)))
		case r.process != nil:
			env = append(env, s.env+"="+r.url)
			others := stop
			stop = func() {
				r.process.Stop() // in front of another: first
				others()
			}
		}
	}
	return env, stop, err
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
