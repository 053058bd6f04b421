//go:build unix

package server

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
)

// A RedisNode is a Redis of a test's own, which can be started again at its
// port.
type RedisNode struct {
	node

	dir      string
	settings []string
}

// StartRedisNode starts a Redis on a port of its own, with its files in
// dir/redis-<port>, and returns when it accepts connections. It keeps nothing,
// unless the settings, which are arguments like "--maxmemory", "8mb", say
// otherwise. The caller stops it.
func StartRedisNode(ctx context.Context, dir string, settings ...string) (*RedisNode, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	n := &RedisNode{node: node{Port: port}, dir: filepath.Join(dir, "redis-"+port), settings: settings}
	if err := os.Mkdir(n.dir, 0o700); err != nil {
		return nil, err
	}
	return n, n.Start(ctx)
}

// Start starts the server again after it was stopped or killed.
func (n *RedisNode) Start(ctx context.Context) error {
	program := Find("redis-server")
	if program == "" {
		return errors.New("redis-server not found: install redis-server")
	}
	args := append([]string{
		"--port", n.Port, "--bind", "127.0.0.1", "--dir", n.dir, "--save", "", "--appendonly", "no",
		"--repl-diskless-sync-delay", "0", // a replica has the data at once, not after five seconds
	}, n.settings...)
	return n.run(ctx, exec.Command(program, args...))
}
