package sqltrace

import (
	"runtime"
	"sync"

	"github.com/hone-go/hone/internal/callsite"
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
	finder callsite.Finder

	mu struct {
		sync.RWMutex
		byStack map[ledger.Stack]*place
		byName  map[site]*site
	}
}

func newSites(application []string) *sites {
	s := &sites{finder: callsite.NewFinder(application)}
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
	p := s.choose(s.finder.Frames(pcs[:]))

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

// choose returns the place that a stack tells of, or nil.
func (s *sites) choose(frames []callsite.Frame) *place {
	at, outer := callsite.Choose(frames)
	if at < 0 {
		return nil
	}
	p := &place{pc: frames[at].PC, site: s.newSite(frames[at])}
	if outer >= 0 {
		p.outerPC, p.outer = frames[outer].PC, s.newSite(frames[outer])
	}
	if at > 0 {
		p.call = callsite.ShortFunction(frames[at-1].Function)
	}
	p.library = libraryBelow(frames)
	depths := make(map[string]int)
	for _, f := range frames {
		p.serving = p.serving || serves(f.Function)
		if f.Owner == callsite.Application {
			depths[f.Function]++
			p.depth = max(p.depth, depths[f.Function])
		}
	}
	return p
}

func (s *sites) newSite(f callsite.Frame) *site {
	return &site{where: s.finder.Where(f.Frame), function: callsite.ShortFunction(f.Function)}
}
