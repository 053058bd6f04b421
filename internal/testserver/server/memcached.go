//go:build unix

package server

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/user"
)

// Memcached starts a memcached and returns when it accepts connections, with
// its address. The caller stops it.
func Memcached(ctx context.Context) (*Process, string, error) {
	n, err := StartMemcachedNode(ctx)
	if err != nil {
		return nil, "", err
	}
	return n.Process, n.Address(), nil
}

// A MemcachedNode is a memcached of a test's own, which can be started again
// at its port.
type MemcachedNode struct {
	node

	settings []string
}

// StartMemcachedNode starts a memcached on a port of its own and returns when
// it accepts connections. Settings are arguments like "-m", "1". The caller
// stops it.
func StartMemcachedNode(ctx context.Context, settings ...string) (*MemcachedNode, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	n := &MemcachedNode{node: node{Port: port}, settings: settings}
	return n, n.Start(ctx)
}

// Start starts the server again after it was stopped or killed.
func (n *MemcachedNode) Start(ctx context.Context) error {
	program := Find("memcached")
	if program == "" {
		return errors.New("memcached not found: install memcached")
	}
	args := append([]string{"-p", n.Port, "-l", "127.0.0.1", "-U", "0"}, n.settings...)
	if os.Geteuid() == 0 {
		args = append(args, "-u", userForMemcached())
	}
	return n.run(ctx, exec.Command(program, args...))
}

// userForMemcached is whom it becomes when root starts it, which it insists on.
func userForMemcached() string {
	if _, err := user.Lookup("nobody"); err == nil {
		return "nobody"
	}
	return "root"
}
