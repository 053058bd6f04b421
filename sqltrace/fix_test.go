package sqltrace_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/callsite"
	"github.com/hone-go/hone/sqltrace"
)

// UUID is such a struct as pgtype's.
type UUID struct {
	Bytes [16]byte
	Valid bool
}

type named string

func TestFixSpeaksTheCallersLibrary(t *testing.T) {
	const (
		dollar = "SELECT a FROM order_lines WHERE order_id = $1"
		mark   = "SELECT a FROM order_lines WHERE order_id = ?"
	)
	stdlib := [2]string{"database/sql.(*DB).QueryContext", "/go/src/database/sql/sql.go"}
	sqlc := [][2]string{{"example.com/shop/db.(*Queries).Lines", "/src/db/query.sql.go"}}
	pgx := [2]string{"github.com/jackc/pgx/v5.(*Conn).Query", "/mod/pgx/conn.go"}
	tests := []struct {
		name, sql string
		key       any
		frames    [][2]string
		want      string
	}{
		{"pgx", dollar, int64(7), [][2]string{pgx}, "pool.Query(ctx, query, keys)"},
		{"pgx under database/sql", dollar, int64(7), [][2]string{pgx, {"github.com/jackc/pgx/v5/stdlib.(*Conn).QueryContext", "sql.go"}, stdlib}, "db.QueryContext(ctx, query, keys)"},
		{"database/sql", mark, int64(7), [][2]string{stdlib}, "strings.Repeat"},
		{"sqlc over pgx", dollar, int64(7), [][2]string{pgx, {"example.com/shop/db.(*Queries).Lines", "/src/db/query.sql.go"}}, "= ANY($1::bigint[])\n"},
		{"sqlc, int32", dollar, int32(7), sqlc, "ANY($1::integer[])\n"},
		{"sqlc, string", dollar, "a", sqlc, "ANY($1::text[]), or uuid[]"},
		{"sqlc, uuid", dollar, [16]byte{1}, sqlc, "ANY($1::uuid[])\n"},
		{"sqlc, a struct named UUID", dollar, UUID{}, sqlc, "ANY($1::uuid[])\n"},
		{"sqlc, bytes", dollar, []byte{1}, sqlc, "ANY($1::bytea[])\n"},
		{"sqlc, float", dollar, 0.5, sqlc, "ANY($1::double precision[])\n"},
		{"sqlc, time", dollar, time.Now(), sqlc, "ANY($1::timestamptz[]), or timestamp[]"},
		{"sqlc, pointer to a time", dollar, new(time.Time), sqlc, "ANY($1::timestamptz[])"},
		{"sqlc, named string", dollar, named("a"), sqlc, "ANY($1::text[])"},
		{"sqlc, unknown", dollar, nil, sqlc, "ANY($1::…[]), the dots being the type of the key's column"},
		{"keys of their type", dollar, "a", nil, "make([]string, 0, len(items))"},
		{"rows by keys of their type", dollar, [16]byte{}, nil, "map[[16]byte][]Row"},
		{"sqlc over database/sql", mark, int64(7), [][2]string{stdlib, {"example.com/shop/db.(*Queries).Lines", "/src/db/query.sql.go"}}, "sqlc.slice('keys')"},
		{"sqlx", mark, int64(7), [][2]string{stdlib, {"github.com/jmoiron/sqlx.(*DB).SelectContext", "sqlx.go"}}, "sqlx.In(query, keys)"},
		{"GORM", mark, int64(7), [][2]string{stdlib, {"gorm.io/gorm.(*DB).Find", "finisher_api.go"}}, `Preload("OrderLines")`},
		{"bun", mark, int64(7), [][2]string{stdlib, {"github.com/uptrace/bun.(*SelectQuery).Scan", "query_select.go"}}, `Relation("OrderLines")`},
		{"ent", mark, int64(7), [][2]string{stdlib, {"entgo.io/ent/dialect/sql.Driver.Query", "driver.go"}, {"example.com/shop/ent.(*OrderQuery).All", "order_query.go"}}, "WithOrderLines()"},
		{"unknown", dollar, int64(7), nil, "db.QueryContext(ctx, query, keys)"},
	}
	for _, tt := range tests {
		if got := sqltrace.LibraryFix(tt.sql, `"public"."order_lines"`, tt.key, tt.frames...); !strings.Contains(got, tt.want) {
			t.Errorf("%s: fix = %s, want it to contain %s", tt.name, got, tt.want)
		}
	}
}

// What calls the application, as GORM does its hooks, is not what it asks.
func TestLibraryIsFurtherIn(t *testing.T) {
	sql := callsite.Frame{Package: "database/sql", Owner: callsite.Library}
	gorm := callsite.Frame{Package: "gorm.io/gorm", Owner: callsite.Library}
	shop := callsite.Frame{Package: "example.com/shop", Owner: callsite.Application}
	unknown := callsite.Frame{Package: "example.org/lib", Owner: callsite.Unknown}
	for _, tt := range []struct {
		frames []callsite.Frame
		want   bool
	}{
		{[]callsite.Frame{sql, gorm, shop}, true},
		{[]callsite.Frame{sql, shop, gorm, shop}, false},
		{[]callsite.Frame{sql, unknown, gorm, shop}, false},
	} {
		if got := sqltrace.SentByGORM(tt.frames); got != tt.want {
			t.Errorf("SentByGORM(%+v) = %t, want %t", tt.frames, got, tt.want)
		}
	}
}
