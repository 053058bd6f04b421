package sqltrace

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// logEntry is what the query log needs from the start of a statement.
type logEntry struct {
	ctx  context.Context
	site *place
	args []string // nil unless Config.LogArgs
}

// newLogEntry is called by an exported Begin.
func (t *Tracer) newLogEntry(ctx context.Context, args []any) *logEntry {
	e := &logEntry{ctx: ctx, site: t.sites.caller(2)}
	if t.config.LogArgs {
		e.args = make([]string, len(args))
		for i, v := range args {
			e.args[i] = fmt.Sprint(v)
		}
	}
	return e
}

func namedValues(args []driver.NamedValue) []any {
	values := make([]any, len(args))
	for i := range args {
		values[i] = args[i].Value
	}
	return values
}

func (e *logEntry) write(log *slog.Logger, fp *fingerprint, elapsed time.Duration, rows int64, err error) {
	attrs := []slog.Attr{
		slog.String("sql", fp.text),
		slog.Float64("elapsed_ms", float64(elapsed)/float64(time.Millisecond)),
		slog.Int64("rows", rows),
	}
	if fp.name != "" {
		attrs = append(attrs, slog.String("name", fp.name))
	}
	if e.site != nil {
		attrs = append(attrs, slog.String("where", e.site.where))
	}
	if e.args != nil {
		attrs = append(attrs, slog.Any("args", e.args))
	}
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("error", errorClass(err)))
	}
	log.LogAttrs(e.ctx, level, "sql", attrs...)
}

// errorClass says what kind of error err is without quoting it.
func errorClass(err error) string {
	var state interface{ SQLState() string }
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline exceeded"
	case errors.Is(err, driver.ErrBadConn):
		return "bad connection"
	case errors.As(err, &state):
		return "SQLSTATE " + state.SQLState()
	}
	return fmt.Sprintf("%T", err)
}
