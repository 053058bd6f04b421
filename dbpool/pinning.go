package dbpool

import (
	"slices"

	"github.com/hone-go/hone/internal/sqlscan"
)

// Lint names what in sql the pooler cannot carry, and nothing where sessions
// are kept. See [Lint]; for an RDS Proxy it is what pins.
func (p Pooler) Lint(sql string) []Hazard {
	switch {
	case p.Mode == Pinning:
		return lintPinning(sql)
	case p.Mode.shared():
		return Lint(sql)
	}
	return nil
}

// pinned is what goes wrong with everything that pins.
const pinned = "the proxy keeps a server connection for this client alone until it disconnects, and shares it no more"

// What pins besides what [Lint] finds. From
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html
var (
	pinCursor   = Hazard{"cursor", pinned, "keyset pages"}
	pinDiscard  = Hazard{"DISCARD", pinned, "leave it out: the proxy shares only connections on which nothing was left behind"}
	pinPrepare  = Hazard{"PREPARE", pinned, "leave it out: pgx sends arguments apart from the text anyway"}
	pinSequence = Hazard{"sequence function", pinned, "leave the value to the column's default, and read it with INSERT … RETURNING id"}
	pinLarge    = Hazard{"statement over 16 kB", pinned, "values as arguments: = ANY($1), unnest($1::bigint[]), or COPY"}
)

// maxUnpinned is the length of text, in bytes, above which the proxy pins.
const maxUnpinned = 16 << 10

func lintPinning(sql string) []Hazard {
	var found []Hazard
	add := func(h Hazard) {
		same := func(o Hazard) bool { return o.Feature == h.Feature }
		if !slices.ContainsFunc(found, same) {
			found = append(found, h)
		}
	}
	for _, h := range Lint(sql) {
		h.Problem = pinned
		add(h)
	}
	tokens := sqlscan.Code(sql, sqlscan.Postgres)
	for i, t := range tokens {
		begins := i == 0 || tokens[i-1].Is(";")
		calls := t.IsName() && i+1 < len(tokens) && tokens[i+1].Is("(")
		name := t.Name(sqlscan.Postgres)
		switch {
		case begins && t.Is("declare"):
			add(pinCursor)
		case begins && t.Is("discard"):
			add(pinDiscard)
		case begins && t.Is("deallocate"):
			add(pinPrepare)
		case calls && (name == "nextval" || name == "setval"):
			add(pinSequence)
		}
	}
	if len(sql) > maxUnpinned {
		add(pinLarge)
	}
	return found
}
