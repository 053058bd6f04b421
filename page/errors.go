package page

import (
	"errors"
	"net/http"
)

// Why a cursor was refused. A [*ParamError] wraps one of them: a client whose
// cursor has expired may start again from the first page, the other two are
// mistakes.
var (
	ErrCursorInvalid = errors.New("page: cursor is malformed or its signature is wrong")
	ErrCursorForeign = errors.New("page: cursor was made for another list, sort or filter")
	ErrCursorExpired = errors.New("page: cursor has expired")
)

// A ParamError says what is wrong with a parameter of a request. It holds
// nothing of the client's value and nothing about the service's inside, so its
// text can be the body of the answer.
type ParamError struct {
	Param  string // the parameter's name, such as "per_page"; "" for the whole query
	Reason string // in words for the client, such as "must be at least 1"
	Err    error  // one of the ErrCursor values, or nil
	status int    // 0 means 400
}

// Error returns the name and the reason.
func (e *ParamError) Error() string {
	if e.Param == "" {
		return "query: " + e.Reason
	}
	return e.Param + ": " + e.Reason
}

// Unwrap returns Err.
func (e *ParamError) Unwrap() error { return e.Err }

// HTTPStatus returns the HTTP status of the answer: 400, or 404 for a page
// beyond the end.
func (e *ParamError) HTTPStatus() int {
	if e.status == 0 {
		return http.StatusBadRequest
	}
	return e.status
}

// ProblemDetail returns the text for the client, which is that of Error.
// Package respond takes it, and the status, for its answer.
func (e *ParamError) ProblemDetail() string { return e.Error() }
