package pginvalidate

import (
	"encoding/json"
	"fmt"
	"time"
)

// A payload is what a trigger notifies.
type payload struct {
	// T is when the statement had changed its rows, by the server's clock, in
	// microseconds since 1970.
	T     int64    `json:"t"`
	Tags  []string `json:"tags"`
	Clear bool     `json:"clear"` // everything, instead of tags
}

func parsePayload(s string) (payload, error) {
	var p payload
	if err := json.Unmarshal([]byte(s), &p); err != nil {
		return payload{}, fmt.Errorf("pginvalidate: a notification that no trigger of ours has sent: %w", err)
	}
	if !p.Clear && len(p.Tags) == 0 {
		return payload{}, fmt.Errorf("pginvalidate: a notification that no trigger of ours has sent: it names no tag")
	}
	return p, nil
}

// at returns T by a clock that the server's is ahead of.
func (p payload) at(ahead time.Duration) time.Time { return time.UnixMicro(p.T).Add(-ahead) }
