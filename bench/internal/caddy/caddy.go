// Package caddy stands in for the server of that name in the benchmarks. Souin
// asks it for the variables of a key's template, and with them comes all of
// Caddy: several hundred packages, most of a processor's minute to compile. No
// template is measured here, so that what is missing is work that Souin would do
// in vain: its figure is up to a third better than with all of Caddy.
package caddy

type ctxKey struct{}

// ReplacerCtxKey is where a request's context has its Replacer.
var ReplacerCtxKey ctxKey

// A Replacer has no variables.
type Replacer struct{}

// NewReplacer returns a Replacer.
func NewReplacer() *Replacer { return &Replacer{} }

// ReplaceAll returns the template as it is.
func (*Replacer) ReplaceAll(template, _ string) string { return template }
