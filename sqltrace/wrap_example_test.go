package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log"
	"slices"

	"modernc.org/sqlite"

	"github.com/hone-go/hone/sqltrace"
)

func ExampleTracer_Open() {
	tracer, err := sqltrace.New(sqltrace.Config{Dialect: sqltrace.SQLite})
	if err != nil {
		log.Fatal(err)
	}
	db, err := tracer.Open("sqlite", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	var n int
	if err := db.QueryRow("SELECT 6 * ?", 7).Scan(&n); err != nil {
		log.Fatal(err)
	}
	fmt.Println(n)
	for _, s := range tracer.Statements() {
		fmt.Println(s.Count, s.SQL)
	}
	// Output:
	// 42
	// 1 SELECT ? * ?
}

func ExampleTracer_Connector() {
	tracer, err := sqltrace.New(sqltrace.Config{Dialect: sqltrace.SQLite})
	if err != nil {
		log.Fatal(err)
	}
	bare, err := sqlite.NewConnector(":memory:")
	if err != nil {
		log.Fatal(err)
	}
	db := sql.OpenDB(tracer.Connector(bare)) // hand it to sqlx, GORM, bun, ent, sqlc …
	defer db.Close()
	fmt.Println(db.Ping())
	// Output: <nil>
}

func ExampleTracer_Driver() {
	tracer, err := sqltrace.New(sqltrace.Config{Dialect: sqltrace.SQLite})
	if err != nil {
		log.Fatal(err)
	}
	if !slices.Contains(sql.Drivers(), "traced sqlite") { // a name can be registered only once
		sql.Register("traced sqlite", tracer.Driver(&sqlite.Driver{}))
	}
	db, err := sql.Open("traced sqlite", ":memory:") // for code that opens by name
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	fmt.Println(db.Ping())
	// Output: <nil>
}

func ExampleUnwrap() {
	tracer, err := sqltrace.New(sqltrace.Config{})
	if err != nil {
		log.Fatal(err)
	}
	db, err := tracer.Open("sqlite", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	// What the driver offers beyond database/sql is on its own connection.
	err = conn.Raw(func(driverConn any) error {
		c, ok := sqltrace.Unwrap(driverConn).(interface {
			IsReadOnly(schema string) (bool, error)
		})
		if !ok {
			return driver.ErrBadConn
		}
		readOnly, err := c.IsReadOnly("main")
		fmt.Println("read-only:", readOnly)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: read-only: false
}
