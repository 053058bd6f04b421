package dbpool_test

import (
	"math"
	"strings"
	"testing"

	"github.com/hone-go/hone/dbpool"
)

func TestBudget(t *testing.T) {
	usual := dbpool.Server{MaxConnections: 100, SuperuserReserved: 3}
	limited := usual
	limited.RoleLimit, limited.RoleOthers = 20, 4
	limited.DatabaseLimit, limited.DatabaseOthers = 40, 25
	super := limited
	super.Superuser = true
	tests := []struct {
		name        string
		plan        dbpool.Plan
		server      dbpool.Server
		peak        int
		need        int
		tight       dbpool.LimitName
		available   int
		fits        bool
		perProcess  int
		size, overf int
	}{
		{"the defaults", dbpool.Plan{}, usual, 20, 20, dbpool.ByServer, 97, true, 48, 10, 0},
		{"eight workers, four tasks", dbpool.Plan{Size: 5, Overflow: 5, Processes: 8, Tasks: 4}, usual, 640, 640, dbpool.ByServer, 97, false, 1, 1, 0},
		{"no surge", dbpool.Plan{Size: 5, Overflow: 5, Processes: 1, Tasks: 9, Surge: -1}, usual, 90, 90, dbpool.ByServer, 97, true, 10, 5, 5},
		{"to the last connection", dbpool.Plan{Size: 97, Surge: -1}, usual, 97, 97, dbpool.ByServer, 97, true, 97, 97, 0},
		{"one too many", dbpool.Plan{Size: 98, Surge: -1}, usual, 98, 98, dbpool.ByServer, 97, false, 97, 97, 0},
		{"overflow goes first", dbpool.Plan{Size: 40, Overflow: 40, Surge: 1}, usual, 160, 160, dbpool.ByServer, 97, false, 48, 40, 8},
		{"25 × 0.28 is 7", dbpool.Plan{Size: 1, Tasks: 25, Surge: 0.28}, usual, 32, 32, dbpool.ByServer, 97, true, 3, 1, 0},
		{"a part of a task is a task", dbpool.Plan{Size: 1, Tasks: 5, Surge: 0.25}, usual, 7, 7, dbpool.ByServer, 97, true, 13, 1, 0},
		{"reserved", dbpool.Plan{Size: 10, Reserved: 80}, usual, 20, 100, dbpool.ByServer, 97, false, 8, 8, 0},
		{"more reserved than there is", dbpool.Plan{Size: 10, Reserved: 98}, usual, 20, 118, dbpool.ByServer, 97, false, 0, 0, 0},
		{"no size fits", dbpool.Plan{Size: 1, Processes: 98, Surge: -1}, usual, 98, 98, dbpool.ByServer, 97, false, 0, 0, 0},
		{"others and the reserve of PostgreSQL 16", dbpool.Plan{Size: 10}, dbpool.Server{MaxConnections: 50, SuperuserReserved: 3, Reserved: 5, Others: 22}, 20, 20, dbpool.ByServer, 20, true, 10, 10, 0},
		{"a server that is full", dbpool.Plan{Size: 1}, dbpool.Server{MaxConnections: 10, SuperuserReserved: 3, Others: 10}, 2, 2, dbpool.ByServer, 0, false, 0, 0, 0},
		{"the tightest of three limits", dbpool.Plan{Size: 8}, limited, 16, 16, dbpool.ByDatabase, 15, false, 7, 7, 0},
		{"limits do not bind a superuser", dbpool.Plan{Size: 8}, super, 16, 16, dbpool.ByServer, 97, true, 48, 8, 0},
		{"the largest numbers stay exact", dbpool.Plan{Size: 1e5, Overflow: 1e5, Processes: 1e5, Tasks: 1e5, Surge: 10}, usual, 2.2e16, 2.2e16, dbpool.ByServer, 97, false, 0, 0, 0},
	}
	for _, tt := range tests {
		got, err := dbpool.Budget(tt.plan, tt.server)
		if err != nil {
			t.Errorf("%s: Budget: %v", tt.name, err)
			continue
		}
		if got.Peak != tt.peak || got.Need != tt.need || got.Fits != tt.fits ||
			got.Tight.Limit != tt.tight || got.Tight.Available != tt.available {
			t.Errorf("%s: Budget = peak %d, need %d, fits %v, %s leaves %d, want %d, %d, %v, %s, %d", tt.name,
				got.Peak, got.Need, got.Fits, got.Tight.Limit, got.Tight.Available,
				tt.peak, tt.need, tt.fits, tt.tight, tt.available)
		}
		if got.PerProcess != tt.perProcess || got.Size != tt.size || got.Overflow != tt.overf {
			t.Errorf("%s: Budget = %d per process, size %d, overflow %d, want %d, %d, %d", tt.name,
				got.PerProcess, got.Size, got.Overflow, tt.perProcess, tt.size, tt.overf)
		}
	}
}

// What Budget says to set must fit, and one more for each process must not.
func TestBudgetAdviceIsTheLargestThatFits(t *testing.T) {
	server := dbpool.Server{MaxConnections: 100, SuperuserReserved: 3, Others: 7}
	for processes := 1; processes <= 9; processes++ {
		for tasks := 1; tasks <= 9; tasks++ {
			for _, surge := range []float64{-1, 0.25, 0.5, 1} {
				plan := dbpool.Plan{Size: 50, Overflow: 50, Processes: processes, Tasks: tasks, Surge: surge, Reserved: 2}
				a, err := dbpool.Budget(plan, server)
				if err != nil {
					t.Fatal(err)
				}
				for _, extra := range []int{0, 1} {
					plan.Size, plan.Overflow = a.PerProcess+extra, 0
					if plan.Size == 0 {
						continue // the default would stand in for it
					}
					b, err := dbpool.Budget(plan, server)
					if err != nil {
						t.Fatal(err)
					}
					if want := extra == 0; b.Fits != want {
						t.Errorf("Budget(%+v).Fits = %v, want %v: %d was advised", plan, b.Fits, want, a.PerProcess)
					}
				}
			}
		}
	}
}

func TestBudgetNamesEveryMistake(t *testing.T) {
	_, err := dbpool.Budget(
		dbpool.Plan{Size: -1, Overflow: -1, Processes: -1, Tasks: 100_001, Surge: math.NaN(), Reserved: -1},
		dbpool.Server{SuperuserReserved: -1, Reserved: -1, Others: -1, RoleOthers: -1, DatabaseOthers: -1})
	if err == nil {
		t.Fatal("Budget = nil, want an error")
	}
	for _, field := range []string{
		"Plan.Size", "Plan.Overflow", "Plan.Processes", "Plan.Tasks", "Plan.Surge", "Plan.Reserved",
		"Server.MaxConnections", "Server.SuperuserReserved", "Server.Reserved", "Server.Others",
		"Server.RoleOthers", "Server.DatabaseOthers",
	} {
		if !strings.Contains(err.Error(), field+" is ") {
			t.Errorf("the error does not name %s: %v", field, err)
		}
	}
}

func TestBouncer(t *testing.T) {
	tests := []struct {
		name          string
		plan          dbpool.Plan
		others        int
		pool, clients int
	}{
		{"small", dbpool.Plan{Size: 2}, 0, 4, 100},
		{"large", dbpool.Plan{Size: 10, Processes: 8, Tasks: 4}, 0, 20, 704},
		{"little left", dbpool.Plan{Size: 10, Reserved: 5}, 85, 7, 100},
	}
	for _, tt := range tests {
		a, err := dbpool.Budget(tt.plan, dbpool.Server{MaxConnections: 100, SuperuserReserved: 3, Others: tt.others})
		if err != nil {
			t.Fatal(err)
		}
		b, err := a.Bouncer()
		if err != nil || b.PoolSize != tt.pool || b.MaxClients != tt.clients {
			t.Errorf("%s: Bouncer() = %+v, %v, want pool %d, clients %d", tt.name, b, err, tt.pool, tt.clients)
		}
	}
	a, err := dbpool.Budget(dbpool.Plan{}, dbpool.Server{MaxConnections: 100, SuperuserReserved: 3, Others: 97})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := a.Bouncer(); err == nil {
		t.Errorf("Bouncer() of a full server = %+v, want an error", b)
	}
}

func TestINIRefusesWhatItCannotHold(t *testing.T) {
	good := dbpool.Bouncer{Host: "db", Port: 5432, Database: "shop", PoolSize: 5, MaxClients: 100}
	if _, err := good.INI(); err != nil {
		t.Errorf("INI() = %v, want none", err)
	}
	for _, b := range []dbpool.Bouncer{
		{},
		{Host: "db", Port: 5432, Database: "shop\n[pgbouncer]", PoolSize: 5, MaxClients: 100},
		{Host: "db port=1", Port: 5432, Database: "shop", PoolSize: 5, MaxClients: 100},
		{Host: "db", Port: 0, Database: "shop", PoolSize: 5, MaxClients: 100},
		{Host: "db", Port: 5432, Database: "shop", PoolSize: 0, MaxClients: 100},
		{Host: "db", Port: 5432, Database: "shop", PoolSize: 5, MaxClients: 0},
	} {
		if ini, err := b.INI(); err == nil {
			t.Errorf("%+v.INI() = %q, want an error", b, ini)
		}
	}
}
