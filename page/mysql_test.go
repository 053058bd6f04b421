package page_test

import (
	"database/sql"
	"testing"

	"github.com/hone-go/hone/page"
)

// mysqlTypes has, as typesSchema, columns whose values differ only in what a
// careless cursor loses. grade is an ENUM, which MySQL sorts by the number of
// a value and compares by its text.
const mysqlTypes = `CREATE TABLE t (
	id      BIGINT PRIMARY KEY,
	at      TIMESTAMP(6) NOT NULL DEFAULT '2000-01-01',
	local   DATETIME(6),
	day     DATE NOT NULL,
	big     BIGINT NOT NULL,
	huge    BIGINT UNSIGNED NOT NULL,
	price   DECIMAL(30, 10),
	ratio   DOUBLE NOT NULL,
	name    VARCHAR(20) COLLATE utf8mb4_general_ci,
	code    VARCHAR(20) COLLATE utf8mb4_bin NOT NULL,
	raw     VARBINARY(20) NOT NULL,
	uid     BINARY(16) NOT NULL,
	open    BOOLEAN,
	grade   ENUM('poor', 'fair', 'good') NOT NULL,
	net     DECIMAL(31, 11) AS (price * 0.5)
)`

const mysqlRows = `INSERT INTO t (id, at, local, day, big, huge, price, ratio, name, code, raw, uid, open, grade)
SELECT seq,
	'2026-03-29 01:59:59.999990' + INTERVAL seq DIV 2 MICROSECOND,
	IF(seq % 5 > 0, '1999-12-31 23:59:59.999990' + INTERVAL seq DIV 3 MICROSECOND, NULL),
	'2024-02-27' + INTERVAL seq DIV 4 DAY,
	9007199254740992 + seq DIV 2,
	18446744073709551600 + seq DIV 4,
	IF(seq % 7 > 0, 12345678901234567890.0000000001 + (seq DIV 2) * 0.0000000001, NULL),
	0.1 + (seq DIV 2) * 1e-16,
	IF(seq % 3 > 0, CONCAT(CHAR(65 + seq % 5 + 32 * (seq % 2)), '''\\', IF(seq % 4 = 0, ' ', '')), NULL),
	CONCAT(CHAR(65 + seq % 5 + 32 * (seq % 2)), '%'),
	CONCAT(CHAR(seq DIV 2, 0, 255)),
	UNHEX(LPAD(HEX(seq DIV 2), 32, 'F0')),
	IF(seq % 3 > 0, seq % 2 = 0, NULL),
	1 + seq % 3
FROM seq_1_to_40`

// TestTypesOfMySQL walks the table by each column in both directions.
func TestTypesOfMySQL(t *testing.T) {
	columns := []page.Column{
		{Name: "at", Nulls: page.NotNull},
		{Name: "local", Nulls: page.NullsFirst},
		{Name: "day", Nulls: page.NotNull},
		{Name: "big", Nulls: page.NotNull},
		{Name: "huge", Nulls: page.NotNull},
		{Name: "price", Nulls: page.NullsLast},
		{Name: "net", Expr: "price * 0.5", Nulls: page.NullsLast, Cast: "DECIMAL(31,11)"}, // no column to take the type of
		{Name: "ratio", Nulls: page.NotNull},
		{Name: "name", Nulls: page.NullsLast},
		{Name: "code", Nulls: page.NotNull},
		{Name: "raw", Nulls: page.NotNull},
		{Name: "uid", Nulls: page.NotNull},
		{Name: "open", Nulls: page.NullsFirst},
		{Name: "grade", Expr: "grade + 0", Nulls: page.NotNull},
		{Name: "id", Nulls: page.NotNull},
	}
	for name, open := range map[string]func(testing.TB) *sql.DB{"prepared": openMySQL, "interpolated": openInterpolated} {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			exec(t, db, mysqlTypes)
			exec(t, db, mysqlRows)
			k, err := page.NewKeyset(page.MySQL, page.Sort{Columns: columns, Unique: []string{"id"}},
				page.KeysetConfig{Name: "t", Keys: testKeys, PerPage: 3})
			if err != nil {
				t.Fatal(err)
			}
			walkColumns(t, k, columns, func(query string, args []any) []map[string]any {
				rows, err := db.Query(query, args...)
				if err != nil {
					t.Fatalf("%s with %v: %v", query, args, err)
				}
				defer rows.Close()
				return mysqlMaps(t, rows)
			})
		})
	}
}

// A mysqlRow has the types that a service scans MySQL's columns into.
type mysqlRow struct {
	id, big        int64
	huge           uint64
	at, day, local sql.NullTime
	price, net     sql.NullString
	ratio          float64
	name           sql.NullString
	code, grade    string
	raw, uid       []byte
	open           sql.NullBool
}

func mysqlMaps(t *testing.T, rows *sql.Rows) (found []map[string]any) {
	t.Helper()
	grades := map[string]int64{"poor": 1, "fair": 2, "good": 3}
	for rows.Next() {
		var r mysqlRow
		if err := rows.Scan(&r.id, &r.at, &r.local, &r.day, &r.big, &r.huge, &r.price, &r.ratio,
			&r.name, &r.code, &r.raw, &r.uid, &r.open, &r.grade, &r.net); err != nil {
			t.Fatal(err)
		}
		found = append(found, map[string]any{
			"id": r.id, "at": r.at, "local": r.local, "day": r.day, "big": r.big, "huge": r.huge, "price": r.price,
			"net": r.net, "ratio": r.ratio, "name": r.name, "code": r.code, "raw": r.raw, "uid": r.uid, "open": r.open,
			"grade": grades[r.grade],
		})
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
