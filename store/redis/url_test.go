package redis_test

import (
	"strings"
	"testing"

	"github.com/hone-go/hone/store/redis"
)

func TestBadURLs(t *testing.T) {
	// secret must not be in an error, wherever it is.
	tests := []struct{ url, want string }{
		{"", "scheme"},
		{"localhost:6379", "scheme"},
		{"http://u:secret@localhost", "scheme"},
		{"redis://u:secret@local host", "malformed"},
		{"redis://u:sec%zzret@localhost", "malformed"},
		{"redis://u:12?secret@localhost", "want db"},
		{"redis://u:12?secret=1@localhost", "want db"},
		{"redis://u@localhost?secret=1", "want db"},
		{"redis://u:secret@localhost:0", "malformed"},
		{"redis://u:secret@localhost:70000", "malformed"},
		{"redis://u:secret@localhost:port", "malformed"},
		{"redis://u:secret@localhost/one", "not a number"},
		{"redis://u:secret@localhost/1/2", "path"},
		{"redis://u:secret@localhost?db=-1", "not a number"},
		{"redis://u:secret@a,b", "several hosts"},
		{"redis://u:secret@localhost#x", "malformed"},
		{"unix://u:secret@host/path", "unix:///"},
		{"unix://u:secret@", "unix:///"},
		{"redis+sentinel://u:secret@a,b", "names the master"},
		{"redis+sentinel://a,,b/m", "host"},
		{"redis+cluster://u:secret@a/1", "no database"},
		{"redis+cluster://u:secret@a?db=2", "no database"},
	}
	for _, tt := range tests {
		s, err := redis.Open(t.Context(), tt.url, redis.Config{})
		if err == nil {
			s.Close()
			t.Errorf("Open(%q) = nil, want an error with %q", tt.url, tt.want)
			continue
		}
		if text := err.Error(); !strings.Contains(text, tt.want) || strings.Contains(text, "secret") || !strings.HasPrefix(text, "redis: ") {
			t.Errorf("Open(%q) = %q, want it to say %q and no secret", tt.url, text, tt.want)
		}
	}
}

func TestBadConfig(t *testing.T) {
	_, err := redis.Open(t.Context(), "redis://localhost", redis.Config{
		DialTimeout: -1, Heartbeat: -1, MaxValueBytes: 1 << 30, MaxTags: -1,
	})
	if err == nil {
		t.Fatal("Open = nil, want an error")
	}
	for _, field := range []string{"DialTimeout", "Heartbeat", "MaxValueBytes", "MaxTags"} {
		if !strings.Contains(err.Error(), "Config."+field+" is ") {
			t.Errorf("Open = %v, want it to name Config.%s", err, field)
		}
	}
}

func TestURLs(t *testing.T) {
	tests := []struct{ url, want string }{
		{"redis://", "standalone tcp [localhost:6379] db 0"},
		{"redis://h", "standalone tcp [h:6379] db 0"},
		{"redis://h:1/2", "standalone tcp [h:1] db 2"},
		{"redis://h/?db=3", "standalone tcp [h:6379] db 3"},
		{"redis://u:p%40@h", "standalone tcp [h:6379] db 0 user u password p@"},
		{"redis://:p@h", "standalone tcp [h:6379] db 0 password p"},
		{"redis://[::1]:1", "standalone tcp [[::1]:1] db 0"},
		{"redis://[::1]", "standalone tcp [[::1]:6379] db 0"},
		{"rediss://h", "standalone tcp [h:6379] db 0 tls"},
		{"unix:///a/b.sock", "standalone unix [/a/b.sock] db 0"},
		{"unix://u:p@/a/b.sock?db=1", "standalone unix [/a/b.sock] db 1 user u password p"},
		{"redis+sentinel://a,b:1/m", "sentinel tcp [a:26379 b:1] db 0 master m"},
		{"rediss+sentinel://u:p@a/m/4?sentinel_username=x&sentinel_password=y", "sentinel tcp [a:26379] db 4 tls user u password p master m sentinel x y"},
		{"redis+cluster://a,b:1,[::1]:2", "cluster tcp [a:6379 b:1 [::1]:2] db 0"},
		{"rediss+cluster://a", "cluster tcp [a:6379] db 0 tls"},
	}
	for _, tt := range tests {
		if got, err := redis.DescribeURL(tt.url); got != tt.want || err != nil {
			t.Errorf("parseURL(%q) = %q, %v, want %q", tt.url, got, err, tt.want)
		}
	}
}
