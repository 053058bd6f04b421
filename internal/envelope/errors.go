package envelope

import "errors"

// Errors, told apart with [errors.Is]. None holds a byte of the entry.
var (
	// ErrTruncated: the end is missing.
	ErrTruncated = errors.New("envelope: truncated entry")
	// ErrForeign: it is no entry, or something follows it.
	ErrForeign = errors.New("envelope: not an entry")
	// ErrVersion: it is of a version that this program does not know.
	ErrVersion = errors.New("envelope: entry of another version")
	// ErrChecksum: some of it has changed.
	ErrChecksum = errors.New("envelope: entry has changed since it was written")
	// ErrSealed: it cannot be opened: there is no key, or not the one that
	// sealed it, or it was moved from another key of the store, or changed.
	ErrSealed = errors.New("envelope: sealed entry cannot be opened")
	// ErrUnsealed: it is not sealed, and only sealed ones are trusted.
	ErrUnsealed = errors.New("envelope: entry is not sealed")
	// ErrTooLarge: the body is above the bound, or would be once decompressed.
	ErrTooLarge = errors.New("envelope: body too large")
	// ErrCompressed: the compressed body cannot be decompressed.
	ErrCompressed = errors.New("envelope: body cannot be decompressed")
)
