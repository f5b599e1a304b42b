//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "lossyfs: needs Linux")
	os.Exit(1)
}
