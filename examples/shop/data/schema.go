package data

// The same text serves both systems.
const (
	// anyRows reports whether any of the shop's tables holds a row.
	anyRows = `SELECT EXISTS (SELECT 1 FROM customers)
		OR EXISTS (SELECT 1 FROM products)
		OR EXISTS (SELECT 1 FROM orders)
		OR EXISTS (SELECT 1 FROM order_lines)
		OR EXISTS (SELECT 1 FROM staff)`

	// sqliteDrop removes the tables, those that refer to others first.
	sqliteDrop = `DROP TABLE IF EXISTS order_lines;
		DROP TABLE IF EXISTS orders;
		DROP TABLE IF EXISTS products;
		DROP TABLE IF EXISTS customers;
		DROP TABLE IF EXISTS staff`
)
