package dbpool

import (
	"errors"
	"fmt"
	"math"
)

// A Plan is how a service is deployed, as far as it takes connections.
type Plan struct {
	// Size and Overflow are those of each process's pool, as in [Config].
	// Default of Size 10.
	Size, Overflow int

	// Processes is how many processes run in one task or container, each with
	// a pool of its own. Default 1, as for a service in Go; for one in Python
	// or Ruby it is the number of workers.
	Processes int

	// Tasks is how many tasks or containers run. Default 1; with autoscaling
	// give the most there may be.
	Tasks int

	// Surge is the share of tasks that run besides during a deployment: new
	// ones start before old ones end. Default 1.0, as on ECS (200 %);
	// Kubernetes' default is 0.25. Negative for none.
	Surge float64

	// Reserved is how many more connections others need when the service is at
	// its peak: migrations, cron jobs, people, exporters. Those that are
	// connected already count by themselves: see [Server.Others].
	Reserved int
}

func (p Plan) withDefaults() Plan {
	setDefault(&p.Size, defaultSize)
	setDefault(&p.Processes, 1)
	setDefault(&p.Tasks, 1)
	setDefault(&p.Surge, 1)
	p.Surge = max(0, p.Surge)
	return p
}

// maxSurge bounds Surge, so that products stay exact. No deployment runs
// eleven generations at once.
const maxSurge = 10

func (p Plan) validate() error {
	errs := []error{
		inRange("Plan.Size", p.Size, 1),
		inRange("Plan.Overflow", p.Overflow, 0),
		inRange("Plan.Processes", p.Processes, 1),
		inRange("Plan.Tasks", p.Tasks, 1),
		inRange("Plan.Reserved", p.Reserved, 0),
	}
	if !(p.Surge <= maxSurge) { // this way round NaN fails too
		errs = append(errs, fmt.Errorf("dbpool: Plan.Surge is %v, want at most %d", p.Surge, maxSurge))
	}
	return errors.Join(errs...)
}

// peakTasks is how many tasks run at most: a part of a task is a task. The
// tiny difference keeps ⌈25 × 0.28⌉ at 7 in floating point.
func (p Plan) peakTasks() int {
	return p.Tasks + int(math.Ceil(float64(p.Tasks)*p.Surge-1e-9))
}

// peak is how many connections the service has at most.
func (p Plan) peak() int { return (p.Size + p.Overflow) * p.Processes * p.peakTasks() }

// Server is what a PostgreSQL can give to a service's role in its database.
// [Probe] reads it.
type Server struct {
	MaxConnections    int // max_connections
	SuperuserReserved int // superuser_reserved_connections
	Reserved          int // reserved_connections, from PostgreSQL 16 on

	// CONNECTION LIMIT of the role and of the database; 0 or less is none. One
	// of 0 is not possible: the role could not have connected.
	RoleLimit, DatabaseLimit int

	// How many connections others have now, against each limit. The service's
	// own are taken to be those of its role in its database.
	Others         int // on the whole server
	RoleOthers     int // of the role, in other databases
	DatabaseOthers int // in the database, of other roles

	Own int // connections that the role has in the database now; not counted

	// Superuser says that the role is one: its limits do not bind it. What is
	// reserved is kept free all the same: it is there to repair a full server.
	Superuser bool

	// Unknown says, in sentences, what could not be read and was assumed.
	Unknown []string
}

// LimitName is which limit an answer is about.
type LimitName string

// The limits of a [Server].
const (
	ByServer   LimitName = "max_connections"
	ByRole     LimitName = "connection limit of the role"
	ByDatabase LimitName = "connection limit of the database"
)

// A Share is what one limit leaves to the service.
type Share struct {
	Limit     LimitName
	Total     int // the limit
	Kept      int // reserved by the server
	Others    int // used by others now
	Available int // the rest, 0 or more
}

// An Answer is the arithmetic of a [Plan] on a [Server].
type Answer struct {
	Plan   Plan   // with its defaults
	Server Server // as given

	PeakTasks int // Tasks × (1 + Surge), rounded up
	Peak      int // (Size + Overflow) × Processes × PeakTasks
	Need      int // Peak + Plan.Reserved

	Shares []Share // each limit there is; max_connections first
	Tight  Share   // the one that leaves least

	// Fits says that Need ≤ Tight.Available.
	Fits bool

	// PerProcess is the largest Size + Overflow that fits; 0 if not even one
	// connection for each process does, and only a pooler helps.
	PerProcess int

	// Size and Overflow are what to set: the plan's own if they fit, otherwise
	// PerProcess, taken from the overflow first.
	Size, Overflow int
}

// Budget is the arithmetic: a plan needs
//
//	(Size + Overflow) × Processes × ⌈Tasks × (1 + Surge)⌉ + Plan.Reserved
//
// connections, and the server has, for an ordinary role,
//
//	max_connections − superuser_reserved_connections − reserved_connections − Others
//
// as well as what the limits of role and database leave. The error joins what
// is wrong with the plan or the server; a plan that does not fit is an Answer.
// Budget is a pure function.
func Budget(p Plan, s Server) (Answer, error) {
	p = p.withDefaults()
	if err := errors.Join(p.validate(), s.validate()); err != nil {
		return Answer{}, err
	}
	a := Answer{Plan: p, Server: s, PeakTasks: p.peakTasks(), Peak: p.peak()}
	a.Need = a.Peak + p.Reserved
	a.Shares = s.shares()
	a.Tight = a.Shares[0]
	for _, share := range a.Shares {
		if share.Available < a.Tight.Available {
			a.Tight = share
		}
	}
	a.Fits = a.Need <= a.Tight.Available
	a.PerProcess = max(0, a.Tight.Available-p.Reserved) / (p.Processes * a.PeakTasks)
	a.Size = min(p.Size, a.PerProcess)
	a.Overflow = min(p.Overflow, a.PerProcess-a.Size)
	return a, nil
}

func (s Server) validate() error {
	// PostgreSQL allows 262,143 connections.
	const most = 1 << 18
	var errs []error
	if s.MaxConnections < 1 || s.MaxConnections > most {
		errs = append(errs, fmt.Errorf("dbpool: Server.MaxConnections is %d, want 1 to %d", s.MaxConnections, most))
	}
	for _, f := range []struct {
		name string
		n    int
	}{
		{"SuperuserReserved", s.SuperuserReserved},
		{"Reserved", s.Reserved},
		{"Others", s.Others},
		{"RoleOthers", s.RoleOthers},
		{"DatabaseOthers", s.DatabaseOthers},
	} {
		if f.n < 0 {
			errs = append(errs, fmt.Errorf("dbpool: Server.%s is %d, want ≥ 0", f.name, f.n))
		}
	}
	return errors.Join(errs...)
}

// shares returns what each limit leaves.
func (s Server) shares() []Share {
	shares := []Share{{Limit: ByServer, Total: s.MaxConnections, Kept: s.SuperuserReserved + s.Reserved, Others: s.Others}}
	if s.RoleLimit > 0 && !s.Superuser {
		shares = append(shares, Share{Limit: ByRole, Total: s.RoleLimit, Others: s.RoleOthers})
	}
	if s.DatabaseLimit > 0 && !s.Superuser {
		shares = append(shares, Share{Limit: ByDatabase, Total: s.DatabaseLimit, Others: s.DatabaseOthers})
	}
	for i := range shares {
		shares[i].Available = max(0, shares[i].Total-shares[i].Kept-shares[i].Others)
	}
	return shares
}
