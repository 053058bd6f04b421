package sqltrace_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/hone-go/hone/sqltrace"
)

type stateError struct{ error }

func (stateError) SQLState() string { return "23505" }

func TestQueryLog(t *testing.T) {
	tests := []struct {
		name string
		cfg  sqltrace.Config
		err  error
		want map[string]any
	}{
		{"success", sqltrace.Config{}, nil, map[string]any{"level": "INFO", "error": nil, "args": nil}},
		{"arguments", sqltrace.Config{LogArgs: true}, nil, map[string]any{"args": []any{"secret", "42"}}},
		{"canceled", sqltrace.Config{}, fmt.Errorf("secret: %w", context.Canceled), map[string]any{"level": "WARN", "error": "canceled"}},
		{"deadline", sqltrace.Config{}, context.DeadlineExceeded, map[string]any{"error": "deadline exceeded"}},
		{"connection", sqltrace.Config{}, driver.ErrBadConn, map[string]any{"error": "bad connection"}},
		{"state", sqltrace.Config{}, stateError{errors.New("secret")}, map[string]any{"error": "SQLSTATE 23505"}},
		{"other", sqltrace.Config{}, errors.New("secret"), map[string]any{"error": "*errors.errorString"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			tt.cfg.QueryLog = slog.New(slog.NewJSONHandler(&out, nil))
			tr := newTracerWith(t, tt.cfg)
			s := tr.BeginNamed(context.Background(), "-- name: Find :one\nSELECT a FROM t WHERE b = 'secret' AND c = $1 AND d = $2", []driver.NamedValue{{Ordinal: 1, Value: "secret"}, {Ordinal: 2, Value: 42}})
			s.End(3, tt.err)
			if !tt.cfg.LogArgs && strings.Contains(out.String(), "secret") {
				t.Errorf("log holds a value: %s", &out)
			}
			var got map[string]any
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			tt.want["sql"] = "SELECT a FROM t WHERE b = ? AND c = ? AND d = ?"
			tt.want["name"] = "Find"
			tt.want["rows"] = 3.0
			for key, want := range tt.want {
				if fmt.Sprint(got[key]) != fmt.Sprint(want) {
					t.Errorf("log[%q] = %v, want %v", key, got[key], want)
				}
			}
			if where, _ := got["where"].(string); !strings.HasPrefix(where, "sqltrace/log_test.go:") {
				t.Errorf("log[where] = %q, want a line of this file", where)
			}
			if _, ok := got["elapsed_ms"].(float64); !ok {
				t.Errorf("log[elapsed_ms] = %v, want a number", got["elapsed_ms"])
			}
		})
	}
}

type userKey struct{}

// userHandler adds what it finds in the context, as a service's handler would.
type userHandler struct{ slog.Handler }

func (h userHandler) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(slog.Any("user", ctx.Value(userKey{})))
	return h.Handler.Handle(ctx, r)
}

func TestQueryLogPassesTheContextOn(t *testing.T) {
	var out bytes.Buffer
	tr := newTracerWith(t, sqltrace.Config{QueryLog: slog.New(userHandler{slog.NewTextHandler(&out, nil)})})
	run(context.WithValue(context.Background(), userKey{}, "u7"), tr, selectOrders)
	if !strings.Contains(out.String(), "user=u7") {
		t.Errorf("log = %s, want the context's user in it", &out)
	}
}

func TestMarker(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	tr.MarkTraced(context.Background()) // no marker: nothing happens
	ctx, traced := sqltrace.WithMarker(context.Background())
	if traced() {
		t.Error("a new marker says that the connection is traced")
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	tr.MarkTraced(inner)
	if !traced() {
		t.Error("the marker does not see MarkTraced in a derived context")
	}
}

func BenchmarkQueryLog(b *testing.B) {
	tr := newTracerWith(b, sqltrace.Config{QueryLog: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	args := []any{7}
	b.ReportAllocs()
	for b.Loop() {
		s := tr.Begin(context.Background(), selectLines, args)
		s.End(1, nil)
	}
}
