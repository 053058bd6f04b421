// Package shop is hone's reference service: a timber wholesaler's HTTP API
// over SQLite or PostgreSQL, with customers, products, orders and their lines.
//
// It exists twice over the same data. Package found has every route as a team
// in a hurry wrote it; package tuned has those that were measured and fixed.
// A [Shop] serves the first and switches a route to the second on demand, so
// that the two can be compared under the same load.
//
// [Shop.Limits] keep its clients within limits: by address, by customer, by
// login and by export, as limits.go says.
//
// To look around, run
//
//	go run ./examples/shop/server
//
// and open the address that it prints. To learn, read found/orders.go beside
// tuned/orders.go: the same list, in fifty-one statements and in two.
package shop
