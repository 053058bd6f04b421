package callsite

import "testing"

func TestFramesPassedOver(t *testing.T) {
	tests := []struct {
		function, file string
		want           bool
	}{
		{"database/sql.(*DB).QueryContext", "/go/src/database/sql/sql.go", true},
		{"runtime.goexit", "/go/src/runtime/asm.s", true},
		{"internal/sync.(*HashTrieMap).All", "x.go", true},
		{"github.com/jackc/pgx/v5.(*Conn).Query", "conn.go", true},
		{"gorm.io/gorm.(*DB).First", "finisher_api.go", true},
		{"github.com/hone-go/hone/sqltrace.(*Tracer).Begin", "tracer.go", true},
		{"github.com/hone-go/hone/batch.Load[...]", "batch.go", true},
		{"github.com/hone-go/hone/examples/shop/found.(*Store).Orders", "orders.go", false},
		{"github.com/hone-go/hone/cmd/hone.run", "main.go", false},
		{"github.com/hone-go/hone/sqltrace_test.TestX", "x_test.go", false},
		{"example.com/shop/db.(*Queries).GetAuthor", "/src/db/query.sql.go", true},
		{"example.com/shop/ent.(*OrderQuery).All", "/src/ent/order_query.go", true},
		{"example.com/shop/ent/order.Count", "/src/ent/order/order.go", true},
		{"example.com/shop/rent.Count", "/src/rent/rent.go", false},
		{"example.com/shop/api.(*Server).Get", "/src/api/api.gen.go", true},
		{"main.main", "main.go", false},
		{"shop/orders.List", "orders.go", false},
	}
	for _, tt := range tests {
		pkg := PackageOf(tt.function)
		if got := isHone(pkg) || isLibrary(pkg) || isGenerated(pkg, tt.file); got != tt.want {
			t.Errorf("skips(%s, %s) = %v, want %v", tt.function, tt.file, got, tt.want)
		}
	}
}
