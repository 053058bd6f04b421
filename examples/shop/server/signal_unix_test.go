//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestMain is main itself in a process that a test has started.
func TestMain(m *testing.M) {
	if os.Getenv("HONE_TEST_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// SIGTERM, which container platforms send, lets a request under way come to its
// end, takes no new client, leaves nothing behind, and ends with 0.
func TestSIGTERM(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cmd := exec.Command(self, "-addr", "127.0.0.1:0", "-orders", "100", "-tuned", "-cache", "-encode")
	cmd.Env = append(os.Environ(), "HONE_TEST_MAIN=1", "TMPDIR="+folder)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // if it still runs
	out := bufio.NewReader(stdout)
	banner, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(strings.TrimSpace(banner), " on http://")

	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const order = `{"customer_id": 1, "lines": [{"product_id": 1, "quantity": 1}]}`
	_, err = fmt.Fprintf(conn, "POST /api/orders HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(order))
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	// The server says so when the handler reads: it is under way.
	if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("first line = %q, %v, want 100 Continue", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for { // until the listener is closed
		other, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		other.Close()
	}
	if _, err := io.WriteString(conn, order); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(in)
	if err != nil || !strings.Contains(string(answer), "HTTP/1.1 201 Created\r\n") || !strings.Contains(string(answer), `"id":101,`) {
		t.Errorf("answer = %q, %v, want the order", answer, err)
	}
	report, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil || !strings.Contains(string(report), "/api/orders  POST") {
		t.Errorf("the server ended with %v and reported %q, want 0 and the order", err, report)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
