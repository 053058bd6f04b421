//go:build unix

package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Bouncer is how [PgBouncer] pools. Few server connections and many clients,
// so that a test sees clients share.
const (
	BouncerPoolSize   = 5
	BouncerMaxClients = 100
)

// PgBouncer starts a PgBouncer in transaction mode with its files in
// dir/pgbouncer, which must not exist, in front of every database of the
// PostgreSQL at the URL. It returns when it accepts connections, with the URL
// of the same user and database behind it. Each setting is a line of
// pgbouncer.ini's main section and overrides the line before it. That user may
// also read the bouncer's own figures. The caller stops it.
func PgBouncer(ctx context.Context, dir, postgres string, settings ...string) (*Process, string, error) {
	program := Find("pgbouncer")
	if program == "" {
		return nil, "", errors.New("pgbouncer not found: install pgbouncer")
	}
	u, err := url.Parse(postgres)
	if err != nil || u.User == nil || u.Port() == "" {
		return nil, "", errors.New("pgbouncer needs the URL of a PostgreSQL with its user and port")
	}
	dir = filepath.Join(dir, "pgbouncer")
	attr, err := unprivileged(dir, syscall.SIGTERM)
	if err != nil {
		return nil, "", err
	}
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	user := u.User.Username()
	password, _ := u.User.Password()
	users := filepath.Join(dir, "users.txt")
	ini := filepath.Join(dir, "pgbouncer.ini")
	lines := append([]string{
		"[databases]",
		"* = host=" + u.Hostname() + " port=" + u.Port(),
		"[pgbouncer]",
		"listen_addr = 127.0.0.1",
		"listen_port = " + port,
		"unix_socket_dir =",
		"auth_type = trust",
		"auth_file = " + users,
		"stats_users = " + user,
		"pool_mode = transaction",
		fmt.Sprint("default_pool_size = ", BouncerPoolSize),
		fmt.Sprint("max_client_conn = ", BouncerMaxClients),
		"server_round_robin = 1", // so that a client really meets other servers
	}, settings...)
	if err := errors.Join(
		// 0644: as root, it is read by the user postgres, and dir is closed to others.
		os.WriteFile(users, []byte(quote(user)+" "+quote(password)+"\n"), 0o644),
		os.WriteFile(ini, []byte(strings.Join(lines, "\n")+"\n"), 0o644),
	); err != nil {
		return nil, "", err
	}
	cmd := exec.Command(program, ini)
	cmd.SysProcAttr = attr
	cmd.Dir = dir
	p, err := startProcess(ctx, cmd, port, syscall.SIGTERM) // at once, without waiting for clients
	u.Host = "127.0.0.1:" + port
	return p, u.String(), err
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
