//go:build unix

package server

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres starts a PostgreSQL with its data in dir/postgres, which must not
// exist, and returns when it accepts connections, with the URL of a superuser.
// Each setting is "name=value" of postgresql.conf. The caller stops it.
func Postgres(ctx context.Context, dir string, settings ...string) (*Process, string, error) {
	program := Find("postgres")
	if program == "" {
		return nil, "", errors.New("postgres not found: install postgresql")
	}
	dir = filepath.Join(dir, "postgres")
	attr, err := unprivileged(dir, syscall.SIGINT)
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
	args := []string{"-D", data, "-k", dir, "-h", "127.0.0.1", "-p", port}
	for _, s := range append([]string{"fsync=off", "synchronous_commit=off", "full_page_writes=off"}, settings...) {
		args = append(args, "-c", s)
	}
	cmd := exec.Command(resolve(program), args...)
	cmd.SysProcAttr = attr
	cmd.Dir = dir
	p, err := startProcess(ctx, cmd, port, syscall.SIGINT) // SIGINT is the fast shutdown
	if err != nil {
		return nil, "", err
	}
	url := "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
	if err := ready(ctx, url); err != nil {
		p.Stop()
		return nil, "", fmt.Errorf("%w\n%s", err, p.output)
	}
	return p, url, nil
}

// ready waits until the server lets someone in: it accepts connections a
// little earlier, only to say that it is starting.
func ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := pgx.Connect(ctx, url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return err
		}
	}
}
