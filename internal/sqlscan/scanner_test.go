package sqlscan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/sqlscan"
)

const (
	auto = sqlscan.Unknown
	pg   = sqlscan.Postgres
	lite = sqlscan.SQLite
	my   = sqlscan.MySQL
	ms   = sqlscan.SQLServer
)

var dialects = []sqlscan.Dialect{auto, pg, lite, my, ms}

var kinds = map[sqlscan.Kind]string{
	sqlscan.Word: "word", sqlscan.Quoted: "quoted", sqlscan.String: "string", sqlscan.Number: "number",
	sqlscan.Param: "param", sqlscan.Symbol: "symbol", sqlscan.Comment: "comment", sqlscan.Broken: "broken",
}

// describe writes each token as kind‹text›.
func describe(tokens []sqlscan.Token) string {
	var list []string
	for _, k := range tokens {
		list = append(list, kinds[k.Kind]+"‹"+k.Text+"›")
	}
	return strings.Join(list, " ")
}

func TestScan(t *testing.T) {
	tests := []struct {
		name     string
		dialects []sqlscan.Dialect
		sql      string
		want     string
	}{
		{"nothing", dialects, "", ""},
		{"white space", dialects, " \t\n\v\f\r", ""},
		{"words", dialects, "SELECT a_1, é$x\tFROM\nt", "word‹SELECT› word‹a_1› symbol‹,› word‹é$x› word‹FROM› word‹t›"},
		{"other letters and signs", dialects, "a\x00b", "word‹a› symbol‹\x00› word‹b›"},

		{"strings", dialects, "'it''s' '' 'a\nb'", "string‹'it''s'› string‹''› string‹'a\nb'›"},
		{"backslash", []sqlscan.Dialect{auto, pg, lite, ms}, `'\' a`, `string‹'\'› word‹a›`},
		{"backslash of MySQL", []sqlscan.Dialect{my}, `'\'' a`, `string‹'\''› word‹a›`},
		{"escape string", []sqlscan.Dialect{auto, pg}, `E'\'' e'\\' a`, `string‹E'\''› string‹e'\\'› word‹a›`},
		{"no escape string", []sqlscan.Dialect{lite, ms}, `E'\' a`, `word‹E› string‹'\'› word‹a›`},
		{"a word that ends in E", dialects, `typE'x'`, `word‹typE› string‹'x'›`},
		{"other strings with a prefix", dialects, `N'x' X'1F'`, `word‹N› string‹'x'› word‹X› string‹'1F'›`},
		{"string or name", []sqlscan.Dialect{my}, `"a""b" "\""`, `string‹"a""b"› string‹"\""›`},

		{"dollar strings", []sqlscan.Dialect{auto, pg}, "$$a; $x$$ $x$ $$; $y$ $x$ $é_1$b$é_1$", "string‹$$a; $x$$› string‹$x$ $$; $y$ $x$› string‹$é_1$b$é_1$›"},
		{"dollar strings elsewhere", []sqlscan.Dialect{lite, my, ms}, "$x$ ; 1", "param‹$x› symbol‹$› symbol‹;› number‹1›"},
		{"dollar in a word", dialects, "a$x$ b$$", "word‹a$x$› word‹b$$›"},
		{"dollar after a number", []sqlscan.Dialect{auto, pg}, "1$$;$$ $1$$;$$", "number‹1› string‹$$;$$› param‹$1› string‹$$;$$›"},

		{"double quotes", []sqlscan.Dialect{auto, pg, lite, ms}, `"a""b"."c"`, `quoted‹"a""b"› symbol‹.› quoted‹"c"›`},
		{"back quotes", []sqlscan.Dialect{auto, lite, my, ms}, "`a``b;`", "quoted‹`a``b;`›"},
		{"back quotes are none", []sqlscan.Dialect{pg}, "`a;", "symbol‹`› word‹a› symbol‹;›"},
		{"brackets", []sqlscan.Dialect{lite, ms}, "[a;'b]", "quoted‹[a;'b]›"},
		{"brackets cannot be doubled", []sqlscan.Dialect{lite}, "[a]]", "quoted‹[a]› symbol‹]›"},
		{"brackets can be doubled", []sqlscan.Dialect{ms}, "[a]]b]", "quoted‹[a]]b]›"},
		{"brackets are an index", []sqlscan.Dialect{auto, pg, my}, "a[1]", "word‹a› symbol‹[› number‹1› symbol‹]›"},

		{"line comment", dialects, "1 -- ' ;\n2--", "number‹1› comment‹-- ' ;› number‹2› comment‹--›"},
		{"line comment before a return", []sqlscan.Dialect{pg}, "-- a\r;", "comment‹-- a› symbol‹;›"},
		{"line comment over a return", []sqlscan.Dialect{auto, lite, my, ms}, "-- a\r;\n", "comment‹-- a\r;›"},
		{"hash comment", []sqlscan.Dialect{my}, "a # ';\nb", "word‹a› comment‹# ';› word‹b›"},
		{"hash is none", []sqlscan.Dialect{auto, pg, lite, ms}, "a # b", "word‹a› symbol‹#› word‹b›"},
		{"block comment", dialects, "a/*'*/b/**/ /*/ ; */", "word‹a› comment‹/*'*/› word‹b› comment‹/**/› comment‹/*/ ; */›"},
		{"nested comment", []sqlscan.Dialect{pg, ms}, "/* /* */ ; */ 2", "comment‹/* /* */ ; */› number‹2›"},
		{"comment that does not nest", []sqlscan.Dialect{auto, lite, my}, "/* /* */ ; */", "comment‹/* /* */› symbol‹;› symbol‹*› symbol‹/›"},

		{"numbers", dialects, "1 1.5 .5 1. 1e5 1e-5 1.e+5 1_000 0x1F 2and", "number‹1› number‹1.5› number‹.5› number‹1.› number‹1e5› number‹1e-5› number‹1.e+5› number‹1_000› number‹0x1F› number‹2and›"},
		{"differences", dialects, "1-5 0x1e-5 2one-3", "number‹1› symbol‹-› number‹5› number‹0x1e› symbol‹-› number‹5› number‹2one› symbol‹-› number‹3›"},

		{"question marks", []sqlscan.Dialect{auto, lite, my, ms}, "?,?2 ?a", "param‹?› symbol‹,› param‹?2› param‹?› word‹a›"},
		{"question marks are operators", []sqlscan.Dialect{pg}, "a ? 'k'", "word‹a› symbol‹?› string‹'k'›"},
		{"dollars", dialects, "$1 $12 $name $", "param‹$1› param‹$12› param‹$name› symbol‹$›"},
		{"colons", []sqlscan.Dialect{auto, lite, my, ms}, "=:id,:1 (:a)", "symbol‹=› param‹:id› symbol‹,› param‹:1› symbol‹(› param‹:a› symbol‹)›"},
		{"slices and casts", []sqlscan.Dialect{auto, pg}, "a[1:n]::int a::b", "word‹a› symbol‹[› number‹1› symbol‹:› word‹n› symbol‹]› symbol‹::› word‹int› word‹a› symbol‹::› word‹b›"},
		{"a slice after an index", []sqlscan.Dialect{auto, my}, "a[b[1]:c]", "word‹a› symbol‹[› word‹b› symbol‹[› number‹1› symbol‹]› symbol‹:› word‹c› symbol‹]›"},
		{"no colons", []sqlscan.Dialect{pg}, "= :id", "symbol‹=› symbol‹:› word‹id›"},
		{"at signs", dialects, "=@p1 @id @@version", "symbol‹=› param‹@p1› param‹@id› symbol‹@@› word‹version›"},
		{"three at signs", dialects, "a@@@b", "word‹a› symbol‹@@› symbol‹@› word‹b›"},
		{"absolute value of a call", []sqlscan.Dialect{pg}, "@f (1) @-1", "symbol‹@› word‹f› symbol‹(› number‹1› symbol‹)› symbol‹@› symbol‹-› number‹1›"},
		{"columns of a table variable", []sqlscan.Dialect{ms}, "@t(a)", "param‹@t› symbol‹(› word‹a› symbol‹)›"},

		{"comparisons", dialects, "a>=1<=b<>c!=d==e<=>f", "word‹a› symbol‹>=› number‹1› symbol‹<=› word‹b› symbol‹<>› word‹c› symbol‹!=› word‹d› symbol‹==› word‹e› symbol‹<=>› word‹f›"},
		{"operators that contain one", dialects, "a<<b>>c<<=d>>=e=>f:=g", "word‹a› symbol‹<<› word‹b› symbol‹>>› word‹c› symbol‹<<=› word‹d› symbol‹>>=› word‹e› symbol‹=>› word‹f› symbol‹:=› word‹g›"},
		{"of JSON and arrays", []sqlscan.Dialect{auto, pg, lite, ms}, "a->>b->c#>>d @> e<@f||g", "word‹a› symbol‹->>› word‹b› symbol‹->› word‹c› symbol‹#>>› word‹d› symbol‹@>› word‹e› symbol‹<@› word‹f› symbol‹||› word‹g›"},
		{"a sign after a comparison", dialects, "a=-1", "word‹a› symbol‹=› symbol‹-› number‹1›"},
		{"punctuation", dialects, "(();,.", "symbol‹(› symbol‹(› symbol‹)› symbol‹;› symbol‹,› symbol‹.›"},

		{"a string never ends", dialects, "a 'b; ''", "word‹a› broken‹'b; ''›"},
		{"a name never ends", dialects, `"b;`, `broken‹"b;›`},
		{"a comment never ends", dialects, "/* ; /", "broken‹/* ; /›"},
		{"an inner comment ends", []sqlscan.Dialect{pg, ms}, "/* /* */ ;", "broken‹/* /* */ ;›"},
		{"a bracket never ends", []sqlscan.Dialect{lite, ms}, "[a;", "broken‹[a;›"},
		{"a dollar string never ends", []sqlscan.Dialect{auto, pg}, "$x$ ; $y$", "broken‹$x$ ; $y$›"},
		{"a backslash at the end", []sqlscan.Dialect{auto, pg}, `E'\`, `broken‹E'\›`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, d := range tt.dialects {
				if got := describe(sqlscan.Scan(tt.sql, d)); got != tt.want {
					t.Errorf("Scan(%q, %q) =\n%s\nwant\n%s", tt.sql, d, got, tt.want)
				}
			}
		})
	}
}

func TestCode(t *testing.T) {
	const sql = "-- why\nSELECT /* a */ 1 -- end"
	if got, want := describe(sqlscan.Code(sql, pg)), "word‹SELECT› number‹1›"; got != want {
		t.Errorf("Code(%q) = %s, want %s", sql, got, want)
	}
	if got, want := describe(sqlscan.Code("1 /* ;", pg)), "number‹1› broken‹/* ;›"; got != want {
		t.Errorf("Code of an open comment = %s, want %s", got, want)
	}
}

// FuzzScan: nothing is lost, nothing overlaps, and what never ends is Broken.
func FuzzScan(f *testing.F) {
	for _, sql := range []string{
		"SELECT a FROM t WHERE k = $1 ORDER BY b LIMIT 3;", "WITH x AS (SELECT $$a$$) SELECT count(*) FROM t WHERE (k = ?2) GROUP BY `b`",
		"SELECT DISTINCT 'it''s' || E'\\'' , \"a\".* FROM [t]]] WHERE $tag$x$tag$ = :k -- c", "/* /* */ */ x=@w -- \r ;", "SELECT 1e+ .5e-3 0x1e-5",
		"E'\\", "e'", "$", "$a$ $a$", "/*/*", "'", "\"", "[", "\x00", "é$1", "a[1:n]::int", "@f (", "@", ":", "# a", "<<=", "1$$", "\xff",
	} {
		for i := range dialects {
			f.Add(sql, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, sql string, dialect uint8) {
		d := dialects[int(dialect)%len(dialects)]
		tokens := sqlscan.Scan(sql, d)
		end, whole := 0, true
		for i, k := range tokens {
			if k.Text == "" || k.Start < end || k.End() > len(sql) || sql[k.Start:k.End()] != k.Text || kinds[k.Kind] == "" {
				t.Fatalf("Scan(%q, %q) has token %d = %+v after byte %d", sql, d, i, k, end)
			}
			if gap := sql[end:k.Start]; strings.Trim(gap, " \t\n\v\f\r") != "" {
				t.Fatalf("Scan(%q, %q) leaves out %q", sql, d, gap)
			}
			if k.Kind == sqlscan.Broken && k.End() != len(sql) {
				t.Errorf("Scan(%q, %q) goes on after the broken %q", sql, d, k.Text)
			}
			whole = whole && k.Kind != sqlscan.Broken
			end = k.End()
			if k.IsLiteral() && k.IsName() || !k.IsName() && k.Kind != sqlscan.String && k.Unquoted() != k.Text {
				t.Errorf("Scan(%q, %q) has %+v, unquoted %q", sql, d, k, k.Unquoted())
			}
			k.Unquoted() // for what panics
		}
		if rest := sql[end:]; strings.Trim(rest, " \t\n\v\f\r") != "" {
			t.Fatalf("Scan(%q, %q) leaves out %q", sql, d, rest)
		}
		more := sqlscan.Scan(sql+"\n;", d)
		if whole && (len(more) != len(tokens)+1 || !slices.Equal(more[:len(tokens)], tokens) || !more[len(tokens)].Is(";")) {
			t.Errorf("Scan(%q, %q) = %s, but with a semicolon it is %s", sql, d, describe(tokens), describe(more))
		}
	})
}

func BenchmarkScan(b *testing.B) {
	const sql = "SELECT o.id, o.placed_at, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.customer_id = $1 AND o.status IN ('open', 'paid') ORDER BY o.placed_at DESC LIMIT 20"
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n += len(sqlscan.Scan(sql, sqlscan.Postgres))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/token")
}
