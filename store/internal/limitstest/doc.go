// Package limitstest is what the tests of the stores of limits share: charges
// and their calls, and charges from several processes, copies of the test's
// own, which begin together.
package limitstest
