//go:build unix

package server

import (
	"os"
	"syscall"
)

// Kill ends the server as a crash would, and waits.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.exited
}

// Freeze stops the server in its tracks: its connections stay, and new ones
// are still accepted by the kernel, but nothing is answered until [Process.Thaw].
func (p *Process) Freeze() error { return p.send(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (p *Process) Thaw() error { return p.send(syscall.SIGCONT) }

func (p *Process) send(s os.Signal) error { return p.cmd.Process.Signal(s) }
