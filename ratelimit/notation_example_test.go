package ratelimit_test

import (
	"fmt"

	"github.com/hone-go/hone/ratelimit"
)

func ExampleParseAll() {
	limits, err := ratelimit.ParseAll("5 per 2 min fixed; 10/s burst 50, 1000/week | 20 concurrent")
	if err != nil {
		fmt.Println(err)
	}
	for _, l := range limits {
		fmt.Println(l)
	}
	_, err = ratelimit.ParseAll("5/minute; 10 a day")
	fmt.Println(err)
	// Output:
	// 5/2 minutes fixed
	// 10/second burst 50
	// 1000/week
	// 20 concurrent
	// ratelimit: bad notation: "5/minute; 10 a day" at byte 13 ("a day"): want "/", "per" or "concurrent" behind the amount
}
