package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxWeight bounds a weight so that the sum of a long list cannot overflow.
const maxWeight = 1_000_000

// A Target is one route of the mix.
type Target struct {
	// Weight is the target's share of the requests relative to the others.
	// 0 means 1.
	Weight int

	// Method is the HTTP method in capitals.
	Method string

	// URL is absolute, http or https. Each {a..b} after the host stands for
	// an integer from a to b drawn anew for each request. User and password
	// become basic authentication and are never printed.
	URL string

	// Body is sent with every request. Each {a..b} in it is drawn as in URL.
	Body []byte
}

// ParseTarget reads "[N*]METHOD URL [@file]", for example
//
//	3*GET http://127.0.0.1:8080/api/orders/{1..100000}
//	POST http://127.0.0.1:8080/api/orders @order.json
//
// readFile reads the body's file; os.ReadFile serves. No error repeats any part
// of the URL that could hold a password.
func ParseTarget(s string, readFile func(name string) ([]byte, error)) (Target, error) {
	fields := strings.Fields(s)
	if len(fields) < 2 {
		return Target{}, errors.New("want a method and a URL, as in 'GET http://127.0.0.1:8080/'")
	}
	t := Target{Weight: 1, Method: fields[0], URL: fields[1]}
	if weight, method, ok := strings.Cut(fields[0], "*"); ok {
		n, err := strconv.Atoi(weight)
		if err != nil || n < 1 || n > maxWeight {
			return Target{}, fmt.Errorf("the weight before * must be a whole number from 1 to %d", maxWeight)
		}
		t.Weight, t.Method = n, method
	}
	if _, err := t.compile(); err != nil {
		return Target{}, err
	}
	switch rest := fields[2:]; {
	case len(rest) == 0:
	case len(rest) == 1 && strings.HasPrefix(rest[0], "@"):
		body, err := readFile(rest[0][1:])
		if err != nil {
			return Target{}, fmt.Errorf("cannot read the body: %w", err)
		}
		t.Body = body
	default:
		return Target{}, errors.New("after the URL only @file may follow; write a space in the URL as %20")
	}
	return t, nil
}

// A recipe makes the requests of one target.
type recipe struct {
	weight  int
	method  string
	url     template
	body    template
	json    bool   // the body is JSON
	scheme  string // lower case
	address string // host:port
	path    string // the template after the host, fit to print
}

// compile checks t and readies it for use.
func (t Target) compile() (recipe, error) {
	if t.Weight < 0 || t.Weight > maxWeight {
		return recipe{}, fmt.Errorf("the weight must be a whole number from 1 to %d", maxWeight)
	}
	if t.Method == "" || strings.Trim(t.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return recipe{}, errors.New("the first word must be an HTTP method in capitals, as in 'GET http://127.0.0.1:8080/'")
	}
	_, afterScheme, ok := strings.Cut(t.URL, "://")
	if !ok {
		return recipe{}, errors.New("the URL must be absolute: begin it with http:// or https://")
	}
	tail := ""
	if end := strings.IndexAny(afterScheme, "/?#"); end >= 0 {
		afterScheme, tail = afterScheme[:end], afterScheme[end:]
	}
	if strings.Contains(afterScheme, "{") {
		return recipe{}, errors.New("a range such as {1..9} may stand only after the host")
	}
	location, err := parseTemplate(t.URL)
	if err != nil {
		return recipe{}, err
	}
	for _, p := range location {
		if strings.ContainsAny(p.literal, "{}") {
			return recipe{}, errors.New("braces in the URL must hold a range such as {1..100000}")
		}
	}
	u, err := url.Parse(location.expand(nil))
	if err != nil {
		// The cause is left out: it can quote part of a password.
		return recipe{}, errors.New("the URL cannot be read: write special characters as %XX, also in a password")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return recipe{}, fmt.Errorf("the scheme %s is not supported: use http or https", u.Scheme)
	}
	address, err := hostPort(u)
	if err != nil {
		return recipe{}, err
	}
	body, err := parseTemplate(string(t.Body))
	if err != nil {
		return recipe{}, fmt.Errorf("in the body: %w", err)
	}
	return recipe{
		weight:  max(t.Weight, 1),
		method:  t.Method,
		url:     location,
		body:    body,
		json:    len(body) > 0 && json.Valid([]byte(body.expand(nil))),
		scheme:  u.Scheme,
		address: address,
		path:    printable(tail),
	}, nil
}

// hostPort returns the address to dial for u.
func hostPort(u *url.URL) (string, error) {
	if u.Hostname() == "" {
		return "", errors.New("the URL has no host")
	}
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errors.New("the port must be from 1 to 65535")
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

// printable returns the path and query of a URL without the fragment, which is
// not sent, and without the values of parameters that are named like secrets.
func printable(tail string) string {
	tail, _, _ = strings.Cut(tail, "#")
	path, query, hasQuery := strings.Cut(tail, "?")
	if path == "" {
		path = "/"
	}
	if !hasQuery {
		return path
	}
	params := strings.Split(query, "&")
	for i, p := range params {
		if name, _, ok := strings.Cut(p, "="); ok && secret(name) {
			params[i] = name + "=***"
		}
	}
	return path + "?" + strings.Join(params, "&")
}

// secret reports whether a query parameter's name suggests that its value must
// not be shown. It errs on the side of hiding.
func secret(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(name)
	for _, word := range []string{"token", "key", "secret", "pass", "pwd", "auth", "sig", "session", "credential"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// compileAll compiles every target and names its row. The host is part of the
// name only where the targets have more than one.
func compileAll(targets []Target) ([]recipe, []string, error) {
	var errs []error
	recipes := make([]recipe, 0, len(targets))
	hosts := make(map[string]bool)
	for i, t := range targets {
		r, err := t.compile()
		if err != nil {
			errs = append(errs, fmt.Errorf("load: target %d: %w", i+1, err))
			continue
		}
		hosts[r.scheme+r.address] = true
		recipes = append(recipes, r)
	}
	names := make([]string, len(recipes))
	for i, r := range recipes {
		names[i] = r.method + " " + r.path
		if len(hosts) > 1 {
			names[i] = r.method + " " + r.scheme + "://" + r.address + r.path
		}
	}
	return recipes, names, errors.Join(errs...)
}

// headerFor returns the header of r's requests. The map is r's own.
func (r recipe) headerFor(common http.Header) http.Header {
	h := common.Clone()
	if h == nil {
		h = make(http.Header)
	}
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", "hone-load") // so that an access log can leave it out
	}
	if r.json && h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	return h
}
