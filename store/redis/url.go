package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A topology is how the servers behind a URL belong together.
type topology int

const (
	standalone topology = iota
	sentinel
	cluster
)

// A target is what a URL says.
type target struct {
	topology  topology
	network   string // tcp or unix
	addresses []string
	tls       bool

	username, password                 string
	database                           int
	master                             string // Sentinel's name of it
	sentinelUsername, sentinelPassword string
}

var schemes = map[string]target{
	"redis":           {topology: standalone, network: "tcp"},
	"rediss":          {topology: standalone, network: "tcp", tls: true},
	"unix":            {topology: standalone, network: "unix"},
	"redis+sentinel":  {topology: sentinel, network: "tcp"},
	"rediss+sentinel": {topology: sentinel, network: "tcp", tls: true},
	"redis+cluster":   {topology: cluster, network: "tcp"},
	"rediss+cluster":  {topology: cluster, network: "tcp", tls: true},
}

const schemeList = "redis, rediss, unix, redis+sentinel, rediss+sentinel, redis+cluster or rediss+cluster"

// parseURL reads a URL. Its errors hold no part that could be a password.
func parseURL(text string) (target, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	t, known := schemes[scheme]
	if !ok || !known {
		return t, errors.New("redis: the URL's scheme is not known, want " + schemeList)
	}
	// net/url has no idea of several hosts, and its errors quote the URL.
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	user, hosts := "", authority
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, hosts = authority[:at+1], authority[at+1:]
	}
	u, err := url.Parse("redis://" + user + "host" + rest)
	if err != nil {
		return t, errors.New("redis: the URL is malformed: special characters in a name or a password have to be written as %XX")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.Fragment != "" {
		return t, errors.New("redis: the URL's query is malformed")
	}
	if u.User != nil {
		t.username = u.User.Username()
		t.password, _ = u.User.Password()
	}
	return t, errors.Join(
		t.readHosts(hosts, u.Path),
		t.readPath(u.Path),
		t.readQuery(query),
	)
}

func (t *target) readHosts(hosts, path string) error {
	if t.network == "unix" {
		t.addresses = []string{path}
		if hosts != "" || path == "" || path == "/" {
			return errors.New("redis: a unix URL is unix:///path/of/the/socket")
		}
		return nil
	}
	port := "6379"
	if t.topology == sentinel {
		port = "26379"
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if host == "" && hosts == "" {
			host = "localhost"
		}
		address := host
		if _, _, err := net.SplitHostPort(host); err != nil {
			address = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		h, p, err := net.SplitHostPort(address)
		n, errPort := strconv.ParseUint(p, 10, 16)
		if err != nil || errPort != nil || n == 0 || h == "" || strings.ContainsAny(h, " \t\r\n\"<>\\^`{|}") {
			return errors.New("redis: a host in the URL is malformed, want host, host:port or [address]:port, with commas between several")
		}
		t.addresses = append(t.addresses, address)
	}
	if t.topology == standalone && len(t.addresses) > 1 {
		return errors.New("redis: the URL names several hosts: its scheme should be redis+sentinel or redis+cluster")
	}
	return nil
}

// readPath reads what is behind the hosts: the database, or Sentinel's name of
// the master and the database.
func (t *target) readPath(path string) error {
	if t.network == "unix" {
		return nil
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if t.topology == sentinel {
		t.master, parts = parts[0], parts[1:]
		if t.master == "" {
			return errors.New("redis: a Sentinel URL names the master: redis+sentinel://host:port,host:port/master")
		}
	}
	if len(parts) == 0 || len(parts) == 1 && parts[0] == "" {
		return nil
	}
	if len(parts) > 1 {
		return errors.New("redis: the URL's path is malformed, want no more than the database's number")
	}
	return t.setDatabase(parts[0])
}

func (t *target) setDatabase(text string) error {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return errors.New("redis: the URL's database is not a number")
	}
	if t.topology == cluster && n != 0 {
		return errors.New("redis: a cluster has no database but 0")
	}
	t.database = int(n)
	return nil
}

func (t *target) readQuery(query url.Values) error {
	allowed := []string{"db"}
	if t.topology == sentinel {
		allowed = append(allowed, "sentinel_username", "sentinel_password")
	}
	var errs []error
	for name, values := range query {
		switch {
		case !slices.Contains(allowed, name):
			// Not its name: behind a stray '?' that is a part of the password.
			errs = append(errs, fmt.Errorf("redis: a parameter of the URL is not known, want %s", strings.Join(allowed, ", ")))
		case name == "db":
			errs = append(errs, t.setDatabase(values[0]))
		case name == "sentinel_username":
			t.sentinelUsername = values[0]
		case name == "sentinel_password":
			t.sentinelPassword = values[0]
		}
	}
	return errors.Join(errs...)
}

// tlsConfig returns what to use, nil for none.
func (t *target) tlsConfig(c *tls.Config) *tls.Config {
	switch {
	case !t.tls:
		return nil
	case c != nil:
		return c.Clone()
	default:
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
}
