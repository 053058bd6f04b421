package callsite

import (
	"runtime"
	"slices"
	"testing"
)

// stack returns the frames of functions, the innermost first, as f sees them.
func stack(f Finder, functions ...string) []Frame {
	var frames []Frame
	for _, name := range functions {
		pkg := PackageOf(name)
		frames = append(frames, Frame{runtime.Frame{Function: name, File: "x.go"}, pkg, f.owner(pkg, "x.go")})
	}
	return frames
}

func TestChoose(t *testing.T) {
	const module = "example.com/shop"
	f := Finder{application: []string{module}}
	tests := []struct {
		name        string
		functions   []string
		site, outer int
	}{
		{"nothing", nil, -1, -1},
		{"libraries alone", []string{"database/sql.(*DB).Query", "runtime.goexit"}, -1, -1},
		{"the innermost of the application", []string{"database/sql.(*DB).Query", module + "/a.Load", module + "/b.List", "net/http.serve"}, 1, 2},
		{"one that calls itself", []string{module + ".Walk", module + ".Walk", "slices.SortFunc", module + ".List"}, 0, 3},
		{"nobody's, further in", []string{"example.org/lib.Load", module + ".List"}, 1, -1},
		{"nobody's alone", []string{"pgx.x", "example.org/lib.Load", "fmt.Print", "example.org/lib.List"}, 0, 1},
		{"package main", []string{"example.org/lib.Load", "main.main"}, 1, -1},
		{"generated", []string{module + "/ent.Query", module + ".List"}, 1, -1},
	}
	for _, tt := range tests {
		site, outer := Choose(stack(f, tt.functions...))
		if site != tt.site || outer != tt.outer {
			t.Errorf("%s: Choose() = %d, %d, want %d, %d", tt.name, site, outer, tt.site, tt.outer)
		}
	}
}

func TestFramesLeaveHoneOut(t *testing.T) {
	var pcs [Depth]uintptr
	n := runtime.Callers(1, pcs[:]) // this test is a part of hone: what is left is the testing package's
	frames := NewFinder(nil).Frames(pcs[:])
	if n < 2 || len(frames) != n-1 || frames[0].Function != "testing.tRunner" || frames[0].Owner != Library {
		t.Errorf("Frames() = %+v, want the %d after this test", frames, n-1)
	}
	whole := NewFinder([]string{"testing"}).Frames(pcs[:n])
	if !slices.ContainsFunc(whole, func(f Frame) bool { return f.Owner == Application && f.Package == "testing" }) {
		t.Errorf("Frames() = %+v, want those of the package named to be the application's", whole)
	}
}

func TestSiteIsRelativeToTheModule(t *testing.T) {
	const module = "example.com/shop"
	tests := []struct {
		name, mainPackage, function, file string
		where, fn                         string
	}{
		{
			"method", "", "example.com/shop/orders.(*Store).List", "/src/shop/orders/store.go",
			"orders/store.go:41", "orders.(*Store).List",
		},
		{
			"root package", "", "example.com/shop.List", "/src/shop/shop.go",
			"shop.go:41", "shop.List",
		},
		{
			"trimmed path", "", "example.com/shop/orders.List", "example.com/shop/orders/store.go",
			"orders/store.go:41", "orders.List",
		},
		{
			"dot in the package's directory", "", "example.com/shop/orders%2ev2.List", "/src/shop/orders.v2/store.go",
			"orders.v2/store.go:41", "orders.v2.List",
		},
		{
			"external test", "", "example.com/shop/orders_test.TestList", "/src/shop/orders/store_test.go",
			"orders/store_test.go:41", "orders_test.TestList",
		},
		{
			"package main", "example.com/shop/cmd/api", "main.serve", "/src/shop/cmd/api/main.go",
			"cmd/api/main.go:41", "main.serve",
		},
		{
			"package main, built from files", "command-line-arguments", "main.main", "/src/api/main.go",
			"api/main.go:41", "main.main",
		},
		{
			"another module", "", "example.org/lib.Load", "/mod/example.org/lib@v1.0.0/load.go",
			"example.org/lib/load.go:41", "lib.Load",
		},
		{
			"Windows", "", "example.com/shop/orders.List", `C:\src\shop\orders\store.go`,
			"orders/store.go:41", "orders.List",
		},
	}
	for _, tt := range tests {
		f := Finder{module: module, mainPackage: tt.mainPackage}
		where, fn := f.Where(runtime.Frame{Function: tt.function, File: tt.file, Line: 41}), ShortFunction(tt.function)
		if where != tt.where || fn != tt.fn {
			t.Errorf("%s: Where, ShortFunction of %s in %s = %s, %s, want %s, %s", tt.name, tt.function, tt.file, where, fn, tt.where, tt.fn)
		}
	}
}
