package redis

import (
	"context"

	"github.com/hone-go/hone/store/internal/check"
)

// tagsAtOnce is how many tags one run of a script looks up: the server does
// nothing else meanwhile, some 200 µs.
const tagsAtOnce = 1000

// tagsKey is where the generations of a namespace's tags are.
func tagsKey(namespace string) string { return "{" + namespace + "}:g" }

// Generations implements [cache.Store].
func (s *Store) Generations(ctx context.Context, namespace string, tags []string) (of []int64, now int64, err error) {
	if err := check.Key(namespace); err != nil {
		return nil, 0, err
	}
	keys := []string{tagsKey(namespace)}
	of = make([]int64, 0, len(tags))
	for {
		part := tags[:min(len(tags), tagsAtOnce)]
		tags = tags[len(part):]
		r, err := s.runOne(ctx, generationsScript, scriptCall{keys: keys, args: part})
		if err != nil {
			return nil, 0, unavailable("generations", err)
		}
		reply, err := r.AsIntSlice()
		if err != nil {
			return nil, 0, failure("generations", keys[0], err)
		}
		if len(reply) != len(part)+1 {
			return nil, 0, unavailable("generations", errReply)
		}
		if now == 0 { // the first: what is invalidated from then on is later
			now = reply[0]
		}
		of = append(of, reply[1:]...)
		if len(tags) == 0 {
			return of, now, nil
		}
	}
}

// Invalidate implements [cache.Store].
func (s *Store) Invalidate(ctx context.Context, namespace string, tags []string) (int64, error) {
	if err := check.Key(namespace); err != nil {
		return 0, err
	}
	key := tagsKey(namespace)
	args := append(make([]string, 0, len(tags)+1), decimal(int64(s.config.MaxTags)))
	r, err := s.runOne(ctx, invalidateScript, scriptCall{keys: []string{key}, args: append(args, tags...)})
	if err != nil {
		return 0, unavailable("invalidate", err)
	}
	now, err := r.AsInt64()
	if err != nil {
		return 0, failure("invalidate", key, err)
	}
	return now, nil
}
