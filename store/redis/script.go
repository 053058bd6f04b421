package redis

import (
	"context"
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
)

//go:embed scripts/common.lua
var commonLua string

//go:embed scripts/clock.lua
var clockLua string

var (
	//go:embed scripts/set.lua
	setLua string
	//go:embed scripts/add.lua
	addLua string
	//go:embed scripts/delete.lua
	deleteLua string
	//go:embed scripts/increment.lua
	incrementLua string
	//go:embed scripts/touch.lua
	touchLua string
	//go:embed scripts/life.lua
	lifeLua string
	//go:embed scripts/claim.lua
	claimLua string
	//go:embed scripts/extend.lua
	extendLua string
	//go:embed scripts/fill.lua
	fillLua string
	//go:embed scripts/release.lua
	releaseLua string
	//go:embed scripts/generations.lua
	generationsLua string
	//go:embed scripts/invalidate.lua
	invalidateLua string
)

var (
	setScript         = newScript(commonLua, setLua)
	addScript         = newScript(commonLua, addLua)
	deleteScript      = newScript(commonLua, deleteLua)
	incrementScript   = newScript(commonLua, incrementLua)
	touchScript       = newScript(commonLua, touchLua)
	lifeScript        = newScript(commonLua, lifeLua)
	claimScript       = newScript(commonLua, claimLua)
	extendScript      = newScript(commonLua, extendLua)
	fillScript        = newScript(commonLua, fillLua)
	releaseScript     = newScript(commonLua, releaseLua)
	generationsScript = newScript(clockLua, generationsLua)
	invalidateScript  = newScript(clockLua, invalidateLua)
)

// A script runs in the server, atomically.
type script struct{ source, sha1 string }

func newScript(parts ...string) *script {
	s := new(script)
	for _, p := range parts {
		s.source += p
	}
	sum := sha1.Sum([]byte(s.source)) // the name that Redis gives it, not a secret
	s.sha1 = hex.EncodeToString(sum[:])
	return s
}

func (s *script) command(b rueidis.Builder, call scriptCall, source bool) rueidis.Completed {
	n := int64(len(call.keys))
	if source {
		return b.Eval().Script(s.source).Numkeys(n).Key(call.keys...).Arg(call.args...).Build()
	}
	return b.Evalsha().Sha1(s.sha1).Numkeys(n).Key(call.keys...).Arg(call.args...).Build()
}

// A scriptCall is what one run of a script gets. Its keys are in one slot.
type scriptCall struct{ keys, args []string }

// onKey is the call on a key and its refresh lease.
func onKey(key string, args ...string) scriptCall {
	return scriptCall{keys: []string{key, refreshKey(key)}, args: args}
}

func keyCalls(keys []string, args ...string) []scriptCall {
	calls := make([]scriptCall, len(keys))
	for i, k := range keys {
		calls[i] = onKey(k, args...)
	}
	return calls
}

// refreshKey is where the lease for the refresh of a key's value is: in the
// key's slot, since keys have no braces.
func refreshKey(key string) string {
	var b strings.Builder
	b.Grow(len(key) + 4)
	b.WriteByte('{')
	b.WriteString(key)
	b.WriteString("}:r")
	return b.String()
}

// runOne runs a script once, in one round trip, and in two if the server does
// not know it yet.
func (s *Store) runOne(ctx context.Context, sc *script, call scriptCall) (rueidis.RedisResult, error) {
	r, err := s.runForm(ctx, sc, call, false)
	if err == nil && isNoScript(r) {
		return s.runForm(ctx, sc, call, true)
	}
	return r, err
}

// runForm sends a script by its name, or its source.
func (s *Store) runForm(ctx context.Context, sc *script, call scriptCall, source bool) (rueidis.RedisResult, error) {
	client, err := s.conn.enter(ctx) // not conn.do: its closure costs an allocation for each call
	if err != nil {
		return rueidis.RedisResult{}, err
	}
	r := client.Do(ctx, sc.command(client.B(), call, source))
	s.conn.leave(r.NonRedisError())
	return r, nil
}

// isNoScript reports whether the server does not know a script: nothing was
// run.
func isNoScript(r rueidis.RedisResult) bool {
	e, ok := rueidis.IsRedisErr(r.Error())
	return ok && e.IsNoScript()
}

// run runs a script for each call, all in one round trip to each node, and in
// two where a node does not know the script yet. The error is that of all.
func (s *Store) run(ctx context.Context, sc *script, calls []scriptCall) ([]rueidis.RedisResult, error) {
	cmds := make([]rueidis.Completed, len(calls))
	results, err := s.conn.doMulti(ctx, func(b rueidis.Builder) []rueidis.Completed {
		for i, c := range calls {
			cmds[i] = sc.command(b, c, false)
		}
		return cmds
	})
	if err != nil {
		return nil, err
	}
	var unknown []int
	for i, r := range results {
		if isNoScript(r) {
			unknown = append(unknown, i)
		}
	}
	if len(unknown) == 0 {
		return results, nil
	}
	again, err := s.conn.doMulti(ctx, func(b rueidis.Builder) []rueidis.Completed {
		cmds := make([]rueidis.Completed, len(unknown))
		for i, at := range unknown {
			cmds[i] = sc.command(b, calls[at], true)
		}
		return cmds
	})
	if err != nil {
		return nil, err
	}
	for i, at := range unknown {
		results[at] = again[i]
	}
	return results, nil
}

// runSum runs a script that returns numbers, and returns their sum.
func (s *Store) runSum(ctx context.Context, op string, sc *script, calls []scriptCall) (int, error) {
	results, err := s.run(ctx, sc, calls)
	if err != nil {
		return 0, unavailable(op, err)
	}
	return sum(op, calls, results)
}

// sum adds what the calls of a script have returned, and returns the first
// error beside it.
func sum(op string, calls []scriptCall, results []rueidis.RedisResult) (int, error) {
	var failed firstError
	total := 0
	for i, r := range results {
		n, err := r.AsInt64()
		if err != nil {
			failed.note(failure(op, calls[i].keys[0], err))
			continue
		}
		total += int(n)
	}
	return total, failed.err
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
