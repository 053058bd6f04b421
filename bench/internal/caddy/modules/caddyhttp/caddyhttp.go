// Package caddyhttp stands in for Caddy's HTTP server; see package caddy.
package caddyhttp

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
)

// PrepareRequest returns the request as it is.
func PrepareRequest(r *http.Request, _ *caddy.Replacer, _ http.ResponseWriter, _ any) *http.Request {
	return r
}
