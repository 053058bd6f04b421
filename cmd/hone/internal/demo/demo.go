package demo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/sqltrace"
)

// An Output is where the demo writes.
type Output struct {
	Result io.Writer // the report: text as it comes, or one JSON object
	// Step begins a step that may take seconds and shows how far it is.
	Step func(name string) Progress
	// Warn says in a line what has kept the demo from showing all it could.
	Warn func(line string)
}

// Progress shows how far a step is, until Done.
type Progress interface {
	Rows(done, total int)
	Time(done, total time.Duration)
	Done()
}

// ErrUsage is matched by an error about the Config; nothing was started.
var ErrUsage = errors.New("demo: wrong configuration")

// ErrLeft is matched by an error that has kept the demo from removing its
// tables.
var ErrLeft = errors.New("demo: its tables are left in the database, for the next demo to drop")

// A change turns the service of one stage into that of the next.
type change struct {
	stage  string
	routes []string // whose figures show the gain; none if it is the whole service's
	apply  func(context.Context, *service) error
}

// changes are the stages, in the order in which they are measured. The first
// is the service as found.
var changes = []change{
	{stage: "as found", apply: func(context.Context, *service) error { return nil }},
	{"eager loading", []string{"GET /api/orders"}, func(_ context.Context, s *service) error {
		return s.shop.Tune("GET /api/orders")
	}},
	{"index", []string{"GET /api/products/{id}/summary"}, func(ctx context.Context, s *service) error {
		return s.db.Index(ctx)
	}},
	{"pages", []string{"GET /api/catalog"}, func(_ context.Context, s *service) error {
		return s.shop.Tune("GET /api/catalog")
	}},
	{stage: "pool", apply: func(_ context.Context, s *service) error { return s.db.Pool() }},
	{"cache", []string{"GET /api/catalog", "GET /api/products/{id}/summary"}, func(ctx context.Context, s *service) error {
		return s.keep(ctx)
	}},
	{"response cache", sharedRoutes, func(_ context.Context, s *service) error { return s.share() }},
	{"transfer", sharedRoutes, func(_ context.Context, s *service) error { return s.shorten() }},
	{stage: "abuse", apply: func(_ context.Context, s *service) error { s.abused = true; return nil }},
	{stage: "rate limit", apply: func(ctx context.Context, s *service) error { return s.limit(ctx) }},
}

// Run runs the demo. An error matches [ErrUsage] if the configuration is
// wrong; otherwise the demo failed on the way. Nothing is left behind in any
// case, no process, no temporary file, no table, unless it matches [ErrLeft].
//
// Unless Config.Once is set, Run goes on serving after the report until ctx is
// cancelled, which is then no error.
func Run(ctx context.Context, cfg Config, load Loader, out Output) (err error) {
	if err := cfg.validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	var plans adviser
	tracer, err := sqltrace.New(sqltrace.Config{Sample: plans.sample})
	if err != nil {
		return err
	}
	listener, err := listen(cfg.Addr)
	if err != nil {
		return err
	}
	defer listener.Close() // a second time, if the service came to be
	name := suffix()
	cache, err := openKeeper(ctx, cfg, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cache.close()) }()
	db, err := openDatabase(ctx, cfg, name, tracer, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	service, err := startService(listener, cfg, name, db.DB, cache)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.close()) }()

	defer func() { err = errors.Join(err, plans.close()) }()

	text := &printer{w: out.Result}
	if cfg.JSON {
		text.w = io.Discard
	}
	text.opening(db, service.url, cfg)
	if err := cache.reach(ctx); err != nil && ctx.Err() == nil {
		text.storeless(cfg)
		out.Warn(place(cfg.Store) + " does not answer: the stage cache will show no gain")
	}
	report := Report{Database: string(db.Kind()), Findings: []Finding{}}
	var earlier []Finding
	for i, change := range changes {
		if err := change.apply(ctx, service); err != nil {
			return err
		}
		tracer.Reset()
		if err := plans.begin(db.DB); err != nil {
			return err
		}
		stage, err := runStage(ctx, cfg, change.stage, service, load, out)
		if err != nil {
			return err
		}
		report.Stages = append(report.Stages, stage)
		text.stage(i+1, stage)
		if service.keeps {
			text.invalidation(db, service.watched)
		}
		advice, err := plans.findings(ctx)
		if err != nil {
			return err
		}
		findings := append(collect(tracer.Findings()), advice...)
		text.findings(findings, earlier)
		text.allowed(tracer.Suppressed())
		earlier = findings
		if i == 0 {
			report.Findings = findings
			report.Allowed = tracer.Suppressed()
		}
	}
	text.comparison(report)
	if cfg.JSON {
		enc := json.NewEncoder(out.Result)
		enc.SetEscapeHTML(false) // the fix holds SQL and Go
		if err := enc.Encode(report); err != nil {
			return err
		}
	}
	if cfg.Once {
		return nil
	}
	text.serving(service.url)
	<-ctx.Done()
	return nil
}

// A database is the shop's, and knows what to remove at the end.
type database struct {
	*data.DB
	drop bool
}

// cleanupTimeout bounds the removal of the demo's schema. Not shorter: it
// waits for statements under way. Not longer: Ctrl-C must end the demo.
const cleanupTimeout = 10 * time.Second

// suffix returns what tells this demo's names from another's: two may share a
// server.
func suffix() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func openDatabase(ctx context.Context, cfg Config, name string, tracer *sqltrace.Tracer, out Output) (*database, error) {
	inner, err := data.Open(ctx, cfg.Database, data.Config{
		Trace:  tracer,
		Schema: "hone_demo_" + name,
		// One that is killed leaves its tables to the next to drop.
		Temporary: true,
	})
	if err != nil {
		return nil, err
	}
	db := &database{DB: inner, drop: inner.Kind() == data.Postgres}
	seeded, err := db.Seeded(ctx)
	if err == nil && !seeded {
		err = seed(ctx, inner, cfg, out)
	}
	if err != nil {
		return nil, errors.Join(err, db.close())
	}
	return db, nil
}

func seed(ctx context.Context, db *data.DB, cfg Config, out Output) error {
	step := out.Step("making up two years of trade")
	defer step.Done()
	return data.Seed(ctx, db, data.Sizes{Orders: cfg.Orders}, step.Rows)
}

func (d *database) close() error {
	var err error
	if d.drop {
		// The demo's own context may be cancelled by now.
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		defer cancel()
		if err = d.Drop(ctx); err != nil {
			err = fmt.Errorf("%w: %w", ErrLeft, err)
		}
	}
	return errors.Join(err, d.DB.Close())
}

func collect(found []sqltrace.Finding) []Finding {
	findings := make([]Finding, 0, len(found))
	for _, f := range found {
		findings = append(findings, Finding{
			Rule: f.Rule, Route: f.Route, Where: f.Where,
			CountPerRequest: f.CountPerRequest, SQL: f.SQL, Fix: f.Fix,
			note: saving(f),
		})
	}
	return findings
}

// saving says how sure a finding is and what its fix is worth.
func saving(f sqltrace.Finding) string {
	if f.SavedMSPerRequest < 0.005 { // it would be printed as nothing
		return string(f.Confidence)
	}
	return fmt.Sprintf("%s; its statements take %.2f ms of a request, of which the fix saves %.2f ms",
		f.Confidence, f.MSPerRequest, f.SavedMSPerRequest)
}
