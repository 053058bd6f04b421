package measure

import (
	"log/slog"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

// log writes the record of a request that has ended, if it is to have one.
func (q *request) log(s ledger.Summary, o outcome) {
	cfg := &q.rec.cfg
	if cfg.Log == nil {
		return
	}
	level, always := slog.LevelInfo, false
	switch {
	case !s.Canceled && s.Status >= 500:
		level, always = slog.LevelError, true
	case cfg.Slow > 0 && s.Elapsed > cfg.Slow:
		level, always = slog.LevelWarn, true
	}
	if !always && !q.rec.sampled() || !cfg.Log.Enabled(q, level) {
		return
	}
	message := "request"
	if s.Method == MethodJob {
		message = "job"
	}
	cfg.Log.LogAttrs(q, level, message, q.attrs(s, o)...)
}

// sampled reports whether this one in Config.LogEvery is to be logged. The
// first is.
func (r *Recorder) sampled() bool {
	return r.cfg.LogEvery > 0 && (r.logged.Add(1)-1)%uint64(r.cfg.LogEvery) == 0
}

func (q *request) attrs(s ledger.Summary, o outcome) []slog.Attr {
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("route", s.Route),
		slog.String("method", s.Method),
		slog.Int("status", s.Status),
		slog.Float64("elapsed_ms", milliseconds(s.Elapsed)),
		slog.Int64("bytes", o.bytes),
		slog.String("request_id", q.requestID()),
		slog.Int("sql_count", s.SQL.Statements),
		slog.Float64("sql_ms", milliseconds(s.SQL.Time)),
	)
	if s.SQL.Wait > 0 {
		attrs = append(attrs, slog.Float64("sql_wait_ms", milliseconds(s.SQL.Wait)))
	}
	if q.queued > 0 {
		attrs = append(attrs, slog.Float64("queue_ms", milliseconds(q.queued)))
	}
	if s.Canceled {
		attrs = append(attrs, slog.Bool("canceled", true))
	}
	if spans := q.Spans(); len(spans) > 0 {
		group := make([]any, len(spans))
		for i, span := range spans {
			group[i] = slog.Group(span.Name,
				slog.Int("count", span.Count), slog.Float64("ms", milliseconds(span.Time)))
		}
		attrs = append(attrs, slog.Group("spans", group...))
	}
	if lookups := q.Lookups(); len(lookups) > 0 {
		group := make([]any, len(lookups))
		for i, l := range lookups {
			group[i] = slog.Group(l.Name,
				slog.Int("hits", l.Hits), slog.Int("stale", l.Stale), slog.Int("misses", l.Misses),
				slog.Int("loads", l.Loads), slog.Float64("load_ms", milliseconds(l.LoadTime)))
		}
		attrs = append(attrs, slog.Group("cache", group...))
	}
	return append(attrs, limitAttrs(q.Verdict())...)
}

// limitAttrs says what rate limits did beyond admitting as usual. A rule that
// refused nothing but is there would have: it is tried out.
func limitAttrs(v ledger.Verdict) []slog.Attr {
	var attrs []slog.Attr
	if v.Rule != "" {
		attrs = append(attrs, slog.Bool("limit_refused", v.Refused), slog.String("limit_rule", v.Rule))
	}
	if v.Degraded {
		attrs = append(attrs, slog.Bool("limit_degraded", true))
	}
	return attrs
}

// milliseconds returns d with microseconds as decimals, which is as fine as
// anybody reads.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
