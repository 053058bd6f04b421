//go:build unix

package server

import (
	"context"
	"os/exec"
	"syscall"
)

// A node is a server of a test's own, which can be started again at its port.
type node struct {
	*Process
	Port string
}

// Address returns the host and port.
func (n *node) Address() string { return "127.0.0.1:" + n.Port }

// run starts the server with a command that has it listen at its port, and
// returns when it accepts connections.
func (n *node) run(ctx context.Context, cmd *exec.Cmd) error {
	cmd.SysProcAttr = attributes(syscall.SIGTERM)
	p, err := startProcess(ctx, cmd, n.Port, syscall.SIGTERM)
	if err != nil {
		return err
	}
	n.Process = p
	return nil
}
