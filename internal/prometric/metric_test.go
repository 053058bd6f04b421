package prometric_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hone-go/hone/internal/prometric"
	"github.com/hone-go/hone/internal/prometric/prometrictest"
)

// A collector sends one value of each kind.
type collector struct {
	hits, bytes *prometheus.Desc
	labels      []string // of the counter
}

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.hits
	ch <- c.bytes
}

func (c collector) Collect(ch chan<- prometheus.Metric) {
	ch <- prometric.Counter(c.hits, 7, c.labels...)
	ch <- prometric.Gauge(c.bytes, 1.5)
}

func newCollector(labels ...string) collector {
	names := prometric.Names{Namespace: "shop"}
	return collector{names.Desc("hits_total", "Hits.", "function"), names.Desc("bytes", "Bytes."), labels}
}

func TestMetrics(t *testing.T) {
	reg := prometrictest.Register(t, newCollector("square"))
	prometrictest.WantLines(t, prometrictest.Text(t, reg),
		"# TYPE shop_hits_total counter", `shop_hits_total{function="square"} 7`,
		"# TYPE shop_bytes gauge", "shop_bytes 1.5")
}

func TestErrorIsPartOfTheScrape(t *testing.T) {
	_, err := prometrictest.Register(t, newCollector("square", "one too many")).Gather()
	if err == nil || !strings.Contains(err.Error(), "one too many") {
		t.Errorf("Gather() = %v, want it to name the label that is too many", err)
	}
}
