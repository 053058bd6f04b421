//go:build unix

package server

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Nginx starts an nginx that passes every request on to upstream, a URL like
// "http://127.0.0.1:8080" or "http://unix:/path", with its files in
// dir/nginx-<port>, and returns when it accepts connections, with its own URL.
// Each setting is a directive of the location, without its semicolon. The
// caller stops it.
func Nginx(ctx context.Context, dir, upstream string, settings ...string) (*Process, string, error) {
	program := Find("nginx")
	if program == "" {
		return nil, "", errors.New("nginx not found: install nginx-light")
	}
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	dir = filepath.Join(dir, "nginx-"+port)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, "", err
	}
	lines := []string{
		"daemon off;",
		"master_process off;", // one process, as whoever starts it
		"pid nginx.pid;",
		"events {}",
		"http {",
		"access_log off;",
		"client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;",
		"uwsgi_temp_path uwsgi; scgi_temp_path scgi;",
		"server {",
		"listen 127.0.0.1:" + port + ";",
		"location / {",
		"proxy_pass " + upstream + ";",
	}
	for _, s := range settings {
		lines = append(lines, s+";")
	}
	lines = append(lines, "} } }", "")
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		return nil, "", err
	}
	cmd := exec.Command(program, "-p", dir, "-c", conf, "-e", "stderr")
	cmd.SysProcAttr = attributes(syscall.SIGTERM)
	p, err := startProcess(ctx, cmd, port, syscall.SIGTERM) // at once, without waiting for requests
	return p, "http://127.0.0.1:" + port, err
}
