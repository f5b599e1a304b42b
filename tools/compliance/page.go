package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

const preface = `<!-- Written by tools/compliance from its items.txt and from the tests. Change those, then: go generate ./tools/compliance -->

# What the law asks, and who does it

Florin can provide for PCI DSS and the GDPR; whoever runs it is assessed for them. Each row: what is asked, in our words and not the text's; what Florin does;
the tests that show it, which run with every change; and what stays yours. Nothing here is legal advice. The PCI DSS rows are for a service that keeps providers' tokens, and
takes cards where ` + "`--accept-card-data`" + ` says so.
`

// page is the whole document.
func page(items []item, marks map[string][]test) string {
	var b strings.Builder
	b.WriteString(preface)
	law := ""
	for _, i := range items {
		if i.law != law {
			law = i.law
			fmt.Fprintf(&b, "\n## %s\n\n| | Asks | Florin | Shown by | Yours |\n|---|---|---|---|---|\n", law)
		}
		does := i.does
		if i.later != "" {
			does = strings.TrimSpace(does + " **Not built yet:** " + i.later)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", strings.ReplaceAll(strings.Join(i.numbers, ", "), "Art. ", "Art.\u00a0"), i.asks, dash(does), dash(links(i, marks)), dash(i.yours))
	}
	return b.String()
}

func dash(text string) string {
	if text == "" {
		return "—"
	}
	return text
}

// links names the tests of a row, each once.
func links(i item, marks map[string][]test) string {
	var out []string
	for _, n := range i.numbers {
		for _, t := range marks[n] {
			link := fmt.Sprintf("[%s %s](../%s)", strings.TrimPrefix(path.Dir(t.file), "internal/"), t.name, t.file)
			if !slices.Contains(out, link) {
				out = append(out, link)
			}
		}
	}
	return strings.Join(out, ", ")
}
