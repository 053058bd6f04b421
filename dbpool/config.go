package dbpool

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Config configures one pool of one process. The zero value is ready to use.
// Each field names its like in SQLAlchemy's pool, for those who come from
// there.
type Config struct {
	// Size is how many connections are kept (pool_size). Default 10. Not
	// derived from the machine: what counts is the sum over all processes, and
	// a container's share of its machine is not what runtime.NumCPU says. Not
	// smaller: ten requests of 5 ms each keep 2,000 requests a second going.
	// Not larger: a database of four cores runs about nine statements at a
	// time, whoever sends them. [Budget] says what fits.
	Size int

	// Overflow is how many more may be opened in a peak (max_overflow); those
	// that find Size idle connections on their return are closed. Default 0: a
	// pool of fixed size, since a server in trouble is not helped by more
	// connections.
	Overflow int

	// MinIdle is how many idle connections are kept ready, opened in the
	// background. Default 0.
	MinIdle int

	// AcquireTimeout bounds the wait for a connection, opening one and
	// checking an idle one included (pool_timeout; its default there is 30 s).
	// Default 5 s; negative means only the caller's context bounds it. Not
	// longer: the client has left by then, and the queue holds memory. Not
	// shorter: opening with TLS to a busy server takes a second or two.
	AcquireTimeout time.Duration

	// PrePing is how long a connection may be idle before it is checked with
	// one round trip when it is taken (pool_pre_ping). Default 1 s; negative
	// turns it off. Not 0: on a busy pool each statement would pay twice.
	PrePing time.Duration

	// Recycle is the age at which a connection is replaced (pool_recycle; off
	// there), so that connections spread over servers that came later and
	// memory of the server is given back. Default 30 m; negative turns it off.
	Recycle time.Duration

	// RecycleJitter is a random time, drawn for each connection, that is added
	// to Recycle, so that connections opened together are not replaced
	// together. It is used in whole seconds. Default a tenth of Recycle;
	// negative turns it off.
	RecycleJitter time.Duration

	// IdleTimeout closes a connection that nobody has used for so long.
	// Default 10 m; negative turns it off.
	IdleTimeout time.Duration

	// Pooler says what is between the pool and PostgreSQL. The zero value
	// makes [Open] look, with two or three connections and some round trips,
	// and fail if it cannot. Give what [Detect] once said, or
	// Pooler{Mode: Direct}, to open without a connection; and
	// Pooler{Mode: Pinning} where an RDS Proxy has a name of your own.
	Pooler Pooler

	// Fit, if set, is how the service is deployed: [Open] then refuses, with
	// the [*OverBudgetError] of [Check], to open a pool that does not fit the
	// server. Its Size and Overflow are those of this Config. Default nil:
	// nothing is asked.
	Fit *Plan

	// Watch, if set, gathers the statements that the pooler cannot carry.
	// Default nil: they are not looked for.
	Watch *Watch
}

const (
	defaultSize           = 10
	defaultAcquireTimeout = 5 * time.Second
	defaultPrePing        = time.Second
	defaultRecycle        = 30 * time.Minute
	defaultIdleTimeout    = 10 * time.Minute
)

// off is how long something takes that never happens.
const off = time.Duration(math.MaxInt64)

// withDefaults returns a copy in which zero is replaced by the default.
// Negative durations stay: each user of a field knows what off means for it.
func (c Config) withDefaults() Config {
	setDefault(&c.Size, defaultSize)
	setDefault(&c.AcquireTimeout, defaultAcquireTimeout)
	setDefault(&c.PrePing, defaultPrePing)
	setDefault(&c.Recycle, defaultRecycle)
	if c.Recycle > 0 {
		setDefault(&c.RecycleJitter, c.Recycle/10)
	}
	setDefault(&c.IdleTimeout, defaultIdleTimeout)
	return c
}

func setDefault[T int | time.Duration | float64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// maxConnections bounds every number of connections, far above what any server
// takes, so that sums and products stay exact.
const maxConnections = 100_000

func (c Config) validate() error {
	errs := []error{
		inRange("Config.Size", c.Size, 1),
		inRange("Config.Overflow", c.Overflow, 0),
		inRange("Config.MinIdle", c.MinIdle, 0),
	}
	if c.MinIdle > c.Size {
		errs = append(errs, fmt.Errorf("dbpool: Config.MinIdle is %d, want ≤ Size, which is %d", c.MinIdle, c.Size))
	}
	if c.RecycleJitter > 0 && c.RecycleJitter < time.Second {
		errs = append(errs, fmt.Errorf("dbpool: Config.RecycleJitter is %v, want ≥ 1s: set it, or give Recycle 10s or more", c.RecycleJitter))
	}
	if c.Recycle < 0 && c.RecycleJitter > 0 {
		errs = append(errs, fmt.Errorf("dbpool: Config.RecycleJitter is %v without Recycle", c.RecycleJitter))
	}
	if c.Pooler.Mode != "" && !c.Pooler.Mode.valid() {
		errs = append(errs, fmt.Errorf("dbpool: Config.Pooler.Mode is %q, want a Mode constant", string(c.Pooler.Mode)))
	}
	return errors.Join(errs...)
}

// inRange says what is wrong with a number of connections or processes.
func inRange(field string, n, least int) error {
	if n < least || n > maxConnections {
		return fmt.Errorf("dbpool: %s is %d, want %d to %d", field, n, least, maxConnections)
	}
	return nil
}

// orOff replaces a negative duration by one that never ends.
func orOff(d time.Duration) time.Duration {
	if d < 0 {
		return off
	}
	return d
}
