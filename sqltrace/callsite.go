package sqltrace

import (
	"cmp"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A site is the place in the application from which a statement was sent. It
// is made once per place, so that sites can be compared as pointers.
type site struct {
	where    string // module-relative path and line
	function string // package-qualified, without the directories of the path
}

// stackDepth is how many frames are searched for the application's. Not
// smaller: database/sql and an ORM put some twenty between them. Not larger:
// each costs tens of nanoseconds per capture.
const stackDepth = 32

// maxStacks bounds the remembered stacks to 4096, some 1.3 MB; beyond it each
// capture is resolved anew. A service has as many as it has paths to its
// statements, times the depths of any recursion.
const maxStacks = 4096

type stack [stackDepth]uintptr

// sites resolves stacks to sites.
type sites struct {
	chooser frameChooser

	mu struct {
		sync.RWMutex
		byStack map[stack]*site
		byPlace map[site]*site
	}
}

func newSites(application []string) *sites {
	s := &sites{chooser: newFrameChooser(application)}
	s.mu.byStack = make(map[stack]*site)
	s.mu.byPlace = make(map[site]*site)
	return s
}

// caller returns the site of the statement being sent on this goroutine, or
// nil if no frame is the application's. skip counts the frames between the
// caller's caller and here. It allocates only for a stack not seen before.
func (s *sites) caller(skip int) *site {
	var pcs stack
	runtime.Callers(skip+2, pcs[:])
	s.mu.RLock()
	known, ok := s.mu.byStack[pcs]
	s.mu.RUnlock()
	if ok {
		return known
	}
	return s.resolve(pcs)
}

func (s *sites) resolve(pcs stack) *site {
	n := 0
	for n < len(pcs) && pcs[n] != 0 {
		n++
	}
	found, ok := s.chooser.choose(runtime.CallersFrames(pcs[:n]))

	s.mu.Lock()
	defer s.mu.Unlock()
	var p *site
	if ok {
		p = s.mu.byPlace[found]
		if p == nil {
			p = &found
			if len(s.mu.byPlace) < maxStacks {
				s.mu.byPlace[found] = p
			}
		}
	}
	if len(s.mu.byStack) < maxStacks {
		s.mu.byStack[pcs] = p
	}
	return p
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

// choose returns the innermost frame of the application that is not generated
// code. Where the application is unknown, or has no frame within reach, the
// innermost frame that no library is known to own has to do.
func (c frameChooser) choose(frames *runtime.Frames) (site, bool) {
	var other *runtime.Frame
	for {
		f, more := frames.Next()
		pkg := packageOf(f.Function)
		switch {
		case f.Function == "" || isHone(pkg) || isGenerated(pkg, f.File):
		case c.owns(pkg):
			return c.site(f, pkg), true
		case other == nil && !isLibrary(pkg):
			other = &f
		}
		if !more {
			break
		}
	}
	if other == nil {
		return site{}, false
	}
	return c.site(*other, packageOf(other.Function)), true
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

func (c frameChooser) site(f runtime.Frame, pkg string) site {
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
	return site{
		where:    path.Join(dir, file) + ":" + strconv.Itoa(f.Line),
		function: path.Base(pkg) + strings.TrimPrefix(f.Function, cmp.Or(functionPrefix(f.Function), pkg)),
	}
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
	return base == "<autogenerated>" || strings.HasSuffix(pkg, "/ent") || strings.Contains(pkg, "/ent/")
}
