package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store"
)

func TestOpenLimits(t *testing.T) {
	tests := []struct {
		url, want string
		watches   bool // it tells other processes of resets
	}{
		{"memory://", "*memory.Limits", false},
		{"memory://?max=16MiB", "*memory.Limits", false},
		{"memcached://localhost", "*memcached.Limits", false},
		{"redis://127.0.0.1:1/0", "*redis.Limits", true},
		{"mongodb://127.0.0.1:1", "*mongo.Limits", false},
		{"mongodb://u:secret@127.0.0.1:1/shop?authSource=admin", "*mongo.Limits", false},
	}
	for _, tt := range tests {
		l, closeStore, err := store.OpenLimits(t.Context(), tt.url)
		if err != nil {
			t.Errorf("OpenLimits(%q) = %v", tt.url, err)
			continue
		}
		if got := fmt.Sprintf("%T", l); got != tt.want {
			t.Errorf("OpenLimits(%q) = %s, want %s", tt.url, got, tt.want)
		}
		if _, watches := l.(ratelimit.ResetWatcher); watches != tt.watches {
			t.Errorf("OpenLimits(%q) is a ResetWatcher: %t, want %t", tt.url, watches, tt.watches)
		}
		if err := closeStore(); err != nil {
			t.Errorf("closeStore of %q = %v", tt.url, err)
		}
	}
}

func TestOpenLimitsRefuses(t *testing.T) {
	tests := []struct{ url, want string }{
		{"", "want memory://"},
		{"localhost:6379", "want memory://"},
		{"postgres://user:secret@h", `unknown scheme "postgres": want memory://`},
		{"null://", "keeps caches, not limits"},
		{"file:///tmp/x.db", "keeps caches, not limits"},
		{"memory://64MiB", "?max=64MiB"},
		{"memory://?max=1KiB", "MaxBytes is 1024"},
		{"memcached://user:secret@h:1", "no users"},
		{"redis://:secret%zz@host/0", "redis"},
		{"mongodb://", "mongo: "},
		{"mongodb://u:sec/ret@h", "percent-encoding"},
		{"mongodb://u:secret%zz@h", "percent-encoding"},
		{"mongodb://u:secret@h/?tls=maybe", "percent-encoding"},
		{"mongodb://h/?tlsCertificateKeyFile=/none&tlsCertificateKeyFilePassword=secret", "percent-encoding"},
		{"mongodb://h/?tls=maybe", "tls"},
	}
	for _, tt := range tests {
		l, closeStore, err := store.OpenLimits(t.Context(), tt.url)
		if err == nil || l != nil || closeStore() != nil {
			t.Errorf("OpenLimits(%q) = %v, %v, want an error alone", tt.url, l, err)
			continue
		}
		if text := err.Error(); !strings.Contains(text, tt.want) || !strings.HasPrefix(text, "store: ") ||
			strings.Contains(text, "sec") || strings.Contains(text, "ret@") || strings.Contains(text, "\n") {
			t.Errorf("OpenLimits(%q) = %q, want one line with %q and no password", tt.url, text, tt.want)
		}
	}
}
