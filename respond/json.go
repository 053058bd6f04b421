package respond

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
)

// JSONConfig says how [JSONConfig.Write] encodes. The zero value is ready to
// use and is what [JSON] does.
type JSONConfig struct {
	// Indent is put before each line, once per level. Default: one line.
	Indent string
	// KeepHTML leaves <, > and & as they are. Default: they are escaped, so
	// that a body which ends up inside a page cannot close its script.
	KeepHTML bool
}

// JSON answers with v as JSON. The body is complete before anything is sent:
// if v cannot be encoded, the answer is a [Problem] with status 500, and the
// error says why, for the log. The client's leaving is not an error.
//
// Content-Type is application/json unless the handler has set another.
func JSON(w http.ResponseWriter, r *http.Request, status int, v any) error {
	return JSONConfig{}.Write(w, r, status, v)
}

// Write is [JSON], encoded as c says.
func (c JSONConfig) Write(w http.ResponseWriter, r *http.Request, status int, v any) error {
	e := newEncoder()
	defer e.free()
	if c.KeepHTML {
		e.json.SetEscapeHTML(false)
		defer e.json.SetEscapeHTML(true)
	}
	if c.Indent != "" {
		e.json.SetIndent("", c.Indent)
		defer e.json.SetIndent("", "")
	}
	return e.answer(w, r, status, e.json.Encode(v))
}

// An encoder is a buffer and the JSON encoder that writes to it.
type encoder struct {
	buf  bytes.Buffer
	json *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := new(encoder)
	e.json = json.NewEncoder(&e.buf)
	return e
}}

// maxPooledBytes is the largest buffer that is kept for the next answer. Not
// smaller: most answers fit. Not larger: one huge answer must not stay in
// memory, once per processor.
const maxPooledBytes = 64 << 10

func newEncoder() *encoder { return encoders.Get().(*encoder) }

func (e *encoder) free() {
	if e.buf.Cap() > maxPooledBytes {
		return
	}
	e.buf.Reset()
	encoders.Put(e)
}

// value appends v without the newline that [json.Encoder] adds.
func (e *encoder) value(v any) error {
	if err := e.json.Encode(v); err != nil {
		return err
	}
	e.buf.Truncate(e.buf.Len() - 1)
	return nil
}

// answer sends the buffer, or a problem if err is not nil or status is none
// that a response can end with.
func (e *encoder) answer(w http.ResponseWriter, r *http.Request, status int, err error) error {
	if err == nil && (status < 200 || status > 999) {
		err = fmt.Errorf("status is %d, want 200 to 999", status)
	}
	if err != nil {
		Error(w, r, Problem{Status: http.StatusInternalServerError})
		return fmt.Errorf("respond: %w", err)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	send(w, r, status, e.buf.Bytes())
	return nil
}
