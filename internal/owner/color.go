package owner

import (
	"errors"
	"strings"
)

// ParseColor reads #rrggbb and nothing else: what is painted with must not be able to say
// more than a colour.
func ParseColor(text string) (string, error) {
	color := strings.ToLower(strings.TrimSpace(text))
	digits, hash := strings.CutPrefix(color, "#")
	if !hash || len(digits) != 6 || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", errors.New("must be a colour like #1f4fd8")
	}
	return color, nil
}
