package redis

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/ratelimit"
)

var errForeignBucket = errors.New("the key of a bucket holds something else")

// A take is a plain Take (see isPlain) as the script reads it. It is pooled, but
// not after its caller has given up on it.
type take struct {
	charges []ratelimit.Charge // the caller's, until it gives up
	results []ratelimit.Result // likewise
	keys    []string
	args    []string // the first is for the time

	done chan struct{} // has a token when err and the results are set
	err  error

	// The lane's affair.
	next, previous *take
	batch          *batch // that it was put in
	state          takeState

	text []byte // to make keys and args
	ends []int
}

func newTake() *take { return &take{done: make(chan struct{}, 1)} }

// set makes t the Take of some charges.
func (t *take) set(charges []ratelimit.Charge, results []ratelimit.Result) {
	t.charges, t.results, t.state = charges, results, pending
	t.text, t.ends = t.text[:0], t.ends[:0]
	for i := range charges {
		c := &charges[i]
		p := c.Limit.Plan()
		x, y := planNumbers(&p)
		t.text = appendLimitKey(t.text, c)
		t.ends = append(t.ends, len(t.text))
		for _, n := range [...]int64{c.Cost, p.Most, p.Period, x, y} {
			t.text = strconv.AppendInt(t.text, n, 10)
			t.ends = append(t.ends, len(t.text))
		}
	}
	text, from := string(t.text), 0 // one allocation for all
	t.keys = t.keys[:0]
	t.args = append(t.args[:0], "", decimal(int64(len(charges))))
	for i, end := range t.ends {
		if i%(1+takeArgs) == 0 {
			t.keys = append(t.keys, text[from:end])
		} else {
			t.args = append(t.args, text[from:end])
		}
		from = end
	}
}

// clear lets go of what is the caller's.
func (t *take) clear() {
	t.charges, t.results, t.err, t.batch = nil, nil, nil, nil
	clear(t.keys)
	clear(t.args)
}

// call is that of the script for this take alone.
func (t *take) call(now string) scriptCall {
	t.args[0] = now
	return scriptCall{t.keys, t.args}
}

// takeArgs is how many arguments the script gets for each charge, and takeWidth
// how many numbers it returns.
const takeArgs, takeWidth = 5, 5

// read takes the script's answer.
func (t *take) read(values []rueidis.RedisMessage) error {
	for i := range t.charges {
		var v [takeWidth]int64
		if err := readNumbers(v[:], values[takeWidth*i:]); err != nil {
			return err
		}
		wait, at := v[0], v[3]
		if wait < -1 {
			return errForeignBucket
		}
		r := ratelimit.Result{
			Allowed:    wait == 0,
			Remaining:  v[1],
			RetryAfter: micros(wait),
			ResetAfter: micros(v[2]),
			Receipt:    ratelimit.Receipt{At: at, Level: v[4]},
		}
		if at != 0 {
			r.Granted = t.charges[i].Cost
		}
		t.results[i] = r
	}
	return nil
}

// answer sets what the caller gets.
func (t *take) answer(values []rueidis.RedisMessage, err error) {
	if err == nil {
		err = t.read(values)
	}
	if err != nil {
		err = limitsUnavailable(err)
	}
	t.err = err
}

// takePlain takes by a script for each group, and not in a batch.
func (l *Limits) takePlain(ctx context.Context, groups []limitGroup, charges []ratelimit.Charge, results []ratelimit.Result) error {
	takes := make([]take, len(groups))
	calls := make([]scriptCall, len(groups))
	for i, g := range groups {
		takes[i].set(g.charges, g.results)
		calls[i] = takes[i].call(l.now())
	}
	sc := l.scripts.ofTakes(charges[0].Limit.Strategy)
	err := l.runGroups(ctx, sc, groups, calls, func(g *limitGroup, values []rueidis.RedisMessage) error {
		if len(values) != takeWidth*len(g.charges) {
			return errReply
		}
		t := take{charges: g.charges, results: g.results}
		return t.read(values)
	})
	if err != nil || len(groups) == 1 {
		return err
	}
	return l.undoRefused(ctx, charges, results)
}
