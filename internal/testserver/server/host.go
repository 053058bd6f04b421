//go:build unix

package server

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// unprivileged makes dir and returns how to run a program that refuses root:
// as root, as the user postgres, who then owns dir. The signal ends it.
func unprivileged(dir string, end syscall.Signal) (*syscall.SysProcAttr, error) {
	attr := attributes(end)
	if err := os.Mkdir(dir, 0o700); err != nil || os.Geteuid() != 0 {
		return attr, err
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("running as root needs the user postgres: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("user postgres has ids %q and %q, want numbers", u.Uid, u.Gid)
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { // let the user pass through
		return nil, err
	}
	return attr, os.Chown(dir, int(uid), int(gid))
}

// Find returns the path of a program in PATH, among the system's programs
// (which are not in every user's PATH), or where Debian keeps the server
// programs of PostgreSQL, newest version first; or "".
func Find(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	if path, err := exec.LookPath("/usr/sbin/" + program); err == nil {
		return path
	}
	paths, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program) // the pattern is well formed
	if len(paths) == 0 {
		return ""
	}
	return slices.MaxFunc(paths, func(a, b string) int { return version(a) - version(b) })
}

func version(path string) int {
	v, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 sorts last
	return v
}

// resolve follows links, so that a program's siblings are found beside it.
func resolve(path string) string {
	if r, err := filepath.EvalSymlinks(path); err == nil {
		return r
	}
	return path
}

// freePort returns a loopback port that was free a moment ago.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}
