package paypage_test

import (
	"os"
	"strings"
	"testing"

	"github.com/florin-gateway/florin/internal/browsertest"
)

var browser browsertest.Browser

func TestMain(m *testing.M) { os.Exit(browsertest.Run(m, &browser)) }

func fillCard(b *browsertest.Tab, number string) {
	b.Fill("name", "Zoë Łukasz", "number", number, "expiry", "09/38", "code", "918")
}

func has(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
