package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/file"
	"github.com/hone-go/hone/store/memcached"
	"github.com/hone-go/hone/store/memory"
	"github.com/hone-go/hone/store/null"
	"github.com/hone-go/hone/store/redis"
)

// allowed is what a bad URL is answered with.
const allowed = "memory://, memory://?max=64MiB, redis://host:port/0, rediss://, unix://, redis+sentinel://, redis+cluster://, " +
	"memcached://host:port,host:port, file:///path?max=1GiB or null://"

// Open opens the store that rawURL names:
//
//	memory://?max=64MiB             in this process; see package memory
//	file:///var/cache/shop.db?max=1GiB  in a file of this process; see package file
//	redis://…, rediss://…, unix://…, redis+sentinel://…, redis+cluster://…
//	                                Redis; [redis.Open] says what follows
//	memcached://h1:11211,h2:11211   memcached; the port may be left out
//	null://                         nothing is kept
//
// max is a number of bytes, or of KiB, MiB or GiB. A server need not be there
// yet. An error says what is wrong with the URL and never shows its password.
// The caller closes the store.
func Open(ctx context.Context, rawURL string) (cache.Store, error) {
	scheme, rest, ok := strings.Cut(rawURL, "://")
	if !ok {
		return nil, fmt.Errorf("store: the URL has no scheme: want %s", allowed)
	}
	switch scheme {
	case "redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster":
		return opened(redis.Open(ctx, rawURL, redis.Config{}))
	case "memcached":
		return opened(openMemcached(rest))
	case "memory":
		return opened(openMemory(rest))
	case "file":
		return opened(openFile(rest))
	case "null":
		if rest != "" {
			return nil, badURL(scheme, "nothing can follow null://")
		}
		return null.New(), nil
	}
	return nil, fmt.Errorf("store: unknown scheme %q: want %s", scheme, allowed)
}

// opened keeps a nil pointer from becoming a store that is not nil.
func opened[S cache.Store](s S, err error) (cache.Store, error) {
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return s, nil
}

func badURL(scheme, format string, a ...any) error {
	return fmt.Errorf("store: %s URL: %s", scheme, fmt.Sprintf(format, a...))
}

func openMemory(rest string) (*memory.Store, error) {
	size, err := memorySize(rest)
	if err != nil {
		return nil, err
	}
	return memory.New(memory.Config{MaxBytes: size})
}

// memorySize returns the size that follows memory://, 0 if none does.
func memorySize(rest string) (int64, error) {
	path, query, _ := strings.Cut(rest, "?")
	if path != "" {
		return 0, errors.New("memory URL: want memory:// or memory://?max=64MiB")
	}
	size, err := maxOf(query)
	if err != nil {
		return 0, fmt.Errorf("memory URL: %w", err)
	}
	return size, nil
}

func openFile(rest string) (*file.Store, error) {
	path, query, _ := strings.Cut(rest, "?")
	path, err := url.PathUnescape(path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") {
		return nil, errors.New("file URL: want file:///path/to/file?max=1GiB, with three slashes")
	}
	size, err := maxOf(query)
	if err != nil {
		return nil, fmt.Errorf("file URL: %w", err)
	}
	return file.Open(path, file.Config{MaxBytes: size})
}

func openMemcached(rest string) (*memcached.Store, error) {
	if rest == "" || strings.ContainsAny(rest, "/?@#") {
		return nil, errors.New("memcached URL: want memcached://host:port,host:port and nothing else; memcached has no users")
	}
	servers := strings.Split(rest, ",")
	for i, s := range servers {
		if s != "" && !strings.Contains(s, ":") {
			servers[i] = s + ":11211"
		}
	}
	return memcached.New(servers, memcached.Config{})
}

// maxOf returns the parameter max of a query in bytes, 0 if it is not there.
func maxOf(query string) (int64, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return 0, errors.New("the query cannot be read, want ?max=64MiB")
	}
	for name, v := range values {
		if name != "max" || len(v) > 1 {
			return 0, fmt.Errorf("parameter %q, want max, once", name)
		}
	}
	if !values.Has("max") {
		return 0, nil
	}
	return parseSize(values.Get("max"))
}

// parseSize reads a size like 64MiB.
func parseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "KMGiB")
	units := map[string]int64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
	unit, known := units[s[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n <= 0 || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("max is %q, want a size like 64MiB or 1GiB", s)
	}
	return n * unit, nil
}
