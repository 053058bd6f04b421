package sqltrace

import (
	"fmt"
	"strings"
	"unicode"
)

// fix writes the advice for an N+1 as text: words, SQL, and Go to adapt. The Go
// is a sketch over the reader's own types; three dots stand for what they
// decide.
func fix(r rewrite, used library, tables []string, key valueType) string {
	var b strings.Builder
	if eager := eagerSketch(used, tables); eager != "" {
		b.WriteString("Let the query before the loop load these rows too:\n\n" + eager + "\nThe names are guessed from the table's. By hand:\n\n")
	}
	if r.sql == "" {
		b.WriteString("Collect the keys before the loop and ask for all of them in one statement, or let a JOIN bring these rows along with the first ones. " +
			"There is no rewritten SQL because " + r.why + ".")
		return b.String()
	}
	fmt.Fprintf(&b, "Collect the keys, ask for all of them at once, and group the rows by %s:\n\n", r.key)
	for line := range strings.Lines(r.sql) {
		b.WriteString("\t" + line)
	}
	b.WriteString("\n")
	for _, note := range r.notes {
		fmt.Fprintf(&b, "\nNote: %s.\n", note)
	}
	b.WriteString("\nIn Go:\n\n")
	b.WriteString(strings.ReplaceAll(keysSketch, "int64", key.goName()))
	b.WriteString(querySketch(r, used, key))
	b.WriteString(strings.ReplaceAll(groupSketch, "int64", key.goName()))
	return b.String()
}

// groupFix puts the fixes for all statements of one loop together.
func groupFix(group []GroupMember, fixes []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The loop sends %d statements in each round. Ask for the rows of each at once, before it:\n", len(group))
	for i, m := range group {
		fmt.Fprintf(&b, "\n%d. At %s:\n\n", i+1, m.Where)
		for line := range strings.Lines(m.SQL) {
			b.WriteString("\t" + line)
		}
		b.WriteString("\n\n" + fixes[i])
	}
	return b.String()
}

// eagerSketch is how an ORM loads the rows of a table with those they belong
// to, or "" if used is none.
func eagerSketch(used library, tables []string) string {
	name := "…"
	if len(tables) > 0 {
		name = exportedName(tables[0])
	}
	switch used {
	case libraryGORM:
		return "\tdb.WithContext(ctx).Preload(\"" + name + "\").Find(&items)\n"
	case libraryBun:
		return "\tdb.NewSelect().Model(&items).Relation(\"" + name + "\").Scan(ctx)\n"
	case libraryEnt:
		return "\titems, err := client.….Query().With" + name + "().All(ctx)\n"
	}
	return ""
}

// exportedName turns a table's name, as in "shop"."order_lines", into a Go
// name, as in OrderLines.
func exportedName(table string) string {
	table = table[strings.LastIndexByte(table, '.')+1:]
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(table, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	if b.Len() == 0 {
		return "…"
	}
	return b.String()
}

// querySketch sends the rewritten statement in the way of the library.
func querySketch(r rewrite, used library, key valueType) string {
	switch {
	case used == librarySQLC && r.many:
		return "\t// In the query file, annotated :many: … = " + sqlcArray(key) + "\n" +
			"\trows, err := queries.…(ctx, keys) // then a loop over the slice instead of rows.Next\n"
	case used == librarySQLC:
		return "\t// In the query file: … IN (sqlc.slice('keys')), annotated :many.\n" +
			"\trows, err := queries.…(ctx, keys) // then a loop over the slice instead of rows.Next\n"
	case used == librarySQLX && !r.many:
		return "\tif len(keys) == 0 {\n\t\treturn nil\n\t}\n" +
			"\t// query is the statement above with one placeholder, IN (?), for the slice.\n" +
			"\tquery, args, err := sqlx.In(query, keys)\n\tif err != nil {\n\t\treturn err\n\t}\n" +
			"\trows, err := db.QueryxContext(ctx, db.Rebind(query), args...)\n"
	case used == libraryPGX:
		return "\trows, err := pool.Query(ctx, query, keys) // pgx takes the slice as it is\n"
	case r.many:
		return arraySketch
	}
	return listSketch(r.sql)
}

// sqlcArray is the list of keys as sqlc wants it: with its type.
func sqlcArray(key valueType) string {
	array, note := key.array()
	switch {
	case array == "":
		return "ANY($1::…[]), the dots being the type of the key's column"
	case note != "":
		note = ", " + note
	}
	return "ANY($1::" + array + ")" + note
}

const keysSketch = `	keys := make([]int64, 0, len(items)) // …the type of the key
	for _, item := range items {
		keys = append(keys, item.ID)
	}
`

const arraySketch = `	// pgx takes the slice as it is; lib/pq wants pq.Array(keys).
	rows, err := db.QueryContext(ctx, query, keys)
`

// listSketch writes the list of placeholders to fit the keys. It must not be
// asked for none: IN () is an error in most databases.
func listSketch(sql string) string {
	const list = "(?, ?, …)"
	query := "\tquery := … // with one placeholder for each key\n"
	if before, after, ok := strings.Cut(sql, list); ok && !strings.Contains(sql, "`") {
		query = "\tquery := `" + before + "(?` + strings.Repeat(\", ?\", len(keys)-1) + `)" + after + "`\n"
	}
	return `	if len(keys) == 0 {
		return nil
	}
` + query + `	args := make([]any, len(keys))
	for i, key := range keys {
		args[i] = key
	}
	rows, err := db.QueryContext(ctx, query, args...)
`
}

const groupSketch = `	if err != nil {
		return err
	}
	defer rows.Close()
	byKey := make(map[int64][]Row, len(keys))
	for rows.Next() {
		var row Row
		var key int64
		if err := rows.Scan(…, &key); err != nil { // …in the columns' order
			return err
		}
		byKey[key] = append(byKey[key], row)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, item := range items {
		…byKey[item.ID]
	}
`
