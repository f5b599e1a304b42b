// Florin is a customer platform for an internet payment gateway.
package main

import (
	"os"

	"github.com/florin-gateway/florin/internal/cli"
)

func main() { os.Exit(cli.Run(os.Args[1:], os.Stdout, os.Stderr)) }
