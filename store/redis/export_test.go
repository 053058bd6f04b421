package redis

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// ForceScripts makes the store do as with a Redis before 7.0.
func (s *Store) ForceScripts() { s.scripted.Store(true) }

// Scripted reports whether it does.
func (s *Store) Scripted() bool { return s.scripted.Load() }

// Made is how many connections were made.
func (s *Store) Made() uint64 { return s.conn.dialer.made.Load() }

// Dialer is what makes a store's connections.
type Dialer struct{ *dialer }

// NewDialer returns one that gives an attempt so much time.
func NewDialer(timeout time.Duration) Dialer { return Dialer{newDialer("tcp", timeout)} }

// Begin begins an attempt.
func (d Dialer) Begin(address string) { _, _, _ = d.attempt(address, &net.Dialer{}, nil) }

// Close ends attempts.
func (d Dialer) Close() { d.close() }

// GateCalls is how many calls may be under way.
const GateCalls = gateCalls

// ClockReading is a reading of the server's clock, for tests.
type ClockReading struct {
	Server, Local time.Time
	Within        time.Duration
}

// NowAfter returns the server's time at a local time after some readings.
func NowAfter(local time.Time, readings ...ClockReading) time.Time {
	var c clock
	for _, r := range readings {
		c.note(&reading{server: r.Server, local: r.Local, within: r.Within})
	}
	return c.last.Load().at(local)
}

// DescribeURL says what a URL was read as.
func DescribeURL(url string) (string, error) {
	t, err := parseURL(url)
	if err != nil {
		return "", err
	}
	kind := map[topology]string{standalone: "standalone", sentinel: "sentinel", cluster: "cluster"}[t.topology]
	text := fmt.Sprintf("%s %s %v db %d", kind, t.network, t.addresses, t.database)
	if t.tls {
		text += " tls"
	}
	for _, part := range []struct{ name, value string }{
		{"user", t.username}, {"password", t.password}, {"master", t.master}, {"sentinel", t.sentinelUsername}, {"", t.sentinelPassword},
	} {
		if part.value != "" {
			text += strings.TrimRight(" "+part.name, " ") + " " + part.value
		}
	}
	return text, nil
}
