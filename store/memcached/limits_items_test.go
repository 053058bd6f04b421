package memcached_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// items returns what the server says of its items: names and ends.
func items(t *testing.T, address string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(conn, "lru_crawler metadump all\r\n"); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for in := bufio.NewScanner(conn); in.Scan() && in.Text() != "END"; {
		lines.WriteString(in.Text() + "\n")
	}
	return lines.String()
}
