package cardguard

import (
	"strconv"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/pan"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Message is what a client reads; it must not help to find the digits.
const Message = "must not contain a card number"

// Typed says which members have a type of their own and are not free text.
type Typed func(name string) bool

// Check finds every place of a value that holds a card number.
func Check(v strictjson.Value, typed Typed) []fault.Field {
	g := guard{typed: typed}
	g.value("", "", v)
	return g.found
}

// Text is the check of one string outside a body: a header, a query value, a cell.
func Text(path, text string) []fault.Field {
	if !holds(text) {
		return nil
	}
	return []fault.Field{at(path)}
}

// holds reports whether a text has a card number in it. A moment in time (RFC 3339) is none,
// though to the nanosecond one in sixty has digits that pass for one.
func holds(text string) bool { return pan.Find(text) && !isMoment(text) }

// isMoment does not take more decimals than clocks have: those could be a card's digits.
func isMoment(text string) bool {
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return false
	}
	_, rest, _ := strings.Cut(text, ".")
	decimals := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	return decimals <= 9
}

type guard struct {
	typed Typed
	found []fault.Field
}

func at(path string) fault.Field {
	return fault.Field{Path: path, Code: "card_number", Message: Message}
}

func (g *guard) value(path, name string, v strictjson.Value) {
	switch v.Kind {
	case strictjson.String, strictjson.Number:
		if !g.typed(name) && holds(v.Text) {
			g.found = append(g.found, at(path))
		}
	case strictjson.Object:
		g.object(path, v.Members)
	case strictjson.Array:
		for i, item := range v.Items {
			g.value(path+"/"+strconv.Itoa(i), name, item)
			if i > 0 && pan.Joined(digitsOf(v.Items[i-1]), digitsOf(item)) {
				g.found = append(g.found, at(path+"/"+strconv.Itoa(i)))
			}
		}
	}
}

func (g *guard) object(path string, members []strictjson.Member) {
	for i, m := range members {
		place := path + "/*" // a name that is a card number can't be repeated
		if !pan.Find(m.Name) {
			place = strictjson.Pointer(path, m.Name)
			g.value(place, m.Name, m.Value)
		} else {
			g.found = append(g.found, at(place))
		}
		if i > 0 && !g.typed(m.Name) && !g.typed(members[i-1].Name) && pan.Joined(digitsOf(members[i-1].Value), digitsOf(m.Value)) {
			g.found = append(g.found, at(place))
		}
	}
}

func digitsOf(v strictjson.Value) string {
	if v.Kind == strictjson.String || v.Kind == strictjson.Number {
		return v.Text
	}
	return ""
}
