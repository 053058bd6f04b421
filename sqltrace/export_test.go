package sqltrace

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/hone-go/hone/internal/callsite"
	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/internal/sqlscan"
)

// Rewrite is what rewriteLoop found, for tests.
type Rewrite struct {
	SQL, Key, Why string
	Notes         []string
	Lookup        bool
}

// RewriteLoop exports rewriteLoop to tests.
func RewriteLoop(sql string, d Dialect, varies uint64, keys int) Rewrite {
	r := rewriteLoop(sql, d, varies, keys)
	return Rewrite{SQL: r.sql, Key: r.key, Why: r.why, Notes: r.notes, Lookup: r.shape == shapeLookup}
}

// Fingerprint returns what a Tracer learns of sql.
func Fingerprint(sql string, d Dialect) (text, sample, name string, kind Kind, tables []string) {
	fp := newFingerprints(1).learn(sql, d, false).fp
	return fp.text, fp.sample, fp.name, fp.kind, fp.tables
}

// TokensOf returns the kinds and texts of the tokens of sql, and whether all of
// them are whole.
func TokensOf(sql string, d Dialect) (texts []string, whole bool) {
	whole = true
	for _, k := range sqlscan.Scan(sql, sqlscan.Dialect(d)) {
		whole = whole && k.Kind != sqlscan.Broken
		texts = append(texts, k.Text)
	}
	return texts, whole
}

// CachedTexts returns how many texts the cache of t holds.
func (t *Tracer) CachedTexts() int {
	n := 0
	for i := range t.texts.cache {
		for j := range t.texts.cache[i] {
			if t.texts.cache[i][j].Load() != nil {
				n++
			}
		}
	}
	return n
}

// Stacks returns how many stacks t has looked at.
func (t *Tracer) Stacks() int {
	t.sites.mu.RLock()
	defer t.sites.mu.RUnlock()
	return len(t.sites.mu.byStack)
}

// LockRequest locks what t keeps of a request, until unlock is called.
func (t *Tracer) LockRequest(l *ledger.Ledger) (unlock func()) {
	r := l.Part(t.state, newRequest).(*request)
	r.mu.Lock()
	return r.mu.Unlock
}

// WithMarker and Traced export the marker to tests.
func WithMarker(ctx context.Context) (context.Context, func() bool) {
	ctx, m := withMarker(ctx)
	return ctx, m.traced
}

// DistinctRatio returns the ratio that counting the hashes finds.
func DistinctRatio(hashes []uint64) float64 {
	var d distinct
	for _, h := range hashes {
		d.add(h)
	}
	return d.ratio()
}

// DialectOfPackage is the dialect that the import path of a driver tells.
var DialectOfPackage = dialectOfPackage

// LibraryFix returns the fix for an N+1 on the table, sent by the frames from
// the inside out, each a function and its file.
func LibraryFix(sql, table string, key any, frames ...[2]string) string {
	used := libraryUnknown
	for _, f := range frames {
		used = max(used, libraryOf(callsite.PackageOf(f[0]), f[1]))
	}
	hasher := state{seed: maphash.MakeSeed()}
	_, typ := hasher.hashValue(new(arguments), key)
	return fix(rewriteLoop(sql, Unknown, 1, 0), used, []string{table}, typ)
}

// SentByGORM reports whether the application asks GORM, given its frames and
// those further in.
func SentByGORM(frames []callsite.Frame) bool { return libraryBelow(frames) == libraryGORM }

// Quantile returns what durations finds, and its minimum.
func Quantile(q float64, list ...time.Duration) (upper, least time.Duration, n int64) {
	var d durations
	for _, t := range list {
		d.add(t)
	}
	upper, n = d.quantile(q)
	return upper, d.minimum(), n
}
