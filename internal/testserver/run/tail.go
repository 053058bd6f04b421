//go:build unix

package main

import (
	"errors"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"
)

// tailLines is how much of a server's output is shown when it fails. Not
// fewer: PostgreSQL says why it ends, and then what it did about it. Not more:
// a server that ends after an hour of tests has said thousands of things.
const tailLines = 20

// tail shortens the error of a server that did not start to its first line,
// which says what happened, and the last lines of the output that follow.
func tail(err error) error {
	lines := slices.Collect(strings.Lines(strings.TrimRight(err.Error(), "\n")))
	if len(lines) <= 1+tailLines {
		return err
	}
	kept := append(lines[:1:1], "…\n")
	return errors.New(strings.Join(append(kept, lines[len(lines)-tailLines:]...), ""))
}

// silent returns which of the servers, given as entries of the environment, no
// longer accept connections.
func silent(started []string) (names []string) {
	for _, entry := range started {
		name, url, _ := strings.Cut(entry, "=")
		conn, err := net.DialTimeout("tcp", regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(url), 5*time.Second)
		if err != nil {
			names = append(names, name)
			continue
		}
		_ = conn.Close() // it has answered
	}
	return names
}
