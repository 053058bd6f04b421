package api

// Credentials are what a member of the staff logs in with.
type Credentials struct {
	Login    string `json:"login"`
	Password string `json:"password"`
}

// Validate returns a [respond.Problem] if a field is missing or cannot be right.
func (c Credentials) Validate() error {
	switch {
	case c.Login == "" || !plain(c.Login):
		return BadRequest("login must be there and be text of 1 to %d bytes", maxTextBytes)
	case c.Password == "" || len(c.Password) > maxTextBytes:
		return BadRequest("password must be there and be text of 1 to %d bytes", maxTextBytes)
	default:
		return nil
	}
}

// Staff is a member of the staff.
type Staff struct {
	Login string `json:"login"`
	Name  string `json:"name"`
}
