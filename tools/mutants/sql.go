package main

import (
	"regexp"
	"strings"
)

var (
	clause    = regexp.MustCompile(`(?s)\bWHERE\b(.*)`)
	borders   = regexp.MustCompile(`\b(AND|ORDER BY|GROUP BY|LIMIT|RETURNING|ON CONFLICT|WHERE|SET|DO)\b`)
	condition = regexp.MustCompile(`^\s*[a-z_.]+\s*(=|<>|<=|>=|<|>)\s*(\$\d+|'[^']*'|\d+|excluded\.[a-z_]+)\s*$`)
	bare      = regexp.MustCompile(`^[a-z_]+ (=|<|>) \$\d+`)
	apart     = regexp.MustCompile(`\b(realm_id|owner_id)\b`)
)

// spoilSQL gives, for each simple condition of a statement, the statement in which it holds
// for every row; where owners are kept apart also the one for all the others. The parameters stay, so that both texts take the same.
func spoilSQL(text string, tenant bool) map[string]string {
	spoilt := map[string]string{}
	from := 0
	if at := clause.FindStringSubmatchIndex(text); at != nil {
		from = at[2]
	} else if !bare.MatchString(text) {
		return nil
	}
	end := len(text)
	marks := append(borders.FindAllStringIndex(text[from:], -1), []int{end - from, end - from})
	start := from
	for _, mark := range marks {
		piece := text[start : from+mark[0]]
		plain := strings.TrimSpace(piece)
		if condition.MatchString(piece) && (!tenant || apart.MatchString(piece)) {
			space := piece[:strings.Index(piece, plain)]
			put := func(instead string) string {
				return text[:start] + space + instead + strings.TrimPrefix(piece, space+plain) + text[from+mark[0]:]
			}
			spoilt["without "+plain] = put("(" + plain + " OR 1 = 1)")
			if tenant && strings.Contains(plain, " = ") {
				spoilt["but "+strings.Replace(plain, "=", "<>", 1)] = put(strings.Replace(plain, "=", "<>", 1))
			}
		}
		start = from + mark[1]
	}
	return spoilt
}
