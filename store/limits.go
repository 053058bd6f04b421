package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memory"
	"github.com/hone-go/hone/store/mongo"
	"github.com/hone-go/hone/store/redis"
)

// allowedLimits is what a bad URL for limits is answered with.
const allowedLimits = "memory://, memory://?max=64MiB, redis://host:port/0, rediss://, unix://, redis+sentinel://, redis+cluster://, " +
	"memcached://host:port,host:port, mongodb://host:port/database or mongodb+srv://host/database"

// OpenLimits opens the store of limits that rawURL names:
//
//	memory://?max=64MiB             in this process; see [memory.Limits]
//	redis://…, rediss://…, unix://…, redis+sentinel://…, redis+cluster://…
//	                                Redis; [redis.Open] says what follows
//	memcached://h1:11211,h2:11211   memcached; see [memcached.Limits]
//	mongodb://…, mongodb+srv://…    MongoDB; see [mongo.Limits]
//
// What a store cannot do, and what it then does, its type says. A server need
// not be there yet. An error says what is wrong with the URL and never shows
// its password. The caller calls closeStore, which is never nil, in the end.
func OpenLimits(ctx context.Context, rawURL string) (limits ratelimit.Store, closeStore func() error, err error) {
	limits, closeStore, err = openLimits(ctx, rawURL)
	if err != nil {
		return nil, func() error { return nil }, fmt.Errorf("store: %w", err)
	}
	return limits, closeStore, nil
}

func openLimits(ctx context.Context, rawURL string) (ratelimit.Store, func() error, error) {
	scheme, rest, ok := strings.Cut(rawURL, "://")
	if !ok {
		return nil, nil, errors.New("the URL has no scheme: want " + allowedLimits)
	}
	switch scheme {
	case "redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster":
		s, err := redis.Open(ctx, rawURL, redis.Config{})
		if err != nil {
			return nil, nil, err
		}
		return s.Limits(), s.Close, nil
	case "memcached":
		s, err := openMemcached(rest)
		if err != nil {
			return nil, nil, err
		}
		return s.Limits(), s.Close, nil
	case "mongodb", "mongodb+srv":
		l, err := mongo.Open(rawURL, mongo.Config{})
		if err != nil {
			return nil, nil, err
		}
		return l, l.Close, nil
	case "memory":
		size, err := memorySize(rest)
		if err != nil {
			return nil, nil, err
		}
		l, err := memory.NewLimits(memory.LimitsConfig{MaxBytes: size})
		return l, func() error { return nil }, err
	case "file", "null":
		return nil, nil, fmt.Errorf("%s:// keeps caches, not limits: want %s", scheme, allowedLimits)
	}
	return nil, nil, fmt.Errorf("unknown scheme %q: want %s", scheme, allowedLimits)
}
