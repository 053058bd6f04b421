package hone

import (
	"database/sql/driver"
	"net/http"

	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/measure"
	"github.com/hone-go/hone/ratelimit/policy"
	"github.com/hone-go/hone/sqltrace"
)

// Config configures the layers. The zero value is the documented default of
// each.
type Config struct {
	Measure measure.Config
	SQL     sqltrace.Config

	// The layers below belong to the caller, who closes what is under them.
	// Default nil: without.

	// ClientIP finds the client behind proxies, for the layers within.
	ClientIP *clientip.Resolver
	// Limits refuses what is too much.
	Limits *policy.Table
	// Responses answers from its cache.
	Responses *httpcache.HTTPCache
}

// Hone is the assembled stack of one service. It is safe for concurrent use
// and holds no resource that needs closing.
type Hone struct {
	recorder *measure.Recorder
	tracer   *sqltrace.Tracer
	config   Config
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
	return &Hone{recorder: recorder, tracer: tracer, config: cfg}, nil
}

// Handler returns next inside the stack, in the one order that is right: a
// refusal and an answer from the cache are measured too, a flood of cached
// answers is still a flood, and all know who the client is. Cost: one
// allocation per request, besides what the layers of Config say.
func (h *Hone) Handler(next http.Handler) http.Handler {
	if h.config.Responses != nil {
		next = h.config.Responses.Handler(next)
	}
	if h.config.Limits != nil {
		next = h.config.Limits.Handler(next)
	}
	next = h.recorder.Handler(next)
	if h.config.ClientIP != nil {
		next = h.config.ClientIP.Handler(next)
	}
	return next
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
