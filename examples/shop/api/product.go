package api

// Product is a product of the range.
type Product struct {
	ID          int64  `json:"id"`
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Species     string `json:"species"`
	Cut         string `json:"cut"`
	ThicknessMM int64  `json:"thickness_mm"`
	WidthMM     int64  `json:"width_mm"`
	LengthMM    int64  `json:"length_mm"`
	PriceCents  int64  `json:"price_cents"`
	Stock       int64  `json:"stock"`
}

// ProductUpdate replaces what may change of a product. All fields must be
// there: a pointer tells a missing one from a zero.
type ProductUpdate struct {
	Name       *string `json:"name"`
	PriceCents *int64  `json:"price_cents"`
	Stock      *int64  `json:"stock"`
}

// Limits of a [ProductUpdate]: a million euros and a billion pieces are typing
// errors, and far from what a sum overflows at.
const (
	maxPriceCents = 100_000_000
	maxStock      = 1_000_000_000
)

// Validate returns a [respond.Problem] if a field is missing or out of range.
func (u ProductUpdate) Validate() error {
	switch {
	case u.Name == nil || *u.Name == "" || !plain(*u.Name):
		return BadRequest("name must be there and be text of 1 to %d bytes", maxTextBytes)
	case u.PriceCents == nil || *u.PriceCents < 1 || *u.PriceCents > maxPriceCents:
		return BadRequest("price_cents must be there and be 1 to %d", maxPriceCents)
	case u.Stock == nil || *u.Stock < 0 || *u.Stock > maxStock:
		return BadRequest("stock must be there and be 0 to %d", maxStock)
	default:
		return nil
	}
}

// ProductSummary is what a product has sold, cancelled orders apart.
type ProductSummary struct {
	Product       Product         `json:"product"`
	Orders        int64           `json:"orders"`
	Units         int64           `json:"units"`
	RevenueCents  int64           `json:"revenue_cents"`
	Months        []MonthSummary  `json:"months"`
	BestCustomers []CustomerSales `json:"best_customers"`
}

// MonthSummary is what a product has sold in one month, written 2025-03.
type MonthSummary struct {
	Month        string `json:"month"`
	Units        int64  `json:"units"`
	RevenueCents int64  `json:"revenue_cents"`
}

// CustomerSales is what one customer has bought of a product.
type CustomerSales struct {
	Customer
	RevenueCents int64 `json:"revenue_cents"`
}
