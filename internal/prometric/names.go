package prometric

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
)

// Names is what a collector's metrics have in common. The Config of each
// collector has the same fields, and is converted to it.
type Names struct {
	Namespace   string            // before every name, with an underscore, if there is one
	ConstLabels prometheus.Labels // on every metric
}

// Validate returns all that is wrong with n, in the name of a package whose
// metrics have labels of their own.
func (n Names) Validate(pkg string, own ...string) error {
	var errs []error
	// Prometheus allows any UTF-8 by now, but names outside the old set need
	// quotes in every query.
	if n.Namespace != "" && !model.LegacyValidation.IsValidMetricName(n.Namespace) {
		errs = append(errs, fmt.Errorf("%s: Config.Namespace is %q, want letters, digits and underscores", pkg, n.Namespace))
	}
	for _, name := range slices.Sorted(maps.Keys(n.ConstLabels)) {
		switch {
		case !model.LegacyValidation.IsValidLabelName(name):
			errs = append(errs, fmt.Errorf("%s: Config.ConstLabels has %q, want letters, digits and underscores", pkg, name))
		case slices.Contains(own, name):
			errs = append(errs, fmt.Errorf("%s: Config.ConstLabels has %q, want none that the metrics have themselves", pkg, name))
		}
	}
	return errors.Join(errs...)
}

// Desc describes a metric.
func (n Names) Desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(n.Namespace, "", name), help, labels, n.ConstLabels)
}
