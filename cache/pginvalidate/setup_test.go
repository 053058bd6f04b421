package pginvalidate_test

import (
	"strings"
	"testing"

	"github.com/hone-go/hone/cache/pginvalidate"
)

func TestMigrationRefusesBadSetups(t *testing.T) {
	good := pginvalidate.Rule{Table: "t", Tags: []string{"t:{id}"}}
	rule := func(change func(*pginvalidate.Rule)) pginvalidate.Setup {
		r := good
		change(&r)
		return pginvalidate.Setup{Rules: []pginvalidate.Rule{r}}
	}
	table := func(name string) pginvalidate.Setup {
		return rule(func(r *pginvalidate.Rule) { r.Table = name })
	}
	tag := func(tag string) pginvalidate.Setup {
		return rule(func(r *pginvalidate.Rule) { r.Tags = []string{tag} })
	}
	for _, tt := range []struct {
		name  string
		setup pginvalidate.Setup
		want  string
	}{
		{"no rules", pginvalidate.Setup{}, "Rules is empty"},
		{"schema", pginvalidate.Setup{Schema: `x"; DROP`, Rules: []pginvalidate.Rule{good}}, "Schema is"},
		{"long schema", pginvalidate.Setup{Schema: strings.Repeat("x", 31), Rules: []pginvalidate.Rule{good}}, "Schema is"},
		{"channel", pginvalidate.Setup{Channel: "a'b", Rules: []pginvalidate.Rule{good}}, "Channel is"},
		{"max tags", pginvalidate.Setup{MaxTags: -1, Rules: []pginvalidate.Rule{good}}, "MaxTags is -1"},
		{"twice", pginvalidate.Setup{Rules: []pginvalidate.Rule{good, {Table: `public."t"`, Tags: good.Tags}}}, "once more"},
		{"no table", table(""), "want a name"},
		{"injected table", table("t; DROP TABLE t"), "want a dot"},
		{"injected by a quote", table(`"t" ON x; DROP TABLE t; --"`), "want a dot"},
		{"open quote", table(`"t`), "not closed"},
		{"empty quote", table(`""`), "want a name"},
		{"three parts", table("a.b.c"), "3 parts"},
		{"digit", table("1t"), "begins with"},
		{"long name", table(strings.Repeat("x", 64)), "64 bytes"},
		{"NUL", table("\"a\x00b\""), "NUL"},
		{"invalid UTF-8", table("\"a\xffb\""), "UTF-8"},
		{"no tags", rule(func(r *pginvalidate.Rule) { r.Tags = nil }), "Tags is empty"},
		{"empty tag", tag(""), "is empty"},
		{"open brace", tag("t:{id"), "want '}'"},
		{"closing brace", tag("t:id}"), "stands alone"},
		{"no column", tag("t:{}"), "want a name"},
		{"expression", tag("t:{id)::text}"), "want '}'"},
		{"long tag", tag(strings.Repeat("x", 501)), "501 bytes"},
		{"NUL in All", rule(func(r *pginvalidate.Rule) { r.All = "\x00" }), "NUL"},
		{"columns without key", rule(func(r *pginvalidate.Rule) { r.Columns = []string{"a"} }), "only one of"},
		{"dotted column", rule(func(r *pginvalidate.Rule) { r.Columns, r.Key = []string{"a.b"}, []string{"id"} }), "has a dot"},
	} {
		sql, err := pginvalidate.Migration(tt.setup)
		if err == nil || sql != "" || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Migration = %.40q, %v, want an error with %q", tt.name, sql, err, tt.want)
		}
		if _, err := pginvalidate.Rollback(tt.setup); err == nil {
			t.Errorf("%s: Rollback took it", tt.name)
		}
	}
	_, err := pginvalidate.Migration(pginvalidate.Setup{Channel: "É", MaxTags: -1, Rules: []pginvalidate.Rule{{}}})
	for _, want := range []string{"Channel", "MaxTags", "Rules[0]", "Table", "Tags"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Migration of a Setup with many faults = %v, want it to name %s", err, want)
		}
	}
}

// FuzzMigration looks for a name or tag that is taken and ends a literal too
// early: what is between the dollar quotes must be all there is.
func FuzzMigration(f *testing.F) {
	f.Add("shop.products", "product:{id}", "products")
	f.Add(`"a""b"."$hone$"`, `$hone$ {"x'"} \'`, "$hone1$")
	f.Fuzz(func(t *testing.T, table, tag, whole string) {
		sql, err := pginvalidate.Migration(pginvalidate.Setup{Rules: []pginvalidate.Rule{{Table: table, Tags: []string{tag}, All: whole}}})
		if err != nil {
			return
		}
		rest, quotes := sql, 0
		for {
			_, after, found := strings.Cut(rest, "AS $hone")
			do := false
			if i := strings.Index(rest, "DO $hone"); i >= 0 && (!found || i < strings.Index(rest, "AS $hone")) {
				after, found, do = rest[i+len("DO $hone"):], true, true
			}
			if !found {
				break
			}
			number, body, _ := strings.Cut(after, "$")
			_, end, closed := strings.Cut(body, "$hone"+number+"$")
			if !closed || !strings.HasPrefix(end, ";\n") {
				t.Fatalf("Migration(%q, %q, %q): a body (DO: %v) ends at %.60q", table, tag, whole, do, end)
			}
			rest = end
			quotes++
		}
		if quotes != 3 || strings.Count(rest, "\n") != 1 {
			t.Errorf("Migration(%q, %q, %q) has %d bodies and ends in %q, want 3 and nothing more", table, tag, whole, quotes, rest)
		}
	})
}
