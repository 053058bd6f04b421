package sqltrace

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sqllexer "github.com/DataDog/go-sqllexer"

	"github.com/hone-go/hone/internal/sqlscan"
)

// maxLexed is how many bytes of a statement are looked at: the first 16 kB.
// Not smaller: real statements reach some kB. Not larger: what follows is the
// rows of a bulk insert, and a fingerprint of 16 kB takes 0.5 ms already.
const maxLexed = 16 << 10

// fingerprint is what all statements that differ only in values share, and
// what has been spent on them in this process.
type fingerprint struct {
	text    string // normalised: no comments, no literals, lists collapsed
	sample  string // the first text seen: no comments, literals replaced
	name    string // sqlc's name for it
	kind    Kind
	tables  []string
	params  []string // names of named placeholders, in order of appearance
	dialect Dialect
	lookup  bool // reads the application's tables: may be an N+1
	loops   bool // or changes rows: a loop of either is a mistake

	watched                    atomic.Int32          // executions to come whose call site a finding wants, also when it is sent once
	home                       atomic.Pointer[place] // of the first execution in a request; without a site if it had none
	took                       durations
	shape                      atomic.Pointer[knownShape] // the one asked for last
	count, errors, rows, nanos atomic.Int64
	before                     atomic.Int64 // nanos at the last Reset
	lost                       lostStatements
}

// add records one execution.
func (f *fingerprint) add(elapsed time.Duration, rows int64, failed bool) {
	f.count.Add(1)
	f.nanos.Add(int64(elapsed))
	f.took.add(elapsed)
	if rows > 0 {
		f.rows.Add(rows)
	}
	if failed {
		f.errors.Add(1)
	}
}

// settle notes the place of the first execution.
func (f *fingerprint) settle(where *place) {
	if f.home.Load() != nil {
		return
	}
	if where == nil {
		where = new(place)
	}
	f.home.CompareAndSwap(nil, where)
}

// watchFor is for how many executions a statement is looked at from the first
// in a request on, after one that was a mistake. Not smaller: what one in
// hundreds of requests does should be caught. Not larger: it costs each of them
// as much as two or three statements, and one outlier is enough to begin it.
const watchFor = 1000

// takeWatch reports whether the statement is watched, for one execution.
func (f *fingerprint) takeWatch() bool {
	return f.watched.Load() > 0 && f.watched.Add(-1) >= 0
}

// param returns the position of a named argument, or i if no placeholder has
// its name.
func (f *fingerprint) param(name string, i int) int {
	for j, p := range f.params {
		if p == name {
			return j
		}
	}
	return i
}

// fingerprints maps statement texts to fingerprints. Reads take no lock.
type fingerprints struct {
	seeds [2]maphash.Seed
	limit int
	turn  atomic.Uint32
	cache [cacheBuckets][cacheWays]atomic.Pointer[cachedText]

	mu struct {
		sync.Mutex
		byText map[fingerprintKey]*fingerprint
		other  *fingerprint
	}
}

// The cache holds 4096 texts in 0.3 MB. Not smaller: statements with lists of
// varying length come in some hundreds of texts each. Not larger: when the
// values are written into the texts no size is enough, and a miss costs about
// as much as normalising, some 10 µs.
const (
	cacheBuckets = 1 << 10
	cacheWays    = 4
)

// cachedText stands for one exact text. It holds 128 bits of hash under random
// seeds instead of the text, so that a text of any size costs the same memory
// and no value is kept; two texts are mistaken for each other with probability
// 2⁻¹²⁸.
type cachedText struct {
	hash     [2]uint64
	dialect  Dialect
	batch    bool
	fp       *fingerprint
	literals uint64 // hash of the values written into the text; 0 if none
}

type fingerprintKey struct {
	text    string
	dialect Dialect
}

func newFingerprints(limit int) *fingerprints {
	f := &fingerprints{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, limit: limit}
	f.mu.byText = make(map[fingerprintKey]*fingerprint)
	f.mu.other = &fingerprint{text: "other", kind: KindOther}
	return f
}

// find returns what is known of sql. batch says that sql opens a pipeline of
// statements and stands for all of it.
func (f *fingerprints) find(sql string, d Dialect, batch bool) *cachedText {
	h := [2]uint64{maphash.String(f.seeds[0], sql), maphash.String(f.seeds[1], sql)}
	bucket := &f.cache[h[0]%cacheBuckets]
	for i := range bucket {
		if t := bucket[i].Load(); t != nil && t.hash == h && t.dialect == d && t.batch == batch {
			return t
		}
	}
	t := f.learn(sql, d, batch)
	t.hash = h
	for i := range bucket {
		if bucket[i].CompareAndSwap(nil, t) {
			return t
		}
	}
	bucket[f.turn.Add(1)%cacheWays].Store(t)
	return t
}

// learn makes the entry of a text not seen before, or no longer remembered.
func (f *fingerprints) learn(sql string, d Dialect, batch bool) *cachedText {
	sql = strings.Clone(sql[:min(len(sql), maxLexed)]) // some libraries reuse the bytes behind their strings
	all := sqlscan.Scan(sql, sqlscan.Dialect(d))
	made := &fingerprint{dialect: d, name: queryName(all)}
	made.text, made.tables = normalize(sql, d)
	made.kind, made.lookup = classify(all, made.tables)
	made.loops = made.lookup || made.kind.writes()
	if batch {
		made.loops = false
		made.kind, made.lookup, made.text = KindBatch, false, "batch: "+made.text
	}
	t := &cachedText{dialect: d, batch: batch, literals: f.hashLiterals(all)}

	f.mu.Lock()
	defer f.mu.Unlock()
	key := fingerprintKey{made.text, d}
	if known, ok := f.mu.byText[key]; ok {
		t.fp = known
		return t
	}
	if len(f.mu.byText) >= f.limit && made.kind != KindTransaction {
		t.fp = f.mu.other
		return t
	}
	made.sample = redact(sql, all)
	made.params = paramNames(all)
	f.mu.byText[key] = made
	t.fp = made
	return t
}

// all returns the fingerprints that have been executed, in no order.
func (f *fingerprints) all() []*fingerprint {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]*fingerprint, 0, len(f.mu.byText)+1)
	for _, fp := range f.mu.byText {
		if fp.count.Load() > 0 {
			list = append(list, fp)
		}
	}
	if f.mu.other.count.Load() > 0 {
		list = append(list, f.mu.other)
	}
	return list
}

func (f *fingerprints) hashLiterals(tokens []sqlscan.Token) uint64 {
	var h uint64
	for _, k := range tokens {
		if k.IsLiteral() {
			h = mix(h, maphash.String(f.seeds[0], k.Text))
		}
	}
	return h
}

// mix adds x to the ordered hash h. The multiplier is 2⁶⁴ divided by the golden
// ratio; x is already well spread.
func mix(h, x uint64) uint64 {
	h = (h ^ x) * 0x9e3779b97f4a7c15
	return h ^ h>>32
}

// normalize returns the text that statements differing only in values share,
// and the tables it names.
func normalize(sql string, d Dialect) (text string, tables []string) {
	obfuscator := sqllexer.NewObfuscator(
		sqllexer.WithReplacePositionalParameter(true), // so that IN ($1, $2) collapses
		sqllexer.WithReplaceBindParameter(true),
	)
	normalizer := sqllexer.NewNormalizer(
		sqllexer.WithCollectTables(true),
		sqllexer.WithKeepSQLAlias(true),
		sqllexer.WithKeepIdentifierQuotation(true),
		sqllexer.WithRemoveSpaceBetweenParentheses(true),
		sqllexer.WithUppercaseKeywords(true),
	)
	if d != MySQL {
		sql = requote(sql, d)
	}
	text, meta, err := sqllexer.ObfuscateAndNormalize(sql, obfuscator, normalizer, sqllexer.WithDBMS(lexerDBMS(d)))
	if err != nil || text == "" {
		return redact(sql, sqlscan.Scan(sql, sqlscan.Dialect(d))), nil
	}
	return collapseRows(text), meta.Tables
}

// lexerDBMS is the lexer's name for d. SQLite has none; Oracle's rules for
// strings and :name are its own.
func lexerDBMS(d Dialect) sqllexer.DBMSType {
	switch d {
	case Postgres:
		return sqllexer.DBMSPostgres
	case MySQL:
		return sqllexer.DBMSMySQL
	case SQLServer:
		return sqllexer.DBMSSQLServer
	case SQLite:
		return sqllexer.DBMSOracle
	}
	return ""
}

// collapseRows leaves one row of VALUES (?), (?), …, and drops a last row that
// was cut off.
func collapseRows(text string) string {
	const values = "VALUES "
	i := strings.Index(text, values)
	if i < 0 {
		return text
	}
	i += len(values)
	n := groupLen(text[i:])
	if n == 0 {
		return text
	}
	row, rest := text[i:i+n], text[i+n:]
	for {
		after, ok := strings.CutPrefix(rest, ", "+row)
		if !ok {
			break
		}
		rest = after
	}
	if strings.HasPrefix(rest, ",") && groupLen(strings.TrimLeft(rest, ", ")) == 0 {
		rest = ""
	}
	return text[:i] + row + rest
}

// groupLen returns the length of the parenthesis that text starts with, or 0.
func groupLen(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			if i == 0 {
				return 0
			}
			return i + 1
		}
	}
	return 0
}

// requote turns the back quotes around identifiers, which SQLite accepts and
// GORM and ent write, into the double quotes that the lexer knows.
func requote(sql string, d Dialect) string {
	if !strings.Contains(sql, "`") {
		return sql
	}
	var b strings.Builder
	end := 0
	for _, k := range sqlscan.Scan(sql, sqlscan.Dialect(d)) {
		if k.Kind == sqlscan.Quoted && k.Text[0] == '`' {
			b.WriteString(sql[end:k.Start])
			b.WriteString(`"` + strings.ReplaceAll(k.Unquoted(), `"`, `""`) + `"`)
			end = k.End()
		}
	}
	return b.String() + sql[end:]
}
