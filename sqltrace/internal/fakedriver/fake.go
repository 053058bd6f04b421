package fakedriver

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync"
)

// Options chooses the shape of a [Fake].
type Options struct {
	Conn ConnShape
	Stmt StmtShape
	Rows RowsShape
	// Closer makes the connector an io.Closer.
	Closer bool
	// DriverContext makes the driver a driver.DriverContext.
	DriverContext bool
}

// A Fake is one fake database. It is safe for concurrent use.
type Fake struct {
	opts Options

	mu struct {
		sync.Mutex
		transcript []string
		faults     map[string][]*fault
		seen       map[string]bool
		conns      int
		stmts      int
	}
}

type fault struct {
	times int // left; negative for ever
	do    func() error
}

// New returns a fake database.
func New(opts Options) *Fake {
	f := &Fake{opts: opts}
	f.mu.faults = make(map[string][]*fault)
	f.mu.seen = make(map[string]bool)
	return f
}

// Printf adds a line to the transcript.
func (f *Fake) Printf(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.transcript = append(f.mu.transcript, line)
}

// Transcript returns the calls and the printed lines so far, in their order.
func (f *Fake) Transcript() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.mu.transcript...)
}

// Fail lets the next n calls of op, or all if n is negative, return err. The
// ops are the names that calls have in the transcript.
func (f *Fake) Fail(op string, n int, err error) {
	f.During(op, n, func() error { return err })
}

// During lets the next n calls of op, or all if n is negative, call do and
// return its error, or go on as usual if that is nil.
func (f *Fake) During(op string, n int, do func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.faults[op] = append(f.mu.faults[op], &fault{n, do})
}

// Heal removes all faults.
func (f *Fake) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.mu.faults)
}

// Called reports whether op has been called yet.
func (f *Fake) Called(op string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.seen[op]
}

// called notes a call and returns the error that it is to fail with, if any.
func (f *Fake) called(who, op, detail string) error {
	line := "  " + who + "." + op + "(" + detail + ")"
	f.mu.Lock()
	f.mu.transcript = append(f.mu.transcript, line)
	f.mu.seen[op] = true
	var do func() error
	if faults := f.mu.faults[op]; len(faults) > 0 {
		next := faults[0]
		do = next.do
		if next.times--; next.times == 0 {
			f.mu.faults[op] = faults[1:]
		}
	}
	f.mu.Unlock()
	if do == nil {
		return nil
	}
	return do()
}

// Connector returns a connector to the fake.
func (f *Fake) Connector() driver.Connector {
	if f.opts.Closer {
		return closingConnector{connector{f}}
	}
	return connector{f}
}

type connector struct{ f *Fake }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.f.called("connector", "Connect", describeContext(ctx)); err != nil {
		return nil, err
	}
	return c.f.connect(), nil
}

func (f *Fake) connect() driver.Conn {
	f.mu.Lock()
	f.mu.conns++
	who := fmt.Sprintf("conn%d", f.mu.conns)
	f.mu.Unlock()
	return shapedConn(&Conn{f: f, who: who}, f.opts.Conn)
}

func (c connector) Driver() driver.Driver { return c.f.Driver() }

type closingConnector struct{ connector }

func (c closingConnector) Close() error { return c.f.called("connector", "ConnectorClose", "") }

// Driver returns the fake's driver. It is comparable.
func (f *Fake) Driver() driver.Driver {
	if f.opts.DriverContext {
		return contextDriver{plainDriver{f}}
	}
	return plainDriver{f}
}

type plainDriver struct{ f *Fake }

func (d plainDriver) Open(name string) (driver.Conn, error) {
	if err := d.f.called("driver", "Open", name); err != nil {
		return nil, err
	}
	return d.f.connect(), nil
}

type contextDriver struct{ plainDriver }

func (d contextDriver) OpenConnector(name string) (driver.Connector, error) {
	if err := d.f.called("driver", "OpenConnector", name); err != nil {
		return nil, err
	}
	return d.f.Connector(), nil
}

type contextKey struct{}

// WithLabel returns a context that the fake's transcript shows by its label.
func WithLabel(ctx context.Context, label string) context.Context {
	return context.WithValue(ctx, contextKey{}, label)
}

func describeContext(ctx context.Context) string {
	label, _ := ctx.Value(contextKey{}).(string)
	_, deadline := ctx.Deadline()
	return fmt.Sprintf("ctx=%s deadline=%t err=%v", label, deadline, ctx.Err())
}

func describeNamed(args []driver.NamedValue) string {
	var b strings.Builder
	for _, a := range args {
		fmt.Fprintf(&b, " %s#%d=%s", a.Name, a.Ordinal, describeValue(a.Value))
	}
	return b.String()
}

func describeValues(args []driver.Value) string {
	var b strings.Builder
	for _, a := range args {
		b.WriteString(" " + describeValue(a))
	}
	return b.String()
}
