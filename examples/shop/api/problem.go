package api

import (
	"fmt"
	"net/http"
)

// A Problem is an error meant for the client: a status and a message, sent as
// {"error": message}.
type Problem struct {
	Status  int
	Message string
}

// Error returns the message.
func (p *Problem) Error() string { return p.Message }

func (p *Problem) write(w http.ResponseWriter) {
	// Nothing is left to do if the client is gone.
	_ = Write(w, p.Status, map[string]string{"error": p.Message})
}

// BadRequest says that the request cannot be understood.
func BadRequest(format string, args ...any) error {
	return &Problem{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// NotFound says that the thing that the path names does not exist.
func NotFound(format string, args ...any) error {
	return &Problem{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// Conflict says that the request is right but not now.
func Conflict(format string, args ...any) error {
	return &Problem{http.StatusConflict, fmt.Sprintf(format, args...)}
}

// Invalid says that the request is well formed but asks for the impossible.
func Invalid(format string, args ...any) error {
	return &Problem{http.StatusUnprocessableEntity, fmt.Sprintf(format, args...)}
}
