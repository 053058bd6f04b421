package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/hone-go/hone/cmd/hone/internal/load"
)

// plainEvery is the time between two progress lines where there is no
// terminal: often enough to show life, seldom enough for a log.
const plainEvery = 5 * time.Second

// A progress shows how far a run is: a bar on a terminal, a line now and then
// elsewhere. It is not safe for concurrent use. done ends it.
type progress struct {
	io   *streams
	name string

	container *mpb.Progress // nil where there is no terminal
	bar       *mpb.Bar
	status    atomic.Pointer[string] // read by the bar's own goroutine
	began     time.Time
	printed   time.Duration // elapsed when the last plain line was printed
}

func newProgress(io *streams, name string) *progress {
	return &progress{io: io, name: name, began: time.Now()}
}

// update is a load.Config.OnProgress.
func (p *progress) update(at load.Progress) {
	elapsed := min(at.Elapsed, at.Planned)
	status := ""
	if at.Answered > 0 {
		status = fmt.Sprintf("%d answered, %d failed", at.Answered, at.Failed)
	}
	if !p.set(int64(elapsed), int64(at.Planned), status) {
		p.print(at.Elapsed, "%v of %v  %s", elapsed.Round(time.Second), at.Planned, status)
	}
}

// rows shows a step that counts rows.
func (p *progress) rows(done, total int) {
	if !p.set(int64(done), int64(total), "") {
		p.print(time.Since(p.began), "%d of %d rows", done, total)
	}
}

// set moves the bar, or reports false where there is no terminal.
func (p *progress) set(done, total int64, status string) bool {
	p.status.Store(&status)
	if !p.io.interactive() {
		return false
	}
	if p.bar == nil {
		p.container = mpb.New(mpb.WithOutput(p.io.err), mpb.WithWidth(40), mpb.WithAutoRefresh())
		p.bar = p.container.New(total, mpb.BarStyle().Lbound("").Rbound(""),
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(p.name, decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *p.status.Load() })),
		)
	}
	p.bar.SetCurrent(min(done, total-1)) // a full bar would stay on the screen
	return true
}

// print prints a plain line if the last one is long enough ago.
func (p *progress) print(elapsed time.Duration, format string, args ...any) {
	if elapsed-p.printed < plainEvery {
		return
	}
	p.printed = elapsed
	fmt.Fprintf(p.io.err, "hone: %s: "+format+"\n", append([]any{p.name}, args...)...)
}

// next ends the step under way with a line that stays, and begins another.
func (p *progress) next(line, name string) {
	p.done()
	fmt.Fprintln(p.io.err, line)
	p.name, p.began, p.printed = name, time.Now(), 0
}

// done removes the bar. It may be called at any time and more than once.
func (p *progress) done() {
	if p.bar == nil {
		return
	}
	p.bar.Abort(true)
	p.container.Wait()
	p.bar, p.container = nil, nil
}
