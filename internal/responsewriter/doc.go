// Package responsewriter is the one [http.ResponseWriter] wrapper that hone's
// middlewares share. It watches a response go by (status, bytes, the moment
// before the header leaves) and changes nothing about it: flushing, hijacking,
// pushing, deadlines, informational responses and the kernel's file copy all
// reach the writer underneath.
package responsewriter
