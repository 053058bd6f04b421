package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hone-go/hone/dbpool"
)

// budgetReport is the outcome of hone budget.
type budgetReport struct {
	answer dbpool.Answer
	where  string
}

// text returns the arithmetic, a line for each term.
func (r budgetReport) text() string {
	var b strings.Builder
	a := r.answer
	p := a.Plan
	fmt.Fprintln(&b, "At the peak of a deployment the service needs")
	tasks := plural(a.PeakTasks, "task")
	if a.PeakTasks > p.Tasks {
		tasks = fmt.Sprintf("%d tasks (%d and %d new)", a.PeakTasks, p.Tasks, a.PeakTasks-p.Tasks)
	}
	row(&b, " ", fmt.Sprintf("(%d + %d) × %s × %s", p.Size, p.Overflow, pluralES(p.Processes, "process"), tasks), a.Peak)
	row(&b, "+", "reserved for others at that time", p.Reserved)
	row(&b, "=", "connections", a.Need)

	for _, s := range a.Shares {
		if s.Limit == dbpool.ByServer {
			fmt.Fprintf(&b, "\n%s has\n", r.where)
		} else {
			b.WriteByte('\n')
		}
		row(&b, " ", string(s.Limit), s.Total)
		if s.Limit == dbpool.ByServer {
			row(&b, "-", "superuser_reserved_connections", a.Server.SuperuserReserved)
			row(&b, "-", "reserved_connections", a.Server.Reserved)
		}
		row(&b, "-", "others connected now", s.Others)
		row(&b, "=", "for the service", s.Available)
	}
	for _, note := range a.Server.Unknown {
		fmt.Fprintf(&b, "\nNote: %s.\n", wrap(note, 70, "      "))
	}

	b.WriteByte('\n')
	switch {
	case a.Fits:
		fmt.Fprintf(&b, "It fits, with %d to spare. Each process could have %d.\n", a.Tight.Available-a.Need, a.PerProcess)
	case a.PerProcess == 0:
		fmt.Fprintln(&b, "It does not fit, and no size of the pools does. Put PgBouncer in between")
		fmt.Fprintln(&b, "(hone budget --pgbouncer), or run fewer processes.")
	default:
		fmt.Fprintf(&b, "It does not fit. Set --pool %d --overflow %d: %d for each process.\n", a.Size, a.Overflow, a.PerProcess)
	}
	return b.String()
}

// row writes one term of a sum, the numbers flush right.
func row(b *strings.Builder, sign, label string, n int) {
	const column = 56
	number := strconv.Itoa(n)
	pad := max(1, column-utf8.RuneCountInString(label)-len(number))
	fmt.Fprintf(b, "  %s %s%s%s\n", sign, label, strings.Repeat(" ", pad), number)
}

func plural(n int, noun string) string   { return counted(n, noun, "s") }
func pluralES(n int, noun string) string { return counted(n, noun, "es") }

func counted(n int, noun, ending string) string {
	if n == 1 {
		ending = ""
	}
	return fmt.Sprintf("%d %s%s", n, noun, ending)
}

// wrap breaks text into lines of at most that many columns, the later ones
// after indent.
func wrap(text string, columns int, indent string) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return strings.Join(append(lines, line), "\n"+indent)
}

// verdict is an error if the pools do not fit.
func (r budgetReport) verdict() error {
	a := r.answer
	if a.Fits {
		return nil
	}
	return fmt.Errorf("the pools need %d connections and %d are left", a.Need, a.Tight.Available)
}

type budgetJSON struct {
	Plan struct {
		Pool      int     `json:"pool"`
		Overflow  int     `json:"overflow"`
		Processes int     `json:"processes"`
		Tasks     int     `json:"tasks"`
		Surge     float64 `json:"surge"`
		Reserved  int     `json:"reserved"`
	} `json:"plan"`
	PeakTasks  int         `json:"peak_tasks"`
	Peak       int         `json:"peak"`
	Need       int         `json:"need"`
	Available  int         `json:"available"`
	Fits       bool        `json:"fits"`
	PerProcess int         `json:"per_process"`
	Set        setJSON     `json:"set"`
	Limits     []limitJSON `json:"limits"`
	Unknown    []string    `json:"unknown,omitempty"`
}

type setJSON struct {
	Pool     int `json:"pool"`
	Overflow int `json:"overflow"`
}

type limitJSON struct {
	Name      string `json:"name"`
	Total     int    `json:"total"`
	Kept      int    `json:"kept"`
	Others    int    `json:"others"`
	Available int    `json:"available"`
}

// json returns what --json prints.
func (r budgetReport) json() budgetJSON {
	a := r.answer
	out := budgetJSON{
		PeakTasks: a.PeakTasks, Peak: a.Peak, Need: a.Need,
		Available: a.Tight.Available, Fits: a.Fits, PerProcess: a.PerProcess,
		Set:     setJSON{a.Size, a.Overflow},
		Unknown: a.Server.Unknown,
	}
	out.Plan.Pool, out.Plan.Overflow = a.Plan.Size, a.Plan.Overflow
	out.Plan.Processes, out.Plan.Tasks = a.Plan.Processes, a.Plan.Tasks
	out.Plan.Surge, out.Plan.Reserved = a.Plan.Surge, a.Plan.Reserved
	for _, s := range a.Shares {
		out.Limits = append(out.Limits, limitJSON{string(s.Limit), s.Total, s.Kept, s.Others, s.Available})
	}
	return out
}
