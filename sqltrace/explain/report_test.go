package explain_test

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/sqltrace/explain"
)

// TestGain: advice is ranked by calls × time × the part of it that goes away,
// and says what the index takes, all from what was seen.
func TestGain(t *testing.T) {
	db := openSQLite(t)
	db.exec(t, itemsLite...)
	synctest.Test(t, func(t *testing.T) {
		a, err := explain.Open(db.driver, db.dsn, explain.Config{MinRows: 500, Pace: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		seen := func(sql string, calls int, each time.Duration) {
			for range calls {
				a.Observe(sql, []any{"x"}, each)
			}
		}
		seen(`SELECT id FROM item WHERE note = ?`, 1000, time.Millisecond)      // 1 s
		seen(`SELECT id FROM item WHERE owner_id = ?`, 10, time.Second)         // 10 s
		seen(`SELECT kind FROM item WHERE note = ?`, 100, 100*time.Millisecond) // 10 s, by the first one's index
		seen(`UPDATE item SET note = ?`, 20, time.Millisecond)
		seen(`INSERT INTO owner (name) VALUES (?)`, 50, time.Millisecond) // another table
		time.Sleep(20 * time.Second)
		if err := a.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := a.Report()
		if len(r.Advice) != 2 || !strings.Contains(r.Advice[0].SQL, "(note)") || !strings.Contains(r.Advice[1].SQL, "(owner_id)") {
			t.Fatalf("advice:\n%s\nwant note before owner_id", summary(r))
		}
		for i, seconds := range []float64{11, 10} {
			ad := r.Advice[i]
			if want := seconds / 20 * (1 - ad.After/ad.Before); math.Abs(ad.Gain-want) > 1e-9 {
				t.Errorf("%s: Gain = %v, want %v", ad.SQL, ad.Gain, want)
			}
			if got, want := ad.WritesPerSecond, 1.0; got != want {
				t.Errorf("%s: WritesPerSecond = %v, want %v", ad.SQL, got, want)
			}
			if want := int64(5000 * 20 * 3 / 2); ad.SizeBytes != want {
				t.Errorf("%s: SizeBytes = %d, want %d", ad.SQL, ad.SizeBytes, want)
			}
		}
		if s := r.Advice[0].Statements; len(s) != 2 || s[0].Calls != 100 || s[1].Calls != 1000 {
			t.Errorf("statements = %+v, want that of 100 calls first: it took the more time", s)
		}
	})
}

// TestSize: the size told before is that of the index made after, to a factor
// of two.
func TestSize(t *testing.T) {
	db := openHypoPG(t)
	db.exec(t, items...)
	db.exec(t, events...)
	db.exec(t, `ALTER TABLE item ADD state text`, `UPDATE item SET state = CASE WHEN id % 20 = 0 THEN 'open' ELSE 'done' END`, `ANALYZE`)
	for _, q := range []query{
		{`SELECT * FROM item WHERE note = $1`, []any{"note 5"}},
		{`SELECT * FROM item WHERE state = 'open' ORDER BY made LIMIT 10`, nil},
		{`SELECT * FROM event WHERE at = $1`, []any{time.Now()}},
	} {
		r := db.advise(t, explain.Config{}, q)
		if len(r.Advice) != 1 {
			t.Fatalf("%s: %s\nwant one advice", q.sql, summary(r))
		}
		ad := r.Advice[0]
		db.exec(t, strings.Split(ad.SQL, ";\n")...)
		var size int64
		err := db.QueryRow(`SELECT sum(pg_relation_size(oid)) FROM pg_class
			WHERE oid = $1::text::regclass OR oid IN (SELECT relid FROM pg_partition_tree($1::text::regclass))`, ad.Index).Scan(&size)
		if err != nil || ad.SizeBytes < size/2 || ad.SizeBytes > size*2 {
			t.Errorf("%s: SizeBytes = %d, want about %d, %v", ad.SQL, ad.SizeBytes, size, err)
		}
	}
}
