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
	db, err := h.Open("sqlite", "file:shop.db")
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		var total int
		err := db.QueryRowContext(r.Context(), "SELECT total FROM orders WHERE id = $1", r.PathValue("id")).Scan(&total)
		if err != nil {
			http.Error(w, "no such order", http.StatusNotFound)
			return
		}
		fmt.Fprintln(w, total)
	})
	mux.HandleFunc("GET /debug/routes", func(w http.ResponseWriter, _ *http.Request) {
		h.Measure().Snapshot().WriteText(w)
		for _, f := range h.SQL().Findings() {
			fmt.Fprintf(w, "\n%s on %s at %s\n%s\n", f.Rule, f.Route, f.Where, f.Fix)
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", h.Handler(mux)))
}
