package compat_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	_ "github.com/glebarez/go-sqlite" // the driver of GORM's SQLite dialector that needs no cgo

	"github.com/hone-go/hone/measure"
	"github.com/hone-go/hone/sqltrace"
)

const authors = 12

// service is a traced database and the middleware that gives each request its
// ledger.
type service struct {
	tracer   *sqltrace.Tracer
	recorder *measure.Recorder
	db       *sql.DB
}

// newService opens a database of authors with two books each.
func newService(t *testing.T) *service {
	t.Helper()
	tracer, err := sqltrace.New(sqltrace.Config{Dialect: sqltrace.SQLite})
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := measure.New(measure.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := tracer.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	_, err = db.Exec(`
		CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATETIME);
		CREATE TABLE books (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES authors, title TEXT NOT NULL)`)
	if err != nil {
		t.Fatal(err)
	}
	for id := 1; id <= authors; id++ {
		name := fmt.Sprint("author ", id)
		if _, err := db.Exec("INSERT INTO authors (id, name) VALUES (?, ?)", id, name); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 2; n++ {
			if _, err := db.Exec("INSERT INTO books (author_id, title) VALUES (?, ?)", id, fmt.Sprint(name, " book ", n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return &service{tracer, recorder, db}
}

// serve answers one GET /authors with do.
func (s *service) serve(t *testing.T, do func(context.Context) error) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authors", func(w http.ResponseWriter, r *http.Request) {
		if err := do(r.Context()); err != nil {
			t.Error(err)
		}
	})
	s.recorder.Handler(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/authors", nil))
}

// wantLoop checks that the one finding is the loop over the authors at where.
func (s *service) wantLoop(t *testing.T, where string) {
	t.Helper()
	findings := s.tracer.Findings()
	if len(findings) != 1 {
		t.Fatalf("findings = %+v, want one", findings)
	}
	f := findings[0]
	if f.Rule != sqltrace.RuleNPlusOne || f.Route != "GET /authors" || f.CountPerRequest != authors {
		t.Errorf("finding = %s on %s, %v per request, want %s on GET /authors, %d per request",
			f.Rule, f.Route, f.CountPerRequest, sqltrace.RuleNPlusOne, authors)
	}
	if f.Where != where && !strings.HasSuffix(f.Where, "/"+where) {
		t.Errorf("finding is at %s, want %s", f.Where, where)
	}
}

// statements returns how many statements do sends in a request.
func (s *service) statements(t *testing.T, do func(context.Context) error) uint64 {
	t.Helper()
	before := s.sent()
	s.serve(t, do)
	return s.sent() - before
}

func (s *service) sent() uint64 {
	var n uint64
	for _, series := range s.recorder.Snapshot().Series {
		n += uint64(series.Total.Statements)
	}
	return n
}

// nextLine returns the line below its caller's.
func nextLine() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", filepath.Base(file), line+1)
}
