package main

import "syscall"

func ownGroup() *syscall.SysProcAttr { return nil }

// kill kills the demo.
func (p *demoProcess) kill() {
	_ = p.cmd.Process.Kill() // fails if it has ended
	<-p.ended
}
