package data

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"
)

const (
	// seed fixes every figure that the generator draws. Changing it changes
	// all data, and with it the checksum that the tests hold.
	seed = 1887

	// maxLines is the most lines in one order; the mean is half of that and
	// a half, three.
	maxLines = 5
)

type product struct {
	id                             int64
	sku, name, species, cut        string
	thicknessMM, widthMM, lengthMM int64
	priceCents, stock              int64
}

type order struct {
	id, customer int64
	placedAt     string
	status       string
	lines        []line
}

type line struct{ product, quantity, priceCents int64 }

func (o order) totalCents() int64 {
	var total int64
	for _, l := range o.lines {
		total += l.quantity * l.priceCents
	}
	return total
}

// table is one table's name, columns and content, in a form that both bulk
// loads take.
type table struct {
	name    string
	columns []string
	rows    iter.Seq[[]any]
}

// generator makes the shop's content up. Each table draws from a stream of its
// own, so every sequence can be read as often as needed, and in any order,
// with the same result.
type generator struct {
	sizes    Sizes
	products []product
}

func newGenerator(sizes Sizes) *generator {
	return &generator{sizes: sizes, products: makeProducts(sizes.Products)}
}

func stream(number uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, number)) }

// tables returns every table in an order that respects references.
func (g *generator) tables() []table {
	return []table{
		{"staff", []string{"login", "name", "password_hash"}, staffRows},
		{"customers", []string{"id", "name", "street", "city", "email"}, g.customerRows},
		{"products", []string{
			"id", "sku", "name", "species", "cut",
			"thickness_mm", "width_mm", "length_mm", "price_cents", "stock",
		}, g.productRows},
		{"orders", []string{"id", "customer_id", "placed_at", "status", "total_cents"}, g.orderRows},
		{"order_lines", []string{"order_id", "line", "product_id", "quantity", "price_cents"}, g.lineRows},
	}
}

// total returns the number of rows in all tables. It reads the orders once.
func (g *generator) total() int {
	n := len(staff) + g.sizes.Customers + g.sizes.Products + g.sizes.Orders
	for o := range g.orders {
		n += len(o.lines)
	}
	return n
}

func (g *generator) customerRows(yield func([]any) bool) {
	r := stream(1)
	for id := 1; id <= g.sizes.Customers; id++ {
		family, trade := pick(r, families[:]), pick(r, trades[:])
		name := family + " " + trade
		if r.IntN(4) == 0 {
			name = family + " & " + pick(r, families[:]) + " " + trade
		}
		street := fmt.Sprintf("%d %s", 1+r.IntN(180), pick(r, streets[:]))
		host := strings.ToLower(strings.ReplaceAll(trade, " ", "-"))
		email := fmt.Sprintf("orders@%s-%d.example", host, id)
		if !yield([]any{int64(id), name, street, pick(r, cities[:]), email}) {
			return
		}
	}
}

func makeProducts(n int) []product {
	r := stream(2)
	products := make([]product, n)
	for i, place := range r.Perm(maxProducts)[:n] {
		p := productAt(place)
		p.id = int64(i + 1)
		p.stock = 500 + r.Int64N(4_500)
		products[i] = p
	}
	return products
}

func (g *generator) productRows(yield func([]any) bool) {
	for _, p := range g.products {
		if !yield([]any{
			p.id, p.sku, p.name, p.species, p.cut,
			p.thicknessMM, p.widthMM, p.lengthMM, p.priceCents, p.stock,
		}) {
			return
		}
	}
}

// orders yields every order by number, which is also by time: two years of
// trade, evenly spread.
func (g *generator) orders(yield func(order) bool) {
	r := stream(3)
	first := time.Date(2024, time.January, 2, 7, 0, 0, 0, time.UTC)
	last := time.Date(2025, time.December, 30, 17, 0, 0, 0, time.UTC)
	gap := last.Sub(first) / time.Duration(g.sizes.Orders)
	for id := 1; id <= g.sizes.Orders; id++ {
		placed := first.Add(time.Duration(id-1)*gap + time.Duration(r.Int64N(int64(gap))))
		o := order{
			id:       int64(id),
			customer: 1 + r.Int64N(int64(g.sizes.Customers)),
			placedAt: placed.Format(time.RFC3339),
			status:   status(r, id, g.sizes.Orders),
			lines:    make([]line, 1+r.IntN(maxLines)),
		}
		for i := range o.lines {
			o.lines[i] = g.line(r, o.lines[:i])
		}
		if !yield(o) {
			return
		}
	}
}

// line draws a product that the order does not have yet. The square makes the
// front of the range sell more, as in any shop.
func (g *generator) line(r *rand.Rand, before []line) line {
	share := r.Float64()
	at := int(share * share * float64(len(g.products)))
	for contains(before, g.products[at].id) {
		at = (at + 1) % len(g.products)
	}
	p := g.products[at]
	return line{product: p.id, quantity: 1 + r.Int64N(40), priceCents: p.priceCents}
}

func contains(lines []line, product int64) bool {
	for _, l := range lines {
		if l.product == product {
			return true
		}
	}
	return false
}

// status says what has become of an order: the newest are still in the yard,
// a few of the others were called off.
func status(r *rand.Rand, id, orders int) string {
	calledOff := r.IntN(100) < 3
	switch {
	case id > orders-orders/200:
		return "open"
	case calledOff:
		return "cancelled"
	case id > orders-orders/50:
		return "packed"
	default:
		return "delivered"
	}
}

func (g *generator) orderRows(yield func([]any) bool) {
	for o := range g.orders {
		if !yield([]any{o.id, o.customer, o.placedAt, o.status, o.totalCents()}) {
			return
		}
	}
}

func (g *generator) lineRows(yield func([]any) bool) {
	for o := range g.orders {
		for i, l := range o.lines {
			if !yield([]any{o.id, int64(i + 1), l.product, l.quantity, l.priceCents}) {
				return
			}
		}
	}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
