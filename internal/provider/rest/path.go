package rest

import (
	"encoding/json"
	"strconv"
	"strings"
)

// follow goes a dotted path through a document: names, and numbers in lists. An empty
// path, or one that leads nowhere, gives nil.
func follow(doc any, path string) any {
	if path == "" {
		return nil
	}
	for step := range strings.SplitSeq(path, ".") {
		switch here := doc.(type) {
		case map[string]any:
			doc = here[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(here) {
				return nil
			}
			doc = here[n]
		default:
			return nil
		}
	}
	return doc
}

// text is a text or a number at a path, "" for anything else.
func text(doc any, path string) string {
	switch v := follow(doc, path).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func number(doc any, path string) int {
	n, err := strconv.Atoi(text(doc, path))
	if err != nil {
		return 0
	}
	return n
}

// digits keeps a provider from telling us more of a card than may be kept (PCI DSS 3.4.1).
func digits(text string, most int) string {
	if len(text) > most || strings.Trim(text, "0123456789") != "" {
		return ""
	}
	return text
}

// printable is what of a foreign word may be shown and kept.
func printable(text string) string {
	if len(text) > 40 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return text
}

func threeDS(text string) string {
	switch text {
	case "authenticated", "attempted", "failed":
		return text
	}
	return ""
}
