package ratelimit

// An Account is a bucket and the plan of its limit.
type Account struct {
	Plan   *Plan
	Bucket Bucket
}

// ApplyAll does op on all charges, or, for a Take of which one is refused, on
// none: what [Store.Apply] says, for a store that holds the buckets of all of
// them. accounts[i] and results[i] are for charges[i]; no two accounts share a
// bucket. It reports whether a bucket may have changed.
func ApplyAll(op Op, now int64, accounts []Account, charges []Charge, results []Result) (changed bool) {
	if op == Take && len(charges) == 1 && !charges[0].Check {
		results[0] = accounts[0].Bucket.Take(accounts[0].Plan, now, &charges[0])
		return results[0].Granted > 0
	}
	taken := op == Take && peekAll(now, accounts, charges, results)
	if op == Take && !taken {
		return false
	}
	for i := range accounts {
		a, c, r := &accounts[i], &charges[i], &results[i]
		if taken && (c.Check || !r.Allowed) {
			continue
		}
		*r = a.Bucket.Apply(a.Plan, op, now, c)
		switch op {
		case Take, Extend:
			changed = changed || r.Granted > 0
		case Refund, Reset: // less than a unit may have been taken back
			changed = true
		}
	}
	return changed
}

// peekAll reports whether the charges that can stop the others are allowed.
func peekAll(now int64, accounts []Account, charges []Charge, results []Result) bool {
	all := true
	for i := range accounts {
		a := &accounts[i]
		results[i] = a.Bucket.Peek(a.Plan, now, &charges[i])
		all = all && (results[i].Allowed || charges[i].Soft)
	}
	return all
}
