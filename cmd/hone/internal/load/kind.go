package load

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strconv"
	"syscall"
)

// A Kind says how a request failed. That of an answer with a status of 400 or
// above is its [StatusKind].
type Kind string

// StatusKind returns the kind of a status: "4xx" or "5xx" for failures.
func StatusKind(status int) Kind { return Kind(strconv.Itoa(status/100) + "xx") }

// The kinds of failure without a complete answer.
const (
	KindTimeout     Kind = "timeout"
	KindRefused     Kind = "connection refused"
	KindReset       Kind = "connection reset"
	KindClosed      Kind = "connection closed" // before the answer was complete
	KindUnknownHost Kind = "unknown host"
	KindTLS         Kind = "tls"
	KindLocal       Kind = "no local port or file handle" // the generator's own limit
	KindNotSent     Kind = "not sent in time"             // every worker was busy until the end
	KindOther       Kind = "other"

	kindInterrupted Kind = "interrupted" // not a failure: the request is left out
)

// kindOf classifies the failure of a request made with ctx.
func kindOf(ctx context.Context, err error) Kind {
	var (
		netErr   net.Error
		dnsErr   *net.DNSError
		record   tls.RecordHeaderError
		verify   *tls.CertificateVerificationError
		alert    tls.AlertError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
	)
	switch {
	case errors.Is(context.Cause(ctx), errInterrupted):
		return kindInterrupted
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded),
		errors.As(err, &netErr) && netErr.Timeout():
		return KindTimeout
	case errors.As(err, &dnsErr):
		return KindUnknownHost
	case errors.Is(err, syscall.ECONNREFUSED):
		return KindRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return KindReset
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EMFILE):
		return KindLocal
	case errors.As(err, &record), errors.As(err, &verify), errors.As(err, &alert),
		errors.As(err, &unknown), errors.As(err, &hostname):
		return KindTLS
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return KindClosed
	}
	return KindOther
}

// kind returns how e failed, or "" if it did not.
func (e *exchange) kind() Kind {
	if e.failed == "" && e.status >= 400 {
		return StatusKind(e.status)
	}
	return e.failed
}
