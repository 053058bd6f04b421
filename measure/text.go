package measure

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// WriteText writes the snapshot as a table for people: the last minute if the
// service is older than that, and all since the start. Percentiles of too few
// samples are marked.
func (s Snapshot) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	if s.Window() < s.Age() {
		title := fmt.Sprintf("last %.0f s", s.Window().Seconds())
		s.writeTables(b, title,
			func(x Series) Stats { return x.Minute }, func(x Spans) Timing { return x.Minute })
		fmt.Fprintln(b)
	}
	title := fmt.Sprintf("since %s UTC (%s)", s.Start.Format(time.DateTime), s.Age().Round(time.Second))
	s.writeTables(b, title,
		func(x Series) Stats { return x.Total }, func(x Spans) Timing { return x.Total })
	fmt.Fprintf(b, "\nin flight: %d\n", s.InFlight)
	return b.Flush()
}

func (s Snapshot) writeTables(w io.Writer, title string, stats func(Series) Stats, timing func(Spans) Timing) {
	rows := [][]string{{
		"route", "method", "class", "count", "per s", "p50", "p95", "p99", "max", "sql", "sql time", "wait", "bytes",
	}}
	unreliable := false
	for _, x := range s.Series {
		st := stats(x)
		if st.Count == 0 {
			continue
		}
		unreliable = unreliable || !st.Reliable
		n := float64(st.Count)
		each := func(d time.Duration) string { return textDuration(d / time.Duration(st.Count)) }
		rows = append(rows, []string{
			x.Route, x.Method, x.Class, strconv.FormatUint(st.Count, 10), decimals(st.Rate, 1),
			textPercentile(st.P50, st.Reliable), textPercentile(st.P95, st.Reliable),
			textPercentile(st.P99, st.Reliable), textDuration(st.Max),
			decimals(float64(st.Statements)/n, 1), each(st.SQLTime), each(st.SQLWait),
			decimals(float64(st.Bytes)/n, 0),
		})
	}
	fmt.Fprintf(w, "%s; sql, sql time, wait and bytes are per request\n\n", title)
	writeRows(w, rows, 3)

	rows = [][]string{{"calls to", "count", "per s", "p50", "p95", "p99", "max"}}
	for _, x := range s.Spans {
		t := timing(x)
		if t.Count == 0 {
			continue
		}
		unreliable = unreliable || !t.Reliable
		rows = append(rows, []string{
			x.Name, strconv.FormatUint(t.Count, 10), decimals(t.Rate, 1),
			textPercentile(t.P50, t.Reliable), textPercentile(t.P95, t.Reliable),
			textPercentile(t.P99, t.Reliable), textDuration(t.Max),
		})
	}
	if len(rows) > 1 {
		fmt.Fprintln(w)
		writeRows(w, rows, 1)
	}
	if unreliable {
		fmt.Fprintf(w, "\n~ from fewer than %d samples: not a percentile to rely on\n", ReliableCount)
	}
}

// writeRows aligns columns: the first few to the left, numbers to the right.
func writeRows(w io.Writer, rows [][]string, left int) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				line.WriteString("  ")
			}
			if i < left {
				line.WriteString(cell + padding)
			} else {
				line.WriteString(padding + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

func textPercentile(d time.Duration, reliable bool) string {
	if reliable {
		return textDuration(d)
	}
	return "~" + textDuration(d)
}

// textDuration shows three significant digits, all there are to trust.
func textDuration(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < time.Millisecond:
		return significant(float64(d)/1e3) + "µs"
	case d < time.Second:
		return significant(float64(d)/1e6) + "ms"
	}
	return significant(d.Seconds()) + "s"
}

func significant(f float64) string {
	switch {
	case f < 10:
		return decimals(f, 2)
	case f < 100:
		return decimals(f, 1)
	}
	return decimals(f, 0)
}

func decimals(f float64, n int) string { return strconv.FormatFloat(f, 'f', n, 64) }
