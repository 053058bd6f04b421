package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hone-go/hone/respond"
)

// maxBodyBytes bounds a request's body. The largest honest one, an order with
// [MaxLines] lines, has about 5 kB; 64 kB leaves room for generous formatting,
// and is still nothing to hold in memory for each of a thousand requests.
const maxBodyBytes = 64 << 10

// maxTextBytes bounds a text in a request: a name, a login, a search. The
// longest product name in the range has 60.
const maxTextBytes = 200

// Read decodes the request's JSON body into v. It is strict: the media type
// must be JSON, the body one value of at most 64 kB, and every field known.
// The error is a [respond.Problem].
func Read(w http.ResponseWriter, r *http.Request, v any) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return respond.Problemf(http.StatusUnsupportedMediaType, "send the body as application/json")
	}
	return decode(http.MaxBytesReader(w, r.Body, maxBodyBytes), v)
}

// Peek decodes what [Read] would, whatever the media type, and leaves the body
// for it. A body that Peek refuses, Read refuses as well.
func Peek(r *http.Request, v any) error {
	start, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
	r.Body = unread{io.MultiReader(bytes.NewReader(start), r.Body), r.Body}
	if err != nil {
		return err
	}
	return decode(http.MaxBytesReader(nil, io.NopCloser(bytes.NewReader(start)), maxBodyBytes), v)
}

// unread is a body of which what was read is there again.
type unread struct {
	io.Reader
	io.Closer
}

func decode(body io.Reader, v any) error {
	dec := json.NewDecoder(body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return bodyProblem(err)
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return bodyProblem(err)
		}
		return BadRequest("the body has more than one JSON value")
	}
	return nil
}

func bodyProblem(err error) error {
	var tooLarge *http.MaxBytesError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &tooLarge):
		return respond.Problemf(http.StatusRequestEntityTooLarge, "the body is larger than 64 kB")
	case errors.Is(err, io.EOF):
		return BadRequest("the body is empty")
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return BadRequest("the body cannot be a JSON %s", wrongType.Value)
	case errors.As(err, &wrongType):
		return BadRequest("%s cannot be a JSON %s", wrongType.Field, wrongType.Value)
	default:
		return BadRequest("the body is not what this route takes: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

// PathID returns the number in the path's {id}. The error is a [respond.Problem].
func PathID(r *http.Request) (int64, error) { return parseID("id", r.PathValue("id")) }

// QueryID returns the number in a query parameter, or absent if the parameter
// is not there. The error is a [respond.Problem].
func QueryID(r *http.Request, name string, absent int64) (int64, error) {
	query := r.URL.Query()
	if !query.Has(name) {
		return absent, nil
	}
	return parseID(name, query.Get(name))
}

// QueryText returns a query parameter that must be there. The error is a
// [respond.Problem].
func QueryText(r *http.Request, name string) (string, error) {
	text := strings.TrimSpace(r.URL.Query().Get(name))
	if text == "" || !plain(text) {
		return "", BadRequest("%s must be there and be text of 1 to %d bytes", name, maxTextBytes)
	}
	return text, nil
}

func parseID(name, text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, BadRequest("%s is %q, want a whole number from 1", name, text)
	}
	return id, nil
}

// plain reports whether text is short enough and free of what PostgreSQL
// cannot store: broken UTF-8 and the zero character.
func plain(text string) bool {
	return len(text) <= maxTextBytes && utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}
