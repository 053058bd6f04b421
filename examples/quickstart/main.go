package main

import (
	"fmt"
	"log"
	"net/http"

	"github.com/hone-go/hone"
	_ "modernc.org/sqlite" // or any other database/sql driver
)

func main() {
	h, err := hone.New(hone.Config{})
	if err != nil {
		log.Fatal(err)
	}
	db, err := h.Open("sqlite", "file:quickstart.db") // sql.Open, with every statement seen
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, total INTEGER)"); err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", func(w http.ResponseWriter, r *http.Request) {
		for id := range 10 { // ten statements where one would do
			var total int
			row := db.QueryRowContext(r.Context(), "SELECT coalesce(sum(total), 0) FROM orders WHERE id = $1", id)
			if err := row.Scan(&total); err != nil {
				http.Error(w, "the database is unavailable", http.StatusServiceUnavailable)
				return
			}
			fmt.Fprintln(w, id, total)
		}
	})
	mux.HandleFunc("GET /debug/routes", func(w http.ResponseWriter, _ *http.Request) {
		_ = h.Measure().Snapshot().WriteText(w)
		_ = h.SQL().WriteText(w)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", h.Handler(mux)))
}
