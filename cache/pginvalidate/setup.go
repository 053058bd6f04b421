package pginvalidate

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Setup is what is to be invalidated, and where the triggers that tell of it
// keep their functions. Give the same to [Migration], [Verify] and [New].
type Setup struct {
	// Rules has one for each table.
	Rules []Rule
	// Schema holds the trigger functions, and is made if it is not there.
	// Default "hone". At most 30 of a-z, 0-9 and '_', a letter first.
	Schema string
	// Channel is where the triggers notify. Two applications on one database
	// take a schema and a channel each. Default "hone_invalidate". At most 40
	// of the same characters.
	Channel string
	// MaxTags is how many different tags one statement may invalidate one by
	// one: a statement with more invalidates Rule.All. Default 1000, which is
	// about three notifications; 1 to 100000. Not larger by default: the trigger
	// holds them in memory, and the store is told of each.
	MaxTags int
}

// A Rule says which tags a changed row of a table invalidates.
type Rule struct {
	// Table is a table with its schema, as SQL writes it: shop.products, or
	// shop."Odd name". Without a schema it is in public. Partitions and tables
	// that inherit from it belong to it.
	Table string
	// Tags are what a row invalidates when it is inserted, updated or deleted:
	// "product:{id}", with the row's values for the columns in braces, as
	// PostgreSQL casts them to text. An update invalidates the tags of the row
	// before and after. NULL is written as nothing. A column is written as in
	// SQL; "{{" and "}}" stand for braces. At least one.
	Tags []string
	// All is a tag that stands for the whole table: TRUNCATE, a statement with
	// more than Setup.MaxTags tags, or one with a tag that does not fit into a
	// notification (1500 bytes as JSON) invalidates it alone. Every entry that
	// carries one of Tags has to carry All too. Default "": then the whole
	// namespace is cleared.
	All string
	// Columns, if given, are those that matter: an update that changes neither
	// them nor a column in Tags or Key invalidates nothing. Needs Key.
	Columns []string
	// Key has the columns that tell rows apart, usually the primary key. Only
	// used with Columns: without it, two rows that exchange their values would
	// pass for unchanged.
	Key []string
}

const (
	defaultSchema  = "hone"
	defaultChannel = "hone_invalidate"
	defaultMaxTags = 1000

	maxSchema  = 30 // leaves room for "_invalidate_truncate" in PostgreSQL's 63
	maxChannel = 40 // leaves room for a session's own suffix
	// maxFixed bounds what is not a column's value, in bytes: what is longer is
	// a mistake, and a notification must be able to hold Rule.All.
	maxFixed = 500
)

func (s Setup) withDefaults() Setup {
	if s.Schema == "" {
		s.Schema = defaultSchema
	}
	if s.Channel == "" {
		s.Channel = defaultChannel
	}
	if s.MaxTags == 0 {
		s.MaxTags = defaultMaxTags
	}
	return s
}

// compile checks a Setup and returns its parts.
func (s Setup) compile() (*plan, error) {
	s = s.withDefaults()
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("pginvalidate: Setup."+format, args...))
	}
	if !plainName(s.Schema, maxSchema) {
		wrong("Schema is %q, want at most %d of a-z, 0-9 and _, a letter first", s.Schema, maxSchema)
	}
	if !plainName(s.Channel, maxChannel) {
		wrong("Channel is %q, want at most %d of a-z, 0-9 and _, a letter first", s.Channel, maxChannel)
	}
	if s.MaxTags < 1 || s.MaxTags > 100_000 {
		wrong("MaxTags is %d, want 1 to 100000", s.MaxTags)
	}
	if len(s.Rules) == 0 {
		wrong("Rules is empty, want at least one")
	}
	p := &plan{schema: s.Schema, channel: s.Channel, maxTags: s.MaxTags}
	seen := make(map[string]bool)
	for i, r := range s.Rules {
		c, err := r.compile()
		if err != nil {
			wrong("Rules[%d]: %w", i, err)
			continue
		}
		if seen[c.table] {
			wrong("Rules[%d].Table is %s once more, want one rule for each table", i, c.table)
		}
		seen[c.table] = true
		p.rules = append(p.rules, c)
	}
	return p, errors.Join(errs...)
}

// A plan is a checked Setup.
type plan struct {
	schema, channel string
	maxTags         int
	rules           []rule
}

// whole returns the tags that stand for all rules' tables, or nil if a rule
// has none and everything is to be cleared.
func (p *plan) whole() []string {
	var tags []string
	for _, r := range p.rules {
		if r.all == "" {
			return nil
		}
		tags = append(tags, r.all)
	}
	return tags
}

// A rule is a checked Rule. Names are quoted.
type rule struct {
	table    string   // "shop"."products"
	function string   // without schema
	columns  []string // those that are read, each once
	tags     []tagTemplate
	all      string
	selects  bool // only updates that change columns matter
}

func (r Rule) compile() (rule, error) {
	var errs []error
	wrong := func(field string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", field, err))
		}
	}
	c := rule{all: r.All, selects: len(r.Columns) > 0}
	names, err := parseName(r.Table)
	switch {
	case err == nil && len(names) > 2:
		err = fmt.Errorf("%q has %d parts, want schema.table", r.Table, len(names))
	case err == nil && len(names) == 1:
		names = []string{"public", names[0]}
	}
	if wrong("Table", err); err == nil {
		c.table = quoteName(names[0]) + "." + quoteName(names[1])
		c.function = functionName(names[0], names[1])
	}
	if len(r.Tags) == 0 {
		errs = append(errs, errors.New("the list Tags is empty, want at least one"))
	}
	for i, text := range r.Tags {
		t, err := parseTemplate(text)
		wrong(fmt.Sprintf("Tags[%d]", i), err)
		c.tags = append(c.tags, t)
		for _, part := range t {
			if part.column != "" {
				c.read(part.column)
			}
		}
	}
	wrong("All", checkText(r.All))
	for _, field := range []struct {
		name    string
		columns []string
	}{{"Columns", r.Columns}, {"Key", r.Key}} {
		for _, text := range field.columns {
			column, err := parseColumn(text)
			wrong(field.name, err)
			c.read(column)
		}
	}
	if (len(r.Columns) > 0) != (len(r.Key) > 0) {
		errs = append(errs, errors.New("only one of Columns and Key is given, want both or none"))
	}
	return c, errors.Join(errs...)
}

// read has the trigger read a column.
func (c *rule) read(column string) {
	if c.index(column) < 0 {
		c.columns = append(c.columns, column)
	}
}

// index returns a column's place, or -1.
func (c *rule) index(column string) int {
	for i, known := range c.columns {
		if known == column {
			return i
		}
	}
	return -1
}

// checkText refuses what a notification cannot carry.
func checkText(s string) error {
	switch {
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return fmt.Errorf("%q is not UTF-8 text without NUL", s)
	case len(s) > maxFixed:
		return fmt.Errorf("%.20q… has %d bytes, want at most %d", s, len(s), maxFixed)
	}
	return nil
}
