//go:build unix && !linux

package server

import "syscall"

// attributes: only Linux can tie a server's life to this process.
func attributes(syscall.Signal) *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
