package sqltrace

import (
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hone-go/hone/internal/ledger"
)

// A site is a line of the application from which a statement was sent. It is
// made once per line, so that sites can be compared as pointers.
type site struct {
	where    string // module-relative path and line
	function string // package-qualified, without the directories of the path
}

// maxStacks bounds the remembered stacks to 4096, some 1.3 MB; beyond it each
// capture is resolved anew. A service has as many as it has paths to its
// statements, times the depths of any recursion.
const maxStacks = 4096

// A place is what the stack of a statement tells. It is made once per stack,
// and shared by all that are alike but for their depth.
type place struct {
	*site
	pc      uintptr // of the call: tells two on one line apart
	outer   *site   // the call of the function that holds the site; nil if unknown
	outerPC uintptr
	call    string  // the function that the site calls: a query method, an ORM's, a driver's
	library library // whose function that is
	depth   int     // how often the function that occurs most in the stack occurs in it
	serving bool    // a server's handler is further out
}

// same reports whether p and o are one call in the source, in a function called
// from one place: a helper called from many lines is no loop. Frames further
// out are left alone, as some differ from call to call for reasons of their own.
func (p *place) same(o *place) bool {
	return p.site == o.site && p.pc == o.pc && p.outer == o.outer && p.outerPC == o.outerPC
}

// sites resolves stacks to places.
type sites struct {
	chooser frameChooser

	mu struct {
		sync.RWMutex
		byStack map[ledger.Stack]*place
		byName  map[site]*site
	}
}

func newSites(application []string) *sites {
	s := &sites{chooser: newFrameChooser(application)}
	s.mu.byStack = make(map[ledger.Stack]*place)
	s.mu.byName = make(map[site]*site)
	return s
}

// caller returns the place of the statement being sent on this goroutine, or
// nil if no frame is the application's. skip counts the frames between the
// caller's caller and here. It allocates only for a stack not seen before.
func (s *sites) caller(skip int) *place {
	var pcs ledger.Stack
	runtime.Callers(skip+2, pcs[:])
	return s.at(&pcs)
}

// at returns the place that a stack tells of, or nil.
func (s *sites) at(pcs *ledger.Stack) *place {
	s.mu.RLock()
	known, ok := s.mu.byStack[*pcs]
	s.mu.RUnlock()
	if ok {
		return known
	}
	return s.resolve(*pcs)
}

func (s *sites) resolve(pcs ledger.Stack) *place {
	n := 0
	for n < len(pcs) && pcs[n] != 0 {
		n++
	}
	p := s.chooser.choose(runtime.CallersFrames(pcs[:n]))

	s.mu.Lock()
	defer s.mu.Unlock()
	if p != nil {
		p.site = s.siteLocked(p.site)
		p.outer = s.siteLocked(p.outer)
	}
	if len(s.mu.byStack) < maxStacks {
		s.mu.byStack[pcs] = p
	}
	return p
}

// siteLocked returns the site that is known by the name of found.
func (s *sites) siteLocked(found *site) *site {
	if found == nil {
		return nil
	}
	if known := s.mu.byName[*found]; known != nil {
		return known
	}
	if len(s.mu.byName) < maxStacks {
		s.mu.byName[*found] = found
	}
	return found
}

// frameChooser finds the application's innermost frame.
type frameChooser struct {
	application []string // package paths, each covering those below it
	module      string   // path of the main module, "" if unknown
	mainPackage string   // path of the package main, "" if unknown
}

func newFrameChooser(application []string) frameChooser {
	c := frameChooser{application: application}
	if info, ok := debug.ReadBuildInfo(); ok {
		c.module = info.Main.Path
		c.mainPackage = strings.TrimSuffix(info.Path, ".test")
	}
	if len(c.application) == 0 && c.module != "" {
		c.application = []string{c.module}
	}
	return c
}

// choose returns the place that a stack tells of: its site is the innermost
// frame of the application that is not generated code. Where the application
// is unknown, or has no frame within reach, the innermost frame that no library
// is known to own has to do. The place is nil if there is none.
func (c frameChooser) choose(frames *runtime.Frames) *place {
	var own, other call
	var inner *runtime.Frame
	p := new(place)
	depths := make(map[string]int)
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		pkg := packageOf(f.Function)
		if f.Function == "" || isHone(pkg) {
			continue
		}
		p.serving = p.serving || serves(f.Function)
		switch {
		case isGenerated(pkg, f.File):
		case c.owns(pkg):
			depths[f.Function]++
			p.depth = max(p.depth, depths[f.Function])
			own.take(f, inner)
		case !isLibrary(pkg):
			other.take(f, inner)
		}
		if own.frame == nil && other.frame == nil {
			p.library = max(p.library, libraryOf(pkg, f.File))
		}
		inner = &f
	}
	if own.frame == nil {
		own = other
	}
	if own.frame == nil {
		return nil
	}
	p.pc, p.site = own.frame.PC, c.site(*own.frame)
	if f := own.outer; f != nil {
		p.outerPC, p.outer = f.PC, c.site(*f)
	}
	if f := own.inner; f != nil {
		p.call = shortFunction(f.Function)
	}
	return p
}

// call is a frame with that which it calls and that which calls its function.
type call struct{ frame, inner, outer *runtime.Frame }

// take fills c from the frames of one owner, from the inside out. A function
// that calls itself is not its own caller.
func (c *call) take(f runtime.Frame, inner *runtime.Frame) {
	switch {
	case c.frame == nil:
		c.frame, c.inner = &f, inner
	case c.outer == nil && f.Function != c.frame.Function:
		c.outer = &f
	}
}

func (c frameChooser) owns(pkg string) bool {
	if pkg == "main" {
		return true
	}
	for _, p := range c.application {
		if within(pkg, p) || within(pkg, p+"_test") {
			return true
		}
	}
	return false
}

func (c frameChooser) site(f runtime.Frame) *site {
	pkg := packageOf(f.Function)
	file := path.Base(strings.ReplaceAll(f.File, `\`, "/"))
	dir := pkg
	switch {
	case pkg == "main" && c.mainPackage != "" && c.mainPackage != "command-line-arguments":
		dir = c.mainPackage
	case pkg == "main":
		dir = path.Base(path.Dir(strings.ReplaceAll(f.File, `\`, "/")))
	case strings.HasSuffix(file, "_test.go"):
		dir = strings.TrimSuffix(pkg, "_test") // an external test package lives beside its subject
	}
	if c.module != "" && within(dir, c.module) {
		dir = strings.TrimPrefix(strings.TrimPrefix(dir, c.module), "/")
	}
	return &site{
		where:    path.Join(dir, file) + ":" + strconv.Itoa(f.Line),
		function: shortFunction(f.Function),
	}
}

// shortFunction returns a function's name without the directories of its
// package's path.
func shortFunction(function string) string {
	return path.Base(packageOf(function)) + strings.TrimPrefix(function, functionPrefix(function))
}

// functionPrefix returns the package part of a function's name, as the linker
// writes it: dots in the last element of the path are escaped.
func functionPrefix(function string) string {
	slash := strings.LastIndexByte(function, '/') + 1
	dot := strings.IndexByte(function[slash:], '.')
	if dot < 0 {
		return ""
	}
	return function[:slash+dot]
}

// packageOf returns the path of the package that a function belongs to. It is
// "main" for the program's own package, whatever its directory.
func packageOf(function string) string {
	return strings.ReplaceAll(functionPrefix(function), "%2e", ".")
}

// within reports whether pkg is root or below it.
func within(pkg, root string) bool {
	return pkg == root || strings.HasPrefix(pkg, root) && pkg[len(root)] == '/'
}

// isHone reports whether pkg is one of hone's own: its examples, commands and
// tests are applications.
func isHone(pkg string) bool {
	const hone = "github.com/hone-go/hone"
	return within(pkg, hone) && !within(pkg, hone+"/examples") && !within(pkg, hone+"/cmd") && !strings.HasSuffix(pkg, "_test")
}

// libraries carry statements for others: a frame of theirs explains nothing.
var libraries = [...]string{
	"github.com/jackc/pgx", "github.com/jackc/puddle", "github.com/lib/pq", "github.com/go-sql-driver/mysql", "modernc.org/sqlite",
	"github.com/mattn/go-sqlite3", "gorm.io", "github.com/uptrace/bun", "entgo.io/ent", "github.com/jmoiron/sqlx", "xorm.io", "github.com/go-jet/jet",
	"github.com/volatiletech/sqlboiler", "github.com/aarondl/sqlboiler", "github.com/stephenafamo/bob", "github.com/Masterminds/squirrel",
	"github.com/georgysavva/scany", "github.com/blockloop/scan", "github.com/XSAM/otelsql", "github.com/exaring/otelpgx",
}

// standard holds the first path elements of the standard library. Nothing else
// marks its packages in a stack: the path of a file may be trimmed, and a
// module, too, may have a name without a dot.
var standard = [...]string{
	"archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug", "embed", "encoding", "errors", "expvar",
	"flag", "fmt", "go", "hash", "html", "image", "index", "internal", "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin",
	"reflect", "regexp", "runtime", "slices", "sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode",
	"unique", "unsafe", "vendor", "weak",
}

// isLibrary reports whether pkg belongs to the standard library or to a known
// library for SQL.
func isLibrary(pkg string) bool {
	for _, l := range libraries {
		if within(pkg, l) {
			return true
		}
	}
	first, _, _ := strings.Cut(pkg, "/")
	return slices.Contains(standard[:], first)
}

// isGenerated reports whether a file was written by a tool: there the line
// says only which query ran, and the caller says why.
func isGenerated(pkg, file string) bool {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	for _, suffix := range []string{".sql.go", ".gen.go", "_gen.go", ".pb.go", "_generated.go"} {
		if strings.HasSuffix(base, suffix) {
			return true
		}
	}
	return base == "<autogenerated>" || isEnt(pkg)
}
