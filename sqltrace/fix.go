package sqltrace

import (
	"fmt"
	"strings"
)

// fix writes the advice as text: words, SQL, and Go to adapt. The Go is a
// sketch over the reader's own types; three dots stand for what they decide.
func fix(r rewrite) string {
	if r.sql == "" {
		return "Collect the keys before the loop and ask for all of them in one statement, or let a JOIN bring these rows along with the first ones. " +
			"There is no rewritten SQL because " + r.why + "."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Collect the keys, ask for all of them at once, and group the rows by %s:\n\n", r.key)
	for line := range strings.Lines(r.sql) {
		b.WriteString("\t" + line)
	}
	b.WriteString("\n")
	for _, note := range r.notes {
		fmt.Fprintf(&b, "\nNote: %s.\n", note)
	}
	b.WriteString("\nIn Go:\n\n")
	b.WriteString(keysSketch)
	if r.many {
		b.WriteString(arraySketch)
	} else {
		b.WriteString(listSketch(r.sql))
	}
	b.WriteString(groupSketch)
	return b.String()
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
