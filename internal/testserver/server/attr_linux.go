package server

import "syscall"

// attributes makes a server end with this process, even if it is killed.
func attributes(signal syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: signal}
}
