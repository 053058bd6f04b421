package api

import (
	"net/http"

	"github.com/hone-go/hone/respond"
)

// Write answers with v as JSON, with [respond.JSON]. An error means that v
// cannot be encoded; it is for [Handler], which only logs it: the client has
// been told.
func Write(w http.ResponseWriter, r *http.Request, status int, v any) error {
	if err := respond.JSON(w, r, status, v); err != nil {
		return answeredError{err}
	}
	return nil
}

// An answeredError is one that the client has been told of.
type answeredError struct{ error }

func (e answeredError) Unwrap() error { return e.error }
