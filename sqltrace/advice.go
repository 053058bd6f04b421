package sqltrace

import (
	"cmp"
	"fmt"
)

// advice says what to do about a finding other than an N+1. f is complete but
// for the Fix.
func advice(f *Finding, key findingKey, o *occurrence, used library) string {
	switch f.Rule {
	case RuleDuplicate:
		return "Ask once and keep the answer: move the statement out of the loop, or hand its result on. " +
			"If the calls are far apart, keep it for the length of the request."
	case RuleWriteLoop:
		return writeAdvice(key.fp, used)
	case RuleWalk:
		return walkAdvice(key.fp, o.first.varies)
	case RulePoll:
		return "Let the database tell: LISTEN and NOTIFY on PostgreSQL, or a queue. " +
			"Where only asking works, wait longer after each time, and answer the request first."
	case RuleExportLoop:
		return "Read it in one go: one statement without pages, its rows written out as they come, or COPY … TO STDOUT on PostgreSQL. " +
			"If it must be pages, make them larger, and go by the last key rather than by OFFSET, which reads again what it skips."
	case RuleSmallChunks:
		return fmt.Sprintf("Ask for more at a time: %d keys or rows take little longer than one, and a thousand are below every database's limit of parameters. "+
			"On PostgreSQL, = ANY($1) takes a list of any length as one parameter.", smallChunk)
	case RuleSlow:
		return fmt.Sprintf("One in twenty takes %.0f ms or more, until its rows are closed. If EXPLAIN shows a scan of many rows for a few, it wants an index; "+
			"if it returns many, it wants a page; if the time goes by between the rows, read them first and work afterwards.", f.P95MS)
	case RuleWholeTable:
		return wholeTableAdvice(f)
	case RuleLostContext:
		return contextAdvice(f, used)
	case RuleRowsOpen:
		return "The request ended before these rows were closed, so their connection was kept. Write defer rows.Close() right after the error check, " +
			"and wait for every goroutine that still reads before the handler returns."
	case RuleNested:
		return fmt.Sprintf("It is sent while the rows of another statement are being read, and so one request holds %[1]d connections. "+
			"With a pool of fewer than T·(%[1]d−1)+1 connections, where T is how many such requests run at once, all of them can wait for each other for ever: "+
			"ten requests need %[2]d. Read the first rows into a slice and close them, then send this, for all keys at once.",
			f.Connections, 10*(f.Connections-1)+1)
	case RuleHeld:
		const elsewhere = "a place outside the application"
		return fmt.Sprintf("The request calls %s, at %s, while its transaction, begun at %s, is open, so that the connection and the locks wait for another service. "+
			"Call it before the transaction begins or after it has committed; to do both or neither, write an outbox row in the transaction and call afterwards.",
			key.name, cmp.Or(f.Where, elsewhere), cmp.Or(f.Begun, elsewhere))
	}
	return ""
}

func writeAdvice(fp *fingerprint, used library) string {
	if fp.kind != KindInsert {
		return "Change all rows in one statement: UPDATE … FROM (VALUES …) or FROM unnest($1, $2), or DELETE … WHERE id = ANY($1) or IN (…). " +
			"Where each row needs a statement of its own, send them as one batch."
	}
	switch used {
	case libraryGORM:
		return "Insert all rows at once: db.WithContext(ctx).CreateInBatches(&items, 500)."
	case libraryBun:
		return "Insert all rows at once: db.NewInsert().Model(&items).Exec(ctx)."
	case libraryEnt:
		return "Insert all rows at once: client.….CreateBulk(builders...).Save(ctx)."
	case librarySQLX:
		return "Insert all rows at once: db.NamedExecContext(ctx, `INSERT … VALUES (:a, :b)`, items) takes a slice."
	case librarySQLC:
		return "Insert all rows at once: annotate the query :copyfrom, or insert from unnest of one array for each column."
	case libraryPGX:
		return "Insert all rows at once with CopyFrom, or send them as one pgx.Batch where each needs its answer."
	}
	return "Insert all rows at once: one INSERT with many rows in its VALUES, some hundreds at a time, or on PostgreSQL INSERT … SELECT FROM unnest($1, $2)."
}

func wholeTableAdvice(f *Finding) string {
	seen := fmt.Sprintf("It returned %d rows in one go. ", f.Rows)
	if f.Bytes > 0 {
		seen = fmt.Sprintf("It returned %d rows, of which a response of %d bytes shows few. ", f.Rows, f.Bytes)
	}
	return seen + "Ask for a page, with ORDER BY and LIMIT; let the database count, sum and filter; " +
		"if all of them are wanted, write them out row by row instead of keeping them."
}

func contextAdvice(f *Finding, used library) string {
	how := "use the method that takes a context, with the request's: db.QueryContext(r.Context(), …)"
	switch used {
	case libraryGORM:
		how = "begin with db.WithContext(r.Context())"
	case libraryPGX, librarySQLC, libraryBun, libraryEnt:
		how = "pass r.Context() down instead of another context"
	}
	return fmt.Sprintf("A handler sends this without its request's context, or after the request has ended: some %d times, "+
		"which took %.1f %% of the time of all statements. Nobody cancels it when the client leaves, "+
		"and the request's account lacks it: %s. Work that must go on afterwards wants an account of its own.", f.Count, 100*f.Share, how)
}
