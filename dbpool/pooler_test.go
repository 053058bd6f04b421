package dbpool_test

import (
	"testing"

	"github.com/hone-go/hone/dbpool"
	"github.com/jackc/pgx/v5"
)

func TestPoolerSettings(t *testing.T) {
	carried := dbpool.Pooler{Mode: dbpool.Transaction, Prepared: true}
	large, small := carried, carried
	large.MaxPrepared, small.MaxPrepared = 1000, 50
	lost := dbpool.Pooler{Mode: dbpool.Transaction}
	tests := []struct {
		name     string
		pooler   dbpool.Pooler
		mode     pgx.QueryExecMode
		want     pgx.QueryExecMode
		capacity int
	}{
		{"not known", dbpool.Pooler{}, pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheStatement, 512},
		{"direct", dbpool.Pooler{Mode: dbpool.Direct}, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeDescribeExec, 512},
		{"session", dbpool.Pooler{Mode: dbpool.Session}, pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheStatement, 512},
		{"carried", carried, pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheStatement, 100},
		{"carried, many", large, pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheStatement, 512},
		{"carried, few", small, pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheStatement, 50},
		{"carried, described", carried, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, 100},
		{"lost", lost, pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, 0},
		{"lost, described", lost, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, 0},
		{"lost, description cached", lost, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeCacheDescribe, 0},
		{"lost, simple", lost, pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeSimpleProtocol, 0},
		{"statement", dbpool.Pooler{Mode: dbpool.Statement}, pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, 0},
		{"pinning", dbpool.Pooler{Mode: dbpool.Pinning}, pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, 0},
		{"pinning, simple", dbpool.Pooler{Mode: dbpool.Pinning}, pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeSimpleProtocol, 0},
	}
	for _, tt := range tests {
		cfg, err := pgx.ParseConfig("postgres://db/shop")
		if err != nil {
			t.Fatal(err)
		}
		cfg.DefaultQueryExecMode = tt.mode
		tt.pooler.Apply(cfg)
		if cfg.DefaultQueryExecMode != tt.want || cfg.StatementCacheCapacity != tt.capacity {
			t.Errorf("%s: Apply = %v with %d statements, want %v with %d", tt.name,
				cfg.DefaultQueryExecMode, cfg.StatementCacheCapacity, tt.want, tt.capacity)
		}
	}
}
