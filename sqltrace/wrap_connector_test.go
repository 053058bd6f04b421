package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/internal/fakedriver"
)

func TestConnectorClosesIffBaseDoes(t *testing.T) {
	for _, closer := range []bool{true, false} {
		fake := fakedriver.New(fakedriver.Options{Closer: closer})
		c := newTracer(t).Connector(fake.Connector())
		if _, got := c.(io.Closer); got != closer {
			t.Errorf("connector is an io.Closer = %t, want %t", got, closer)
		}
	}
}

func TestConnectErrors(t *testing.T) {
	fake := fakedriver.New(fakedriver.Options{})
	fake.Fail("Connect", 1, errDriver)
	conn, err := newTracer(t).Connector(fake.Connector()).Connect(context.Background())
	if conn != nil || err != errDriver {
		t.Errorf("Connect = %v, %v, want nil, %v", conn, err, errDriver)
	}
	fake.Fail("Open", 1, errDriver)
	conn, err = newTracer(t).Driver(fake.Driver()).Open("name")
	if conn != nil || err != errDriver {
		t.Errorf("Open = %v, %v, want nil, %v", conn, err, errDriver)
	}
}

// TestOpen opens registered drivers of both kinds as sql.Open does.
func TestOpen(t *testing.T) {
	plain := fakedriver.New(fakedriver.Options{Conn: fakedriver.ConnExecerContext})
	withContext := fakedriver.New(fakedriver.Options{Conn: fakedriver.ConnExecerContext, Closer: true, DriverContext: true})
	tracer := newTracer(t)
	tests := []struct {
		name   string
		open   func(driverName, dataSourceName string) (*sql.DB, error)
		driver driver.Driver
		fake   *fakedriver.Fake
		calls  []string
	}{
		{"Tracer.Open of a plain driver", tracer.Open, plain.Driver(), plain, []string{
			"driver.Open(dsn)", "conn.ExecContext", "conn.ConnClose",
		}},
		{"Tracer.Open of a driver with connectors", tracer.Open, withContext.Driver(), withContext, []string{
			"driver.OpenConnector(dsn)", "connector.ConnectorClose", "driver.OpenConnector(dsn)",
			"connector.Connect", "conn.ExecContext", "conn.ConnClose", "connector.ConnectorClose",
		}},
		{"sql.Open of a wrapped plain driver", sql.Open, tracer.Driver(plain.Driver()), plain, []string{
			"driver.Open(dsn)", "conn.ExecContext", "conn.ConnClose",
		}},
		{"sql.Open of a wrapped driver with connectors", sql.Open, tracer.Driver(withContext.Driver()), withContext, []string{
			"driver.OpenConnector(dsn)", "connector.Connect", "conn.ExecContext", "conn.ConnClose", "connector.ConnectorClose",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := len(tt.fake.Transcript())
			db, err := tt.open(register(tt.driver), "dsn")
			if err != nil {
				t.Fatal(err)
			}
			if got, want := db.Driver(), tt.fake.Driver(); got != want {
				t.Errorf("DB.Driver() = %#v, want the bare driver %#v", got, want)
			}
			got := request(func(ctx context.Context) {
				if err := execErr(db.ExecContext(ctx, "insert")); err != nil {
					t.Error(err)
				}
			})
			if got.Statements != 1 {
				t.Errorf("statements = %d, want 1", got.Statements)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			calls := tt.fake.Transcript()[before:]
			if !slices.EqualFunc(calls, tt.calls, sameCall) {
				t.Errorf("calls = %q, want %q", calls, tt.calls)
			}
		})
	}
}

// sameCall compares a line of a transcript with a call, without the number of
// the connection and, unless the call has them, without the arguments.
func sameCall(line, call string) bool {
	line = strings.TrimSpace(line)
	if conn, rest, ok := strings.Cut(line, "."); ok && strings.HasPrefix(conn, "conn") && conn != "connector" {
		line = "conn." + rest
	}
	if !strings.Contains(call, "(") {
		line, _, _ = strings.Cut(line, "(")
	}
	return line == call
}

func TestOpenErrors(t *testing.T) {
	tracer := newTracer(t)
	_, bare := sql.Open("no such driver", "")
	_, traced := tracer.Open("no such driver", "")
	if bare == nil || traced == nil || traced.Error() != bare.Error() {
		t.Errorf("Open of an unknown driver = %v, want %v", traced, bare)
	}

	fake := fakedriver.New(fakedriver.Options{Closer: true, DriverContext: true})
	faulty := register(fake.Driver())
	tests := []struct {
		name string
		op   string
	}{
		{"OpenConnector fails", "OpenConnector"},
		{"closing the spare connector fails", "ConnectorClose"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake.Fail(tt.op, 1, errDriver)
			defer fake.Heal()
			db, err := tracer.Open(faulty, "dsn")
			if db != nil || err == nil || !strings.Contains(err.Error(), errDriver.Error()) {
				t.Errorf("Open = %v, %v, want an error that says %q", db, err, errDriver)
			}
		})
	}
}

// register makes d known to database/sql, which never forgets a name, and
// returns a new one.
func register(d driver.Driver) string {
	name := fmt.Sprintf("fake driver %d", len(sql.Drivers()))
	sql.Register(name, d)
	return name
}

func TestUnwrap(t *testing.T) {
	bare, err := fakedriver.New(fakedriver.Options{}).Connector().Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	once := connectTo(t, bare)
	tests := []struct {
		name string
		in   any
		want any
	}{
		{"traced", once, bare},
		{"traced by two tracers", connectTo(t, once), bare},
		{"bare", bare, bare},
		{"no connection", 7, 7},
		{"nil", nil, nil},
	}
	for _, tt := range tests {
		if got := sqltrace.Unwrap(tt.in); got != tt.want {
			t.Errorf("%s: Unwrap(%T) = %T, want %T", tt.name, tt.in, got, tt.want)
		}
	}
	if u, ok := once.(interface{ Unwrap() driver.Conn }); !ok || u.Unwrap() != bare {
		t.Errorf("%T has no Unwrap that returns the driver's connection", once)
	}
}

// connectTo returns conn traced by a tracer of its own.
func connectTo(t *testing.T, conn driver.Conn) driver.Conn {
	t.Helper()
	traced, err := newTracer(t).Connector(readyConnector{conn}).Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return traced
}

type readyConnector struct{ conn driver.Conn }

func (c readyConnector) Connect(context.Context) (driver.Conn, error) { return c.conn, nil }
func (c readyConnector) Driver() driver.Driver                        { return nil }
