package prometric

import "github.com/prometheus/client_golang/prometheus"

// Checked takes what a constructor of client_golang returns, and makes an error
// part of the scrape, where Prometheus reports it.
func Checked(d *prometheus.Desc) func(prometheus.Metric, error) prometheus.Metric {
	return func(m prometheus.Metric, err error) prometheus.Metric {
		if err != nil {
			return prometheus.NewInvalidMetric(d, err)
		}
		return m
	}
}

// Counter is a counter's present value.
func Counter(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return Checked(d)(prometheus.NewConstMetric(d, prometheus.CounterValue, v, labels...))
}

// Gauge is a gauge's present value.
func Gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return Checked(d)(prometheus.NewConstMetric(d, prometheus.GaugeValue, v, labels...))
}
