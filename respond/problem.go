package respond

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// A Problem is an answer that says what went wrong (RFC 9457). It is an error,
// so that a handler can return it; everything in it is meant for the client.
// The zero value is a 500 without details.
type Problem struct {
	// Type is a URI that names the kind of problem. Default "about:blank": the
	// kind is the status.
	Type string
	// Title is the kind in words, the same for each occurrence. Default, if
	// Type is not given: the text of the status.
	Title string
	// Status is the HTTP status, 400 to 599. Any other is sent as 500.
	Status int
	// Detail is this occurrence in words that help the client.
	Detail string
	// Instance is a URI that names this occurrence.
	Instance string
	// Extensions are further members by name. Those called as one of the five
	// above are left out.
	Extensions map[string]any
}

// Problemf returns a problem of the given status; the rest makes its detail,
// which the client reads.
func Problemf(status int, format string, args ...any) Problem {
	return Problem{Status: status, Detail: fmt.Sprintf(format, args...)}
}

// Error returns the status and the detail.
func (p Problem) Error() string {
	p = p.withDefaults()
	text := p.Title
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	return fmt.Sprintf("%d %s", p.Status, text)
}

// Problem returns p: a problem explains itself.
func (p Problem) Problem() Problem { return p }

// MarshalJSON returns the object of RFC 9457 §3, the five members first and
// the extensions in order of their names.
func (p Problem) MarshalJSON() ([]byte, error) {
	p = p.withDefaults()
	body, err := json.Marshal(struct {
		Type     string `json:"type,omitempty"`
		Title    string `json:"title,omitempty"`
		Status   int    `json:"status"`
		Detail   string `json:"detail,omitempty"`
		Instance string `json:"instance,omitempty"`
	}{p.Type, p.Title, p.Status, p.Detail, p.Instance})
	if err != nil {
		return nil, err
	}
	body = body[:len(body)-1]
	for _, name := range slices.Sorted(maps.Keys(p.Extensions)) {
		switch name {
		case "type", "title", "status", "detail", "instance":
			continue
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(p.Extensions[name])
		if err != nil {
			return nil, fmt.Errorf("respond: extension %q of a problem: %w", name, err)
		}
		body = append(append(append(append(body, ','), key...), ':'), value...)
	}
	return append(body, '}'), nil
}

func (p Problem) withDefaults() Problem {
	if p.Status < 400 || p.Status > 599 {
		p.Status = http.StatusInternalServerError
	}
	if p.Title == "" && (p.Type == "" || p.Type == "about:blank") {
		p.Title = statusText(p.Status)
	}
	return p
}

// statusText returns the text of a status, also of one that has none in
// net/http.
func statusText(status int) string {
	switch text := http.StatusText(status); {
	case text != "":
		return text
	case status == statusClientLeft:
		return "Client Closed Request"
	case status < 500:
		return "Client Error"
	default:
		return "Server Error"
	}
}
