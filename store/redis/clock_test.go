package redis_test

import (
	"testing"
	"time"

	"github.com/hone-go/hone/store/redis"
)

func TestClockKeepsTheBetterReading(t *testing.T) {
	const ms = time.Millisecond
	local := time.Now()
	server := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	after := func(d, offset, within time.Duration) redis.ClockReading {
		return redis.ClockReading{Server: server.Add(d + offset), Local: local.Add(d), Within: within}
	}
	tests := []struct {
		name     string
		readings []redis.ClockReading
		want     time.Duration // the offset taken
	}{
		{"the first", []redis.ClockReading{after(0, 3*ms, 5*ms)}, 3 * ms},
		{"a better one", []redis.ClockReading{after(0, 3*ms, 5*ms), after(time.Second, ms, ms)}, ms},
		{"a worse one", []redis.ClockReading{after(0, ms, ms), after(time.Second, 4*ms, 5*ms)}, ms},
		{"a worse one much later", []redis.ClockReading{after(0, ms, ms), after(time.Minute, 4*ms, 5*ms)}, 4 * ms},
		{"a clock set forward", []redis.ClockReading{after(0, 0, ms), after(time.Second, time.Hour, 5*ms)}, time.Hour},
		{"a clock set back", []redis.ClockReading{after(0, 0, ms), after(time.Second, -time.Hour, 5*ms)}, -time.Hour},
	}
	for _, tt := range tests {
		at := 10 * time.Minute
		if got, want := redis.NowAfter(local.Add(at), tt.readings...), server.Add(at+tt.want); !got.Equal(want) {
			t.Errorf("%s: now = %v, want %v", tt.name, got, want)
		}
	}
}

func TestNowIsTheServers(t *testing.T) {
	s := shared(t)
	if off := time.Since(s.Now()).Abs(); off > time.Second { // one machine, one clock
		t.Errorf("Now() is %v away from the server's clock", off)
	}
}
