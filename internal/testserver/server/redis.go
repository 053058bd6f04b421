//go:build unix

package server

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Redis starts a Redis that keeps nothing, in dir/redis, which must not exist,
// and returns when it accepts connections, with its URL. The caller stops it.
func Redis(ctx context.Context, dir string) (*Process, string, error) {
	program := Find("redis-server")
	if program == "" {
		return nil, "", errors.New("redis-server not found: install redis-server")
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
