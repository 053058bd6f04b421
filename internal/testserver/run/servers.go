//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/hone-go/hone/internal/testserver"
)

// A server is one kind that the tests need.
type server struct {
	name    string
	env     string // where the tests look for its URL
	program string
	debian  string // the package that brings it
	// start runs the server with its data below dir and returns when it
	// accepts connections.
	start func(ctx context.Context, dir string) (*process, string, error)
}

var servers = []server{
	{"PostgreSQL", testserver.EnvPostgres, "postgres", "postgresql", startPostgres},
	{"Redis", testserver.EnvRedis, "redis-server", "redis-server", startRedis},
}

// startTimeout bounds each server's start. Not shorter: initdb on a busy
// two-core machine has taken 15 s. Not longer: by then it will not come.
const startTimeout = 60 * time.Second

func startPostgres(ctx context.Context, dir string) (*process, string, error) {
	program := find("postgres")
	if program == "" {
		return nil, "", fmt.Errorf("postgres not found: install postgresql, or set %s", testserver.EnvPostgres)
	}
	dir = filepath.Join(dir, "postgres")
	attr, err := unprivileged(dir)
	if err != nil {
		return nil, "", err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(filepath.Dir(resolve(program)), "initdb"),
		"-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	initdb.SysProcAttr = attr
	initdb.Dir = dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	cmd := exec.Command(resolve(program), "-D", data, "-k", dir, "-h", "127.0.0.1", "-p", port,
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	cmd.SysProcAttr = attr
	cmd.Dir = dir
	p, err := startProcess(ctx, cmd, port, syscall.SIGINT) // SIGINT is the fast shutdown
	return p, "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable", err
}

func startRedis(ctx context.Context, dir string) (*process, string, error) {
	program := find("redis-server")
	if program == "" {
		return nil, "", fmt.Errorf("redis-server not found: install it, or set %s", testserver.EnvRedis)
	}
	dir = filepath.Join(dir, "redis")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, "", err
	}
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	cmd := exec.Command(program, "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no")
	cmd.SysProcAttr = attributes(syscall.SIGTERM)
	p, err := startProcess(ctx, cmd, port, syscall.SIGTERM)
	return p, "redis://127.0.0.1:" + port, err
}

// A process is a running server.
type process struct {
	cmd    *exec.Cmd
	signal os.Signal
	output *bytes.Buffer
	exited chan struct{}
}

// startProcess starts cmd and waits until port accepts connections.
func startProcess(ctx context.Context, cmd *exec.Cmd, port string, stop os.Signal) (*process, error) {
	p := &process{cmd: cmd, signal: stop, output: new(bytes.Buffer), exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait() // the output says more than the exit code
		close(p.exited)
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			return p, conn.Close()
		}
		select {
		case <-retry.C:
		case <-p.exited:
			return nil, fmt.Errorf("it ended while starting:\n%s", p.output)
		case <-ctx.Done():
			p.stop()
			return nil, fmt.Errorf("no answer on port %s: %w\n%s", port, ctx.Err(), p.output)
		}
	}
}

// stop asks the server to end, kills it after ten seconds, and waits.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(p.signal) // fails only if it has ended
	kill := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.exited
}

// unprivileged makes dir and returns how to run a program that refuses root:
// as root, as the user postgres, who then owns dir.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := attributes(syscall.SIGINT)
	if err := os.Mkdir(dir, 0o700); err != nil || os.Geteuid() != 0 {
		return attr, err
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("running as root needs the user postgres: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("user postgres has ids %q and %q, want numbers", u.Uid, u.Gid)
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { // let the user pass through
		return nil, err
	}
	return attr, os.Chown(dir, int(uid), int(gid))
}

// find returns the path of a program in PATH or where Debian keeps the
// server programs of PostgreSQL, newest version first, or "".
func find(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	paths, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program) // the pattern is well formed
	if len(paths) == 0 {
		return ""
	}
	return slices.MaxFunc(paths, func(a, b string) int { return version(a) - version(b) })
}

func version(path string) int {
	v, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 sorts last
	return v
}

// resolve follows links, so that a program's siblings are found beside it.
func resolve(path string) string {
	if r, err := filepath.EvalSymlinks(path); err == nil {
		return r
	}
	return path
}

// freePort returns a loopback port that was free a moment ago.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}
