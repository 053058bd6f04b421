//go:build unix

package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
)

func TestTail(t *testing.T) {
	var long strings.Builder
	long.WriteString("it ended while starting:\n")
	for i := range 100 {
		fmt.Fprintf(&long, "line %d\n", i)
	}
	got := tail(errors.New(long.String())).Error()
	if want := "it ended while starting:\n…\nline 80\n"; !strings.HasPrefix(got, want) {
		t.Errorf("tail of a long output begins %.60q, want %q", got, want)
	}
	if !strings.HasSuffix(got, "\nline 99") || strings.Count(got, "line ") != tailLines {
		t.Errorf("tail of a long output = %q, want its last %d lines", got, tailLines)
	}
	for _, short := range []error{errors.New("postgres not found"), errors.New("it ended:\nwhy\n")} {
		if got := tail(short); !errors.Is(got, short) {
			t.Errorf("tail(%q) = %q, want it as it is", short, got)
		}
	}
}

func TestSilent(t *testing.T) {
	open, err1 := net.Listen("tcp", "127.0.0.1:0")
	closed, err2 := net.Listen("tcp", "127.0.0.1:0")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	got := silent([]string{
		"HERE=postgres://postgres@" + open.Addr().String() + "/postgres",
		"GONE=root@tcp(" + closed.Addr().String() + ")/",
	})
	if want := []string{"GONE"}; !slices.Equal(got, want) {
		t.Errorf("silent() = %q, want %q", got, want)
	}
}
