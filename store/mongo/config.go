package mongo

import (
	"errors"
	"fmt"
	"time"
)

// Config holds what is optional about [Limits]. Its zero value is ready.
type Config struct {
	// Database is the database, for [Open]. Default: the URL's, or "hone" if
	// that has none.
	Database string
	// Collection is the collection, which nothing else uses. Default "limits".
	Collection string
	// Timeout bounds each exchange with the server, whatever the context says,
	// the search for a server included. Default 1 s. Not shorter: a new
	// connection with TLS and authentication takes a third of it. Not longer: a
	// request waits for it.
	Timeout time.Duration
}

func (c Config) withDefaults() Config {
	if c.Collection == "" {
		c.Collection = "limits"
	}
	if c.Timeout == 0 {
		c.Timeout = time.Second
	}
	return c
}

func (c Config) validate() error {
	if c.Timeout < 0 {
		return fmt.Errorf("mongo: Config.Timeout is %v, want > 0", c.Timeout)
	}
	return nil
}

var errURL = errors.New("mongo: the URL cannot be read, want mongodb://user:password@host:27017/database?options, " +
	"with percent-encoding in the user and the password, or mongodb+srv://")
