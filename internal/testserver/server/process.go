//go:build unix

package server

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"
)

// startTimeout bounds each server's start. Not shorter: initdb on a busy
// two-core machine has taken 15 s. Not longer: by then it will not come.
const startTimeout = 60 * time.Second

// A Process is a running server.
type Process struct {
	cmd    *exec.Cmd
	signal os.Signal
	output *bytes.Buffer
	exited chan struct{}
}

// startProcess starts cmd and waits until port accepts connections.
func startProcess(ctx context.Context, cmd *exec.Cmd, port string, stop os.Signal) (*Process, error) {
	p := &Process{cmd: cmd, signal: stop, output: new(bytes.Buffer), exited: make(chan struct{})}
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
			p.Stop()
			return nil, fmt.Errorf("no answer on port %s: %w\n%s", port, ctx.Err(), p.output)
		}
	}
}

// Stop asks the server to end, kills it after ten seconds, and waits.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(p.signal) // fails only if it has ended
	kill := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.exited
}
