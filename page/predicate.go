package page

import "strings"

// orderBy returns the ORDER BY list of terms. Where NULLs are already where
// the database puts them by itself nothing is said of them, which lets an
// ordinary index serve the order.
func orderBy(dialect Dialect, terms []term) string {
	parts := make([]string, len(terms))
	for i, t := range terms {
		parts[i] = t.expr
		if t.desc {
			parts[i] += " DESC"
		}
		if !t.movesNulls(dialect) {
			continue
		}
		switch {
		case dialect != MySQL && t.nulls == NullsFirst:
			parts[i] += " NULLS FIRST"
		case dialect != MySQL:
			parts[i] += " NULLS LAST"
		case t.nulls == NullsFirst: // false sorts before true
			parts[i] = t.expr + " IS NOT NULL, " + parts[i]
		default:
			parts[i] = t.expr + " IS NULL, " + parts[i]
		}
	}
	return strings.Join(parts, ", ")
}

// after returns the predicate of the rows that come after the row with these
// values, in the order of terms. The last term is NotNull.
//
// A comparison with NULL is neither true nor false, so that every place where
// one side may be NULL asks IS NULL instead. AND and OR of the rest may be
// unknown only where they should be false; there is no NOT.
func (b *binder) after(terms []term, values []any) string {
	t := terms[0]
	if values[0] == nil { // the row is among the NULLs of t
		rest := t.expr + " IS NULL AND " + b.after(terms[1:], values[1:])
		if t.nulls == NullsFirst {
			return "(" + t.expr + " IS NOT NULL OR (" + rest + "))"
		}
		return "(" + rest + ")"
	}
	if len(terms) == 1 || b.dialect.rowValues() && alike(terms) {
		return b.rowAfter(terms, values)
	}
	v := &operand{binder: b, value: values[0], cast: t.cast}
	if t.nulls == NullsLast {
		return "(" + t.expr + t.beyond() + v.String() + " OR " + t.expr + " IS NULL" +
			" OR (" + t.expr + " = " + v.String() + " AND " + b.after(terms[1:], values[1:]) + "))"
	}
	// The first comparison follows from the others. It is there for planners,
	// which use an index for it but not for an OR.
	return "(" + t.expr + t.from() + v.String() + " AND (" + t.expr + t.beyond() + v.String() +
		" OR (" + t.expr + " = " + v.String() + " AND " + b.after(terms[1:], values[1:]) + ")))"
}

// rowAfter compares all terms at once, as a row value if they are several.
func (b *binder) rowAfter(terms []term, values []any) string {
	exprs, operands := make([]string, len(terms)), make([]string, len(terms))
	for i, t := range terms {
		exprs[i] = t.expr
		operands[i] = (&operand{binder: b, value: values[i], cast: t.cast}).String()
	}
	if len(terms) == 1 {
		return exprs[0] + terms[0].beyond() + operands[0]
	}
	return "(" + strings.Join(exprs, ", ") + ")" + terms[0].beyond() + "(" + strings.Join(operands, ", ") + ")"
}

// alike reports whether terms are NotNull and of one direction.
func alike(terms []term) bool {
	for _, t := range terms {
		if t.nulls != NotNull || t.desc != terms[0].desc {
			return false
		}
	}
	return true
}

// movesNulls reports whether NULLs are elsewhere than the database puts them.
func (t term) movesNulls(dialect Dialect) bool {
	return t.nulls != NotNull && (t.nulls == NullsFirst) != dialect.nullsFirst(t.desc)
}

// beyond is the comparison with what comes after, from with that and the same.
func (t term) beyond() string {
	if t.desc {
		return " < "
	}
	return " > "
}

func (t term) from() string {
	if t.desc {
		return " <= "
	}
	return " >= "
}
