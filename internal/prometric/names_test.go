package prometric_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hone-go/hone/internal/prometric"
)

func TestValidate(t *testing.T) {
	tests := []struct {
		names prometric.Names
		want  string
	}{
		{prometric.Names{}, ""},
		{prometric.Names{Namespace: "shop_eu", ConstLabels: prometheus.Labels{"zone": "é"}}, ""},
		{prometric.Names{Namespace: "my shop"}, `x: Config.Namespace is "my shop", want letters, digits and underscores`},
		{
			prometric.Names{Namespace: "é", ConstLabels: prometheus.Labels{"route": "x", "a-b": "y", "zone": "z"}},
			`x: Config.Namespace is "é", want letters, digits and underscores
x: Config.ConstLabels has "a-b", want letters, digits and underscores
x: Config.ConstLabels has "route", want none that the metrics have themselves`,
		},
	}
	for _, tt := range tests {
		got := ""
		if err := tt.names.Validate("x", "route", "name"); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%+v.Validate() = %q, want %q", tt.names, got, tt.want)
		}
	}
}

func TestDesc(t *testing.T) {
	names := prometric.Names{Namespace: "shop", ConstLabels: prometheus.Labels{"zone": "eu"}}
	got := names.Desc("hits_total", "Hits.", "function").String()
	for _, want := range []string{`"shop_hits_total"`, `"Hits."`, `zone="eu"`, "{function}"} {
		if !strings.Contains(got, want) {
			t.Errorf("Desc() = %s, want %s in it", got, want)
		}
	}
}
