package hone

import (
	"database/sql/driver"
	"net/http"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/measure"
	"github.com/hone-go/hone/sqltrace"
)

// Config configures the layers. The zero value is the documented default of
// each.
type Config struct {
	Measure measure.Config
	SQL     sqltrace.Config
}

// Hone is the assembled stack of one service. It is safe for concurrent use
// and holds no resource that needs closing.
type Hone struct {
	recorder *measure.Recorder
	tracer   *sqltrace.Tracer
	watch    dbpool.Watch
	pools    pools
}

// New assembles the stack. The error joins what is wrong with each layer's
// Config. New does no I/O.
func New(cfg Config) (*Hone, error) {
	recorder, err := measure.New(cfg.Measure)
	if err != nil {
		return nil, err
	}
	tracer, err := sqltrace.New(cfg.SQL)
	if err != nil {
		return nil, err
	}
	return &Hone{recorder: recorder, tracer: tracer}, nil
}

// Handler returns next inside the stack, in the order of docs/ARCHITECTURE.md.
// Cost: one allocation per request.
func (h *Hone) Handler(next http.Handler) http.Handler {
	return h.recorder.Handler(next)
}

// Connector wraps a driver's connector for [database/sql.OpenDB]. Of
// [Hone.Open], it has the statements alone.
func (h *Hone) Connector(c driver.Connector) driver.Connector {
	return h.tracer.Connector(c)
}

// Measure returns the recorder: what each route costs.
func (h *Hone) Measure() *measure.Recorder { return h.recorder }

// SQL returns the tracer: what each statement costs, and the findings.
func (h *Hone) SQL() *sqltrace.Tracer { return h.tracer }
