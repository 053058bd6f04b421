// Package found is the shop's routes as a capable team in a hurry wrote them.
// Everything works, every answer is right, and on the team's laptops, with a
// hundred orders in the database, everything was fast.
//
// Package tuned holds the same routes under the same file names once they have
// been measured and fixed: read the two side by side.
package found
