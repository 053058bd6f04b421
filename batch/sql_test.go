package batch_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hone-go/hone/batch"
)

func TestIn(t *testing.T) {
	tests := []struct {
		style batch.Style
		first int
		keys  []int
		text  string
		args  string
	}{
		{batch.Question, 1, nil, "IN (NULL)", "[]"},
		{batch.Question, 1, []int{7}, "IN (?)", "[7]"},
		{batch.Question, 1, []int{7, 8, 9}, "IN (?, ?, ?, ?)", "[7 8 9 9]"},
		{batch.Question, 5, []int{7, 8}, "IN (?, ?)", "[7 8]"},
		{batch.Dollar, 1, nil, "IN (NULL)", "[]"},
		{batch.Dollar, 1, []int{7}, "IN ($1)", "[7]"},
		{batch.Dollar, 9, []int{7, 8, 9}, "IN ($9, $10, $11, $12)", "[7 8 9 9]"},
	}
	for _, tt := range tests {
		text, args := batch.In(tt.style, tt.first, tt.keys)
		if text != tt.text || fmt.Sprint(args) != tt.args {
			t.Errorf("In(%d, %d, %v) = %q, %v, want %q, %s", tt.style, tt.first, tt.keys, text, args, tt.text, tt.args)
		}
	}
}

func TestAny(t *testing.T) {
	tests := []struct {
		style batch.Style
		first int
		keys  []int
		text  string
	}{
		{batch.Dollar, 1, []int{1, 2}, "= ANY($1)"},
		{batch.Dollar, 12, []int{}, "= ANY($12)"},
		{batch.Question, 12, nil, "= ANY(?)"},
	}
	for _, tt := range tests {
		text, args := batch.Any(tt.style, tt.first, tt.keys)
		if text != tt.text || len(args) != 1 {
			t.Errorf("Any(%d, %d, %v) = %q, %v, want %q and one argument", tt.style, tt.first, tt.keys, text, args, tt.text)
			continue
		}
		if got, ok := args[0].([]int); !ok || got == nil || !equal(got, tt.keys) {
			t.Errorf("argument of Any(%v) = %#v, want the keys, not nil", tt.keys, args[0])
		}
	}
}

func TestPad(t *testing.T) {
	tests := []struct{ keys, want int }{
		{0, 0},
		{1, 1},
		{2, 2},
		{3, 4},
		{4, 4},
		{5, 8},
		{511, 512},
		{512, 512},
		{513, 1024},
		{16_384, 16_384},
		{16_385, 16_385},
		{40_000, 40_000},
	}
	for _, tt := range tests {
		keys := make([]int, tt.keys, tt.keys+3)
		for i := range keys {
			keys[i] = i
		}
		got := batch.Pad(keys)
		if len(got) != tt.want {
			t.Errorf("len(Pad(%d keys)) = %d, want %d", tt.keys, len(got), tt.want)
		}
		for i, key := range got {
			if key != min(i, tt.keys-1) {
				t.Errorf("Pad(%d keys)[%d] = %d, want the last key repeated", tt.keys, i, key)
				break
			}
		}
	}
	roomy := append(make([]int, 0, 8), 1, 2, 3)
	if batch.Pad(roomy); roomy[:4][3] != 0 {
		t.Error("Pad wrote into the caller's array")
	}
}

var placeholder = regexp.MustCompile(`\?|\$(\d+)`)

// FuzzIn checks that text and arguments fit each other, and that the arguments
// are the keys.
func FuzzIn(f *testing.F) {
	f.Add(false, 1, "")
	f.Add(true, 1, "a")
	f.Add(true, 3, "a,b,c")
	f.Add(false, -1, "1,1,1,2,?,$1")
	f.Fuzz(func(t *testing.T, dollar bool, first int, list string) {
		var keys []string
		if list != "" {
			keys = strings.Split(list, ",")
		}
		first = max(first%1000, 1)
		style := batch.Question
		if dollar {
			style = batch.Dollar
		}
		text, args := batch.In(style, first, keys)
		if !strings.HasPrefix(text, "IN (") || !strings.HasSuffix(text, ")") {
			t.Fatalf("In = %q, want a list", text)
		}
		marks := placeholder.FindAllStringSubmatch(text, -1)
		if len(marks) != len(args) {
			t.Fatalf("In = %q with %d arguments, want %d", text, len(args), len(marks))
		}
		if n := len(args); n != len(keys) && (n&(n-1) != 0 || n < len(keys) || n >= 2*len(keys)) {
			t.Fatalf("%d keys make %d arguments, want the next power of two", len(keys), n)
		}
		for i, mark := range marks {
			want := "?"
			if dollar {
				want = "$" + strconv.Itoa(first+i)
			}
			if mark[0] != want || args[i] != keys[min(i, len(keys)-1)] {
				t.Fatalf("placeholder %d = %s with %v, want %s with the key", i, mark[0], args[i], want)
			}
		}
	})
}
