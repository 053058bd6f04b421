package sqltrace

import "math"

// growth is the linear regression of y on x, by Welford's update
// (https://en.wikipedia.org/wiki/Algorithms_for_calculating_variance): here of
// a loop's rounds on the rows of the statement that it loops over.
type growth struct {
	n            int64
	meanX, meanY float64
	xx, yy, xy   float64 // sums of products of deviations
}

func (g *growth) add(x, y float64) {
	g.n++
	dx, dy := x-g.meanX, y-g.meanY
	g.meanX += dx / float64(g.n)
	g.meanY += dy / float64(g.n)
	g.xx += dx * (x - g.meanX)
	g.yy += dy * (y - g.meanY)
	g.xy += dx * (y - g.meanY)
}

// fit returns the slope and Pearson's r; both are 0 if x or y is constant.
func (g *growth) fit() (slope, r float64) {
	if g.xx <= 0 || g.yy <= 0 {
		return 0, 0
	}
	return g.xy / g.xx, g.xy / math.Sqrt(g.xx*g.yy)
}

// spread returns the standard deviation of x as a share of its mean.
func (g *growth) spread() float64 {
	if g.n == 0 || g.meanX <= 0 {
		return 0
	}
	return math.Sqrt(g.xx/float64(g.n)) / g.meanX
}

const (
	// minGrowth is how many requests a regression needs. Not smaller: with
	// fewer, r ≥ 0.9 comes about by chance too often. Not larger: a developer
	// should see the verdict after a few clicks.
	minGrowth = 8
	// minFixed is how many requests show that a count does not follow the rows.
	minFixed = 3
	// minSpread is how much the rows must differ for that.
	minSpread = 0.1
)

// grows reports whether y follows x one to one.
func (g *growth) grows() bool {
	slope, r := g.fit()
	return g.n >= minGrowth && slope >= 0.8 && slope <= 1.25 && r >= 0.9
}

// fixed reports whether y stays what it is while x changes.
func (g *growth) fixed() bool {
	return g.n >= minFixed && g.yy == 0 && g.spread() >= minSpread
}
