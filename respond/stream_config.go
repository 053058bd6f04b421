package respond

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
	"time"
)

// StreamConfig says how rows reach the client. The zero value is ready to use.
type StreamConfig struct {
	// FlushBytes is how much is gathered before it is sent. Default 32 KiB. Not
	// smaller: each flush is a system call and a TLS record or three. Not
	// larger: the client waits for it, and each stream holds it.
	FlushBytes int

	// FlushInterval is how long a row waits for company: after that it is sent
	// although FlushBytes are not there. The first row never waits. Default one
	// second; negative means off. Not smaller: rows that trickle in become one
	// packet each. Not larger: proxies and people give up on a silent line.
	FlushInterval time.Duration

	// WriteTimeout is how long one write may take, that is, how long a client
	// may read nothing. It replaces http.Server.WriteTimeout, which bounds the
	// whole answer, for this one. Default 30 seconds; negative means off. Not
	// smaller: mobile clients stall for seconds. Not larger: meanwhile the rows
	// hold a database connection.
	WriteTimeout time.Duration

	// Trailer is the name of the trailer field that says, after the last row,
	// how many there were. Default "X-Rows".
	Trailer string

	// OnError is told of a stream that could not be completed, just before the
	// connection is cut; err is a [*StreamError]. Default: nobody is told. It
	// must be safe for concurrent use.
	OnError func(r *http.Request, err error)
}

const (
	defaultFlushBytes    = 32 << 10
	defaultFlushInterval = time.Second
	defaultWriteTimeout  = 30 * time.Second
	defaultTrailer       = "X-Rows"
	// Not larger: a stream should cost a server less than its connection does.
	maxFlushBytes = 16 << 20
)

func (c StreamConfig) withDefaults() StreamConfig {
	if c.FlushBytes == 0 {
		c.FlushBytes = defaultFlushBytes
	}
	if c.FlushInterval == 0 {
		c.FlushInterval = defaultFlushInterval
	}
	if c.WriteTimeout == 0 {
		c.WriteTimeout = defaultWriteTimeout
	}
	if c.Trailer == "" {
		c.Trailer = defaultTrailer
	}
	c.Trailer = textproto.CanonicalMIMEHeaderKey(c.Trailer)
	if c.OnError == nil {
		c.OnError = func(*http.Request, error) {}
	}
	return c
}

func (c StreamConfig) validate() error {
	var errs []error
	if c.FlushBytes < 1 || c.FlushBytes > maxFlushBytes {
		errs = append(errs, fmt.Errorf("respond: StreamConfig.FlushBytes is %d, want 1 to %d", c.FlushBytes, maxFlushBytes))
	}
	if !isToken(c.Trailer) {
		errs = append(errs, fmt.Errorf("respond: StreamConfig.Trailer is %q, want the name of a header field", c.Trailer))
	}
	switch c.Trailer {
	case "Transfer-Encoding", "Content-Length", "Trailer": // RFC 9110 §6.5.1
		errs = append(errs, fmt.Errorf("respond: StreamConfig.Trailer is %q, which cannot be a trailer", c.Trailer))
	}
	return errors.Join(errs...)
}

// isToken reports whether s is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		alphanumeric := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	}) < 0
}

// ErrClientLeft is matched by the error of a stream whose client went away, or
// read nothing for [StreamConfig.WriteTimeout]: no fault of the service.
var ErrClientLeft = errors.New("client left")

// A StreamError says how far a stream got that could not be completed.
type StreamError struct {
	Rows int64 // encoded before the failure, not all of them sent
	Err  error // why; matches [ErrClientLeft] if the client went away
}

// Error returns the text of the cause and the number of rows.
func (e *StreamError) Error() string {
	return fmt.Sprintf("respond: stream cut after %d rows: %v", e.Rows, e.Err)
}

// Unwrap returns Err.
func (e *StreamError) Unwrap() error { return e.Err }
