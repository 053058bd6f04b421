package explain

import (
	"cmp"
	"slices"
	"time"
)

// Kind is what an [Advice] is about.
type Kind string

// The kinds.
const (
	// KindIndex is an index that statements lack.
	KindIndex Kind = "index"
	// KindOrder is one that spares sorting all rows to return the first.
	KindOrder Kind = "order"
	// KindForeignKey is a foreign key without an index, by which statements
	// join. Where no plan gets cheaper, its gain is 0: it still makes each
	// delete in the other table read this one.
	KindForeignKey Kind = "foreign-key"
	// KindInvalid is an index whose building failed: it costs writes and
	// serves nothing.
	KindInvalid Kind = "invalid"
	// KindDuplicate is an index that another one makes superfluous.
	KindDuplicate Kind = "duplicate"
	// KindUnused is an index that no statement has used for a long time.
	KindUnused Kind = "unused"
)

// An Advice is one change to the indexes. Nothing has been done about it.
type Advice struct {
	Kind    Kind     `json:"kind"`
	Table   string   `json:"table"`
	Index   string   `json:"index"` // its name, made up if it is new
	Columns []Column `json:"columns,omitempty"`

	// SQL is the statement to run, without a semicolon; for a partitioned
	// table several, one a line, each to run by itself.
	SQL       string `json:"sql"`
	Migration string `json:"migration"` // the same for a migration file, with the way back

	// Before and After are what the most expensive of the statements costs, in
	// Unit, without the index and with it.
	Before float64 `json:"before,omitempty"`
	After  float64 `json:"after,omitempty"`
	Unit   string  `json:"unit,omitempty"`

	SizeBytes       int64   `json:"size_bytes,omitempty"`        // estimated for a new index; 0 is unknown
	WritesPerSecond float64 `json:"writes_per_second,omitempty"` // statements seen that write the table: each keeps the index too

	// Validated is whether the planner was seen to take the index. If not,
	// Unvalidated says why, and After and Gain are guesses.
	Validated   bool   `json:"validated"`
	Unvalidated string `json:"unvalidated,omitempty"`

	Evidence   []string      `json:"evidence"`
	Statements []Improvement `json:"statements,omitempty"` // most gain first

	// Gain is the sum of the statements' gains in Erlangs: the connections
	// that will be idle on average. For a statement run λ times a second, in
	// a mean time t seconds, it is λ × (t − t × after / before).
	Gain float64 `json:"gain"`
}

// An Improvement is a statement that an advice makes faster.
type Improvement struct {
	SQL    string        `json:"sql"` // without values
	Calls  int64         `json:"calls"`
	Mean   time.Duration `json:"mean_ns"`
	Before float64       `json:"before"`
	After  float64       `json:"after"`
	Gain   float64       `json:"gain"`
}

// A Skip is a statement that no advice is given on, and why.
type Skip struct {
	SQL   string `json:"sql"` // without values
	Calls int64  `json:"calls"`
	Why   string `json:"why"`
}

// A Report is what is known so far.
type Report struct {
	Advice    []Advice `json:"advice"`  // most gain first
	Skipped   []Skip   `json:"skipped"` // most calls first
	Explained int      `json:"explained"`
	Waiting   int      `json:"waiting"` // statements not explained yet
	Dropped   int64    `json:"dropped"` // executions for which there was no room
}

// Report returns what is known so far. It asks the database nothing.
func (a *Adviser) Report() Report {
	return a.reportAt(time.Now())
}

func (a *Adviser) reportAt(now time.Time) Report {
	a.mu.Lock()
	cat := a.mu.catalog
	a.mu.Unlock()

	s := a.samples
	s.mu.Lock()
	defer s.mu.Unlock()
	b := builder{seconds: max(now.Sub(s.started).Seconds(), 1e-9), writes: s.mu.writes}
	r := Report{Dropped: s.mu.dropped}
	joins := make(map[joint]*Improvement)
	for _, st := range s.sortedLocked() {
		for _, why := range st.reasons() {
			r.Skipped = append(r.Skipped, Skip{SQL: st.text, Calls: st.calls, Why: why})
		}
		switch {
		case st.explainedAt.IsZero():
			if st.sample != "" {
				r.Waiting++
			}
			continue
		case st.result.outcome != nil && !st.result.outcome.done(cat):
			b.add(st, st.result.outcome)
		}
		r.Explained++
		for _, j := range st.result.joined {
			if joins[j] == nil {
				joins[j] = &Improvement{SQL: st.text, Calls: st.calls, Mean: st.mean()}
			}
		}
	}
	if cat != nil {
		b.addKeys(cat, a.config.MinRows, joins)
		b.addSuperfluous(cat, a.config.MinStatistics)
	}
	r.Advice = b.finish()
	return r
}

// sortedLocked returns the statements, those with most calls first.
func (s *samples) sortedLocked() []*statement {
	list := make([]*statement, 0, len(s.mu.byFingerprint))
	for _, st := range s.mu.byFingerprint {
		list = append(list, st)
	}
	slices.SortFunc(list, func(a, b *statement) int {
		return cmp.Or(cmp.Compare(b.calls, a.calls), cmp.Compare(a.text, b.text))
	})
	return list
}

func (st *statement) mean() time.Duration { return st.elapsed / time.Duration(max(st.calls, 1)) }

// reasons says why no advice is given on the statement. Writes are no news.
func (st *statement) reasons() []string {
	switch {
	case st.verb == verbWrite:
		return nil
	case st.refusal != "":
		return []string{st.refusal}
	case st.unsampled != "" && st.explainedAt.IsZero():
		return []string{st.unsampled}
	}
	return st.result.skipped
}

// builder gathers the advice of a report.
type builder struct {
	seconds float64
	writes  map[string]int64
	list    []*proposal
}

type proposal struct {
	candidate
	advice Advice
}

// add adds what helps one statement, to the advice of another if one index
// serves both.
func (b *builder) add(st *statement, o *outcome) {
	imp := Improvement{SQL: st.text, Calls: st.calls, Mean: st.mean(), Before: o.before, After: o.after}
	if o.before > 0 && o.invalid == "" {
		imp.Gain = st.elapsed.Seconds() / b.seconds * (1 - o.after/o.before)
	}
	for _, p := range b.list {
		switch {
		case p.table != o.table && p.table.title() != o.table.title() || p.advice.Kind == KindInvalid || o.invalid != "":
			continue
		case o.servedBy(p.candidate):
		case p.servedBy(o.candidate):
			b.describe(p, o) // the wider one takes the place of the narrower
		default:
			continue
		}
		p.advice.Statements = append(p.advice.Statements, imp)
		if !slices.Contains(p.advice.Evidence, o.evidence) {
			p.advice.Evidence = append(p.advice.Evidence, o.evidence)
		}
		return
	}
	p := &proposal{advice: Advice{Evidence: []string{o.evidence}, Statements: []Improvement{imp}}}
	b.describe(p, o)
	b.list = append(b.list, p)
}

// describe fills in what an advice says of its index.
func (b *builder) describe(p *proposal, o *outcome) {
	p.candidate = o.candidate
	ad := &p.advice
	ad.Kind, ad.Table, ad.Index, ad.Columns = KindIndex, o.table.title(), o.name(), slices.Clone(o.columns)
	if o.equal == 0 && o.ordered > 0 {
		ad.Kind = KindOrder
	}
	ad.SQL, ad.Migration = o.statement(), o.migration()
	ad.Unit = o.table.unit()
	ad.SizeBytes, ad.WritesPerSecond = o.sizeBytes, float64(b.writes[o.table.name])/b.seconds
	ad.Validated, ad.Unvalidated = o.unvalidated == "", o.unvalidated
	if o.invalid != "" {
		ad.Kind, ad.Index = KindInvalid, o.invalid
		ad.SQL = "REINDEX INDEX CONCURRENTLY " + o.table.qualify(o.invalid)
		ad.Migration = "-- Outside a transaction: CONCURRENTLY refuses to run in one.\n-- up\n" + ad.SQL + ";\n-- down\n-- nothing: the index was there before\n"
	}
}

// finish ranks the advice.
func (b *builder) finish() []Advice {
	var list []Advice
	for _, p := range b.list {
		ad := p.advice
		slices.SortStableFunc(ad.Statements, func(x, y Improvement) int { return cmp.Compare(y.Gain, x.Gain) })
		for _, s := range ad.Statements {
			ad.Gain += s.Gain
			if s.Before > ad.Before {
				ad.Before, ad.After = s.Before, s.After
			}
		}
		list = append(list, ad)
	}
	slices.SortStableFunc(list, func(x, y Advice) int {
		return cmp.Or(cmp.Compare(y.Gain, x.Gain), cmp.Compare(x.Table, y.Table), cmp.Compare(x.SQL, y.SQL))
	})
	return list
}
