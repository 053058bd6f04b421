package sqltrace_test

import (
	"strings"
	"testing"

	"github.com/hone-go/hone/sqltrace"
)

func TestFixSpeaksTheCallersLibrary(t *testing.T) {
	const (
		dollar = "SELECT a FROM order_lines WHERE order_id = $1"
		mark   = "SELECT a FROM order_lines WHERE order_id = ?"
	)
	stdlib := [2]string{"database/sql.(*DB).QueryContext", "/go/src/database/sql/sql.go"}
	pgx := [2]string{"github.com/jackc/pgx/v5.(*Conn).Query", "/mod/pgx/conn.go"}
	tests := []struct {
		name, sql string
		frames    [][2]string
		want      string
	}{
		{"pgx", dollar, [][2]string{pgx}, "pool.Query(ctx, query, keys)"},
		{"pgx under database/sql", dollar, [][2]string{pgx, {"github.com/jackc/pgx/v5/stdlib.(*Conn).QueryContext", "sql.go"}, stdlib}, "db.QueryContext(ctx, query, keys)"},
		{"database/sql", mark, [][2]string{stdlib}, "strings.Repeat"},
		{"sqlc over pgx", dollar, [][2]string{pgx, {"example.com/shop/db.(*Queries).Lines", "/src/db/query.sql.go"}}, "ANY($1::bigint[])"},
		{"sqlc over database/sql", mark, [][2]string{stdlib, {"example.com/shop/db.(*Queries).Lines", "/src/db/query.sql.go"}}, "sqlc.slice('keys')"},
		{"sqlx", mark, [][2]string{stdlib, {"github.com/jmoiron/sqlx.(*DB).SelectContext", "sqlx.go"}}, "sqlx.In(query, keys)"},
		{"GORM", mark, [][2]string{stdlib, {"gorm.io/gorm.(*DB).Find", "finisher_api.go"}}, `Preload("OrderLines")`},
		{"bun", mark, [][2]string{stdlib, {"github.com/uptrace/bun.(*SelectQuery).Scan", "query_select.go"}}, `Relation("OrderLines")`},
		{"ent", mark, [][2]string{stdlib, {"entgo.io/ent/dialect/sql.Driver.Query", "driver.go"}, {"example.com/shop/ent.(*OrderQuery).All", "order_query.go"}}, "WithOrderLines()"},
		{"unknown", dollar, nil, "db.QueryContext(ctx, query, keys)"},
	}
	for _, tt := range tests {
		if got := sqltrace.LibraryFix(tt.sql, `"public"."order_lines"`, tt.frames...); !strings.Contains(got, tt.want) {
			t.Errorf("%s: fix = %s, want it to contain %s", tt.name, got, tt.want)
		}
	}
}
