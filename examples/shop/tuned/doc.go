// Package tuned is the shop's routes that have been measured and fixed, each
// under the file name that it has in package found. A route that is not here
// yet has no fix yet; package shop lays these over those.
package tuned
