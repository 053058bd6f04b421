package conformance

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// driver is the program that node runs in the suite's directory.
//
//go:embed driver.mjs
var driver string

// A Suite is an installed http-cache-tests with its origin server running.
type Suite struct {
	// Origin is the address of the suite's server.
	Origin *url.URL

	dir    string
	server *exec.Cmd
	output bytes.Buffer // what the server said
}

// startTimeout bounds the wait for the suite's server. Not shorter: node takes
// seconds to start on a busy machine. Not longer: by then it failed.
const startTimeout = 30 * time.Second

// Start starts the server of the suite that is installed in dir, the directory
// of its package.json, on a free loopback port. The caller calls Close.
func Start(ctx context.Context, dir string) (*Suite, error) {
	port, err := freePort()
	if err != nil {
		return nil, fmt.Errorf("conformance: %w", err)
	}
	s := &Suite{
		Origin: &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", port)},
		dir:    dir,
		server: exec.CommandContext(ctx, "node", "--no-warnings", "server/server.mjs"),
	}
	s.server.Dir = dir
	s.server.Env = append(os.Environ(), "npm_config_protocol=http", "npm_config_port="+port, "npm_config_pidfile="+os.DevNull)
	s.server.Stdout, s.server.Stderr = &s.output, &s.output
	if err := s.server.Start(); err != nil {
		return nil, fmt.Errorf("conformance: the suite's server: %w", err)
	}
	if err := s.wait(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("conformance: the suite's server did not answer: %w\n%s", err, s.output.String())
	}
	return s, nil
}

// Close stops the suite's server.
func (s *Suite) Close() {
	_ = s.server.Process.Kill()
	_ = s.server.Wait() // "killed" is what was asked for
}

// Run asks the cache at base, an address without a path, whatever the suite
// has to ask and returns the suite's verdicts in its order. If only is not
// empty, that test alone runs and its exchanges go to standard error. Cost:
// about a minute, most of it waiting for responses to become stale.
func (s *Suite) Run(ctx context.Context, base, only string) ([]Result, error) {
	cmd := exec.CommandContext(ctx, "node", "--no-warnings", "--input-type=module", "-", base, only)
	cmd.Dir = s.dir
	cmd.Stdin = strings.NewReader(driver)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("conformance: the suite's client: %w\n%s", err, stderr.String())
	}
	said, verdicts := cutLastLine(out)
	if only != "" {
		fmt.Fprintln(os.Stderr, string(said))
	}
	var results []Result
	if err := json.Unmarshal(verdicts, &results); err != nil {
		return nil, fmt.Errorf("conformance: the suite's verdicts: %w\n%s", err, out)
	}
	return results, nil
}

// wait returns when the suite's server answers.
func (s *Suite) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Origin.String(), nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			return resp.Body.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePort returns a port that nobody listens on now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return strconv.Itoa(port), l.Close()
}

// cutLastLine splits off the last line that is not empty.
func cutLastLine(out []byte) (before, last []byte) {
	out = bytes.TrimSpace(out)
	i := bytes.LastIndexByte(out, '\n')
	return out[:max(i, 0)], out[i+1:]
}
