-- The shop's tables on SQLite. Money is in whole cents; times are RFC 3339
-- text in UTC, so that text order is time order on every database.

CREATE TABLE customers (
	id     INTEGER PRIMARY KEY,
	name   TEXT NOT NULL,
	street TEXT NOT NULL,
	city   TEXT NOT NULL,
	email  TEXT NOT NULL
);

CREATE TABLE products (
	id           INTEGER PRIMARY KEY,
	sku          TEXT NOT NULL UNIQUE,
	name         TEXT NOT NULL,
	species      TEXT NOT NULL,
	cut          TEXT NOT NULL,
	thickness_mm INTEGER NOT NULL,
	width_mm     INTEGER NOT NULL,
	length_mm    INTEGER NOT NULL,
	price_cents  INTEGER NOT NULL CHECK (price_cents > 0),
	stock        INTEGER NOT NULL CHECK (stock >= 0)
);

CREATE TABLE orders (
	id          INTEGER PRIMARY KEY,
	customer_id INTEGER NOT NULL REFERENCES customers (id),
	placed_at   TEXT NOT NULL,
	status      TEXT NOT NULL,
	total_cents INTEGER NOT NULL
);

CREATE TABLE order_lines (
	order_id    INTEGER NOT NULL REFERENCES orders (id),
	line        INTEGER NOT NULL,
	product_id  INTEGER NOT NULL REFERENCES products (id),
	quantity    INTEGER NOT NULL CHECK (quantity > 0),
	price_cents INTEGER NOT NULL,
	PRIMARY KEY (order_id, line)
) WITHOUT ROWID;

CREATE TABLE staff (
	login         TEXT PRIMARY KEY,
	name          TEXT NOT NULL,
	password_hash TEXT NOT NULL
);
