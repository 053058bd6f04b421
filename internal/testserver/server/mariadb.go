//go:build unix

package server

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
)

// MariaDB starts a MariaDB, which speaks MySQL's protocol and SQL, with its
// data in dir/mariadb, which must not exist, and returns when it accepts
// connections, with the data source name of a superuser, as the driver
// go-sql-driver/mysql reads it. Each setting is "name=value" of its
// configuration. The caller stops it.
func MariaDB(ctx context.Context, dir string, settings ...string) (*Process, string, error) {
	program, install := Find("mariadbd"), Find("mariadb-install-db")
	if program == "" || install == "" {
		return nil, "", errors.New("mariadbd not found: install mariadb-server")
	}
	dir = filepath.Join(dir, "mariadb")
	attr, err := unprivileged(dir, syscall.SIGTERM)
	if err != nil {
		return nil, "", err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, install, "--no-defaults", "--datadir="+data,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-flush-method=nosync")
	initdb.SysProcAttr = attr
	initdb.Dir = dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	args := []string{
		"--no-defaults", // what the machine's own server is set to
		"--datadir=" + data,
		"--socket=" + filepath.Join(dir, "socket"),
		"--bind-address=127.0.0.1",
		"--port=" + port,
	}
	for _, s := range append([]string{
		"innodb-flush-method=nosync", "innodb-flush-log-at-trx-commit=0", "innodb-doublewrite=0",
		"innodb-buffer-pool-size=32M", "innodb-buffer-pool-load-at-startup=0", "innodb-fast-shutdown=2",
	}, settings...) {
		args = append(args, "--"+s)
	}
	cmd := exec.Command(program, args...)
	cmd.SysProcAttr = attr
	cmd.Dir = dir
	p, err := startProcess(ctx, cmd, port, syscall.SIGTERM)
	return p, "root@tcp(127.0.0.1:" + port + ")/", err
}
