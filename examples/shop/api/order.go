package api

// Customer is a customer as an order shows it.
type Customer struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	City string `json:"city"`
}

// Order is an order. Lines are left out of lists.
type Order struct {
	ID         int64    `json:"id"`
	PlacedAt   string   `json:"placed_at"`
	Status     string   `json:"status"`
	TotalCents int64    `json:"total_cents"`
	Customer   Customer `json:"customer"`
	Lines      []Line   `json:"lines,omitempty"`
}

// Line is one line of an order, at the price of the day.
type Line struct {
	ProductID  int64  `json:"product_id"`
	Product    string `json:"product"`
	Quantity   int64  `json:"quantity"`
	PriceCents int64  `json:"price_cents"`
}

// OrderPage is one page of orders, newest first. NextBefore is the ?before= of
// the page that follows, and absent on the last one.
type OrderPage struct {
	Orders     []Order `json:"orders"`
	NextBefore int64   `json:"next_before,omitempty"`
}

// PageSize is the most orders on an [OrderPage].
const PageSize = 50

// NewOrder asks for an order to be placed.
type NewOrder struct {
	CustomerID int64     `json:"customer_id"`
	Lines      []NewLine `json:"lines"`
}

// NewLine asks for a quantity of a product.
type NewLine struct {
	ProductID int64 `json:"product_id"`
	Quantity  int64 `json:"quantity"`
}

// Limits of a [NewOrder]. A lorry takes no more lines, nor a line more pieces.
const (
	MaxLines    = 100
	MaxQuantity = 10_000
)

// Validate returns a [respond.Problem] if no shop could take the order.
func (o NewOrder) Validate() error {
	if o.CustomerID < 1 {
		return BadRequest("customer_id is %d, want a whole number from 1", o.CustomerID)
	}
	if len(o.Lines) < 1 || len(o.Lines) > MaxLines {
		return BadRequest("lines has %d entries, want 1 to %d", len(o.Lines), MaxLines)
	}
	seen := make(map[int64]bool, len(o.Lines))
	for i, l := range o.Lines {
		switch {
		case l.ProductID < 1:
			return BadRequest("lines[%d].product_id is %d, want a whole number from 1", i, l.ProductID)
		case l.Quantity < 1 || l.Quantity > MaxQuantity:
			return BadRequest("lines[%d].quantity is %d, want 1 to %d", i, l.Quantity, MaxQuantity)
		case seen[l.ProductID]:
			return BadRequest("lines[%d] names product %d again: add the quantities up", i, l.ProductID)
		}
		seen[l.ProductID] = true
	}
	return nil
}
