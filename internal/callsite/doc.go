// Package callsite finds the line of the application that a stack belongs to:
// the innermost frame that neither hone, nor the standard library, nor a library
// for SQL, nor a code generator has written. Start with [NewFinder].
package callsite
