package api

import (
	"net/http"

	"github.com/hone-go/hone/respond"
)

// BadRequest says that the request cannot be understood.
func BadRequest(format string, args ...any) error {
	return respond.Problemf(http.StatusBadRequest, format, args...)
}

// NotFound says that the thing that the path names does not exist.
func NotFound(format string, args ...any) error {
	return respond.Problemf(http.StatusNotFound, format, args...)
}

// Conflict says that the request is right but not now.
func Conflict(format string, args ...any) error {
	return respond.Problemf(http.StatusConflict, format, args...)
}

// Invalid says that the request is well formed but asks for the impossible.
func Invalid(format string, args ...any) error {
	return respond.Problemf(http.StatusUnprocessableEntity, format, args...)
}
