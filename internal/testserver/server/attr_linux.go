package server

import "syscall"

// attributes makes a server end with this process, even if it is killed. In
// fact it ends with the thread that starts it, and Go ends a thread only with a
// goroutine that is locked to it: such a goroutine must not start servers.
func attributes(signal syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: signal}
}
