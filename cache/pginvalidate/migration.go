package pginvalidate

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
)

const (
	// maxTag is the longest tag, in bytes of JSON, that a notification carries
	// beside others.
	maxTag = 1500
	// chunk is how many bytes of tags go into one of several notifications. A
	// tag may reach over it, and 7500 bytes and the stamp fit into PostgreSQL's
	// 7999.
	chunk   = 6000
	maxList = chunk + maxTag
)

//go:embed body.sql
var bodySQL string

//go:embed function.sql
var functionSQL string

//go:embed triggers.sql
var triggersSQL string

//go:embed drop.sql
var dropSQL string

var texts = template.Must(template.New("").Funcs(template.FuncMap{"text": quoteText}).Parse(
	`{{define "body"}}` + bodySQL + `{{end}}{{define "function"}}` + functionSQL + `{{end}}` +
		`{{define "triggers"}}` + triggersSQL + `{{end}}{{define "drop"}}` + dropSQL + `{{end}}`))

// Migration returns the SQL that puts a Setup's triggers into a database, to be
// applied by whoever owns the tables, with psql or a migration tool. It can be
// applied again and over another version of the Setup; rules that are gone
// lose their triggers. At no point between two of its statements is a change
// of a table missed that had its triggers before. Each table is locked against
// writes for a moment (SHARE ROW EXCLUSIVE and, to replace a trigger, ACCESS
// EXCLUSIVE): set lock_timeout where long transactions are about.
//
// Apply it again when a table gets a partition, or an heir: until then, what is
// written to that one by its own name is not seen. PostgreSQL 12 or newer.
//
// The error names everything that is wrong with the Setup.
func Migration(s Setup) (sql string, err error) {
	p, err := s.compile()
	if err != nil {
		return "", err
	}
	return p.migration(), nil
}

// Rollback returns the SQL that removes the triggers and functions of a Setup,
// whatever its rules. The schema stays: others may use it.
func Rollback(s Setup) (sql string, err error) {
	p, err := s.compile()
	if err != nil {
		return "", err
	}
	return p.drop(nil), nil
}

func (p *plan) migration() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE SCHEMA IF NOT EXISTS %s;\n", p.schema)
	var functions []string
	for _, r := range p.rules {
		fmt.Fprintf(&b, "\n-- %s\n%s%s", oneLine(r.table), p.functionOf(r), p.triggersOf(r))
		functions = append(functions, r.function)
	}
	return b.String() + "\n" + p.drop(functions)
}

// body returns the source of a rule's function.
func (p *plan) body(r rule) string {
	columns, tags := []string{"''::pg_catalog.text AS c"}, []string{}
	for i, c := range r.columns {
		// As text in "C": every type has it, and nothing that differs is equal.
		columns = append(columns, fmt.Sprintf(`x.%s::pg_catalog.text COLLATE pg_catalog."C" AS c%d`, c, i))
	}
	for _, t := range r.tags {
		tags = append(tags, "("+t.expression(func(c string) string { return fmt.Sprint("r.c", r.index(c)) })+")")
	}
	return render("body", map[string]any{
		"Columns": strings.Join(columns, ", "), "Tags": strings.Join(tags, ", "), "Selects": r.selects,
		"Whole": quoteText(r.whole()), "Channel": p.channel,
		"MaxTags": p.maxTags, "MaxList": maxList, "MaxTag": maxTag, "Chunk": chunk,
	})
}

// whole returns the rest of the payload, after the stamp, that invalidates the
// whole table.
func (r rule) whole() string {
	if r.all == "" {
		return `,"clear":true}`
	}
	tags, _ := json.Marshal([]string{r.all}) // text always can be
	return `,"tags":` + string(tags) + "}"
}

func (p *plan) functionOf(r rule) string {
	return render("function", map[string]any{
		"Schema": p.schema, "Function": r.function, "Body": quoteDollar(p.body(r)),
	})
}

func (p *plan) triggersOf(r rule) string {
	body := render("triggers", map[string]any{
		"Table": quoteText(r.table), "Columns": strings.Join(r.columns, ", "), "From": r.table,
		"Prefix": p.schema + "_" + functionPrefix, "Function": p.schema + "." + r.function,
	})
	return "DO " + quoteDollar(body) + ";\n"
}

// drop returns the statement that drops all of our functions, with their
// triggers, but the given ones.
func (p *plan) drop(but []string) string {
	body := render("drop", map[string]any{"Schema": p.schema, "Prefix": functionPrefix, "Keep": strings.Join(but, ",")})
	return "DO " + quoteDollar(body) + ";\n"
}

func render(name string, data any) string {
	var b strings.Builder
	if err := texts.ExecuteTemplate(&b, name, data); err != nil {
		panic(err) // the templates and the data are our own
	}
	return b.String()
}

// quoteDollar returns body as a literal between tags that are not in it.
func quoteDollar(body string) string {
	tag := "$hone$"
	for i := 1; strings.Contains(body, tag); i++ {
		tag = fmt.Sprintf("$hone%d$", i)
	}
	return tag + body + tag
}

// oneLine keeps a name from ending a comment.
func oneLine(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }
