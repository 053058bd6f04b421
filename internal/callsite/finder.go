package callsite

import (
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/hone-go/hone/internal/ledger"
)

// Depth is how many frames of a stack are looked at: as many as a ledger keeps.
const Depth = ledger.StackDepth

// A Finder tells the application's frames from all others. It is safe for
// concurrent use; the zero value knows of no application.
type Finder struct {
	application []string // package paths, each covering those below it
	module      string   // path of the main module, "" if unknown
	mainPackage string   // path of the package main, "" if unknown
}

// NewFinder returns a Finder for the application that consists of the given
// packages and those below them, and of package main; for none, the main module.
func NewFinder(application []string) Finder {
	f := Finder{application: slices.Clone(application)}
	if info, ok := debug.ReadBuildInfo(); ok {
		f.module = info.Main.Path
		f.mainPackage = strings.TrimSuffix(info.Path, ".test")
	}
	if len(f.application) == 0 && f.module != "" {
		f.application = []string{f.module}
	}
	return f
}

// Owner says whose code a frame runs.
type Owner uint8

// The owners.
const (
	Unknown     Owner = iota // of no library that is known
	Application              // the application, where no tool has written it
	Library                  // the standard library, or one for SQL
	Generated                // a tool's output
)

// A Frame is one call of a stack.
type Frame struct {
	runtime.Frame
	Package string
	Owner   Owner
}

// Frames returns the frames of a stack as [runtime.Callers] gives it, the
// innermost first, without hone's own.
func (f Finder) Frames(pcs []uintptr) []Frame {
	if n := slices.Index(pcs, 0); n >= 0 {
		pcs = pcs[:n]
	}
	var list []Frame
	frames := runtime.CallersFrames(pcs)
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		pkg := PackageOf(frame.Function)
		if frame.Function != "" && !isHone(pkg) {
			list = append(list, Frame{frame, pkg, f.owner(pkg, frame.File)})
		}
	}
	return list
}

func (f Finder) owner(pkg, file string) Owner {
	switch {
	case isGenerated(pkg, file):
		return Generated
	case f.owns(pkg):
		return Application
	case isLibrary(pkg):
		return Library
	}
	return Unknown
}

func (f Finder) owns(pkg string) bool {
	if pkg == "main" {
		return true
	}
	return slices.ContainsFunc(f.application, func(p string) bool { return Within(pkg, p) || Within(pkg, p+"_test") })
}

// Choose returns which of the frames is the call site: the innermost of the
// application. Where the application is unknown, or has no frame within reach,
// the innermost that no library is known to own has to do. outer is the same
// owner's next frame of another function, since one that calls itself is not
// its own caller. Both are −1 if there is none.
func Choose(frames []Frame) (site, outer int) {
	for _, owner := range []Owner{Application, Unknown} {
		site = slices.IndexFunc(frames, func(f Frame) bool { return f.Owner == owner })
		if site < 0 {
			continue
		}
		for i, f := range frames[site+1:] {
			if f.Owner == owner && f.Function != frames[site].Function {
				return site, site + 1 + i
			}
		}
		return site, -1
	}
	return -1, -1
}

// Where returns the file of a frame, relative to the main module, and its line.
// A file of another module has the path of its package.
func (f Finder) Where(frame runtime.Frame) string {
	pkg := PackageOf(frame.Function)
	file := fileName(frame.File)
	dir := pkg
	switch {
	case pkg == "main" && f.mainPackage != "" && f.mainPackage != "command-line-arguments":
		dir = f.mainPackage
	case pkg == "main":
		dir = path.Base(path.Dir(strings.ReplaceAll(frame.File, `\`, "/")))
	case strings.HasSuffix(file, "_test.go"):
		dir = strings.TrimSuffix(pkg, "_test") // an external test package lives beside its subject
	}
	if f.module != "" && Within(dir, f.module) {
		dir = strings.TrimPrefix(strings.TrimPrefix(dir, f.module), "/")
	}
	return path.Join(dir, file) + ":" + strconv.Itoa(frame.Line)
}

// Caller returns the [Finder.Where] of the call site of the running goroutine,
// or "". Cost: some microseconds.
func (f Finder) Caller() string {
	var pcs [Depth]uintptr
	frames := f.Frames(pcs[:runtime.Callers(2, pcs[:])])
	if site, _ := Choose(frames); site >= 0 {
		return f.Where(frames[site].Frame)
	}
	return ""
}
