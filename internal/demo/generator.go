package demo

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Options say which rows are made. Equal Options make equal rows.
type Options struct {
	Seed  uint64
	Count int // rows in all; 0 or less makes none
	// National also writes phones as people do at home, e.g. "07400 123456": readable only with Row.Region as default
	// region. Otherwise every phone names its country: +44…, 0044…, +44 (0)….
	National bool
	// Dirty is the share, 0 to 1, of rows with one deliberate Fault, for trying error files.
	Dirty float64
}

// Generator makes one file's rows in order. It is not safe for concurrent use.
type Generator struct {
	options   Options
	random    *rand.Rand
	regions   []region
	made      int
	lastEmail string
}

// New returns a Generator at its first row.
func New(options Options) *Generator {
	const stream = 0x666c6f72696e // PCG wants two words: the seed, and a constant that keeps us apart from other users of it
	return &Generator{options: options, random: rand.New(rand.NewPCG(options.Seed, stream)), regions: regions()}
}

// Next returns the next row, and false after the last.
func (g *Generator) Next() (Row, bool) {
	if g.made >= g.options.Count {
		return Row{}, false
	}
	g.made++
	r := &g.regions[g.random.IntN(len(g.regions))]
	row := g.sound(r)
	if g.random.Float64() < g.options.Dirty {
		g.spoil(&row)
	} else {
		g.lastEmail = row.Email
	}
	if row.Phone != "" && row.DateOfBirth != "" && row.Address == "" && row.MemberID == "" {
		row.MemberID = g.memberID() // a card guard reads neighbouring members made of digits alone as one
	}
	return row, true
}

func (g *Generator) sound(r *region) Row {
	name, handle := g.person(r)
	home := g.address(r)
	row := Row{Name: name, Email: g.email(r, handle), Region: r.code}
	if g.chance(70) {
		row.Address = home.flat()
	}
	if g.chance(85) {
		row.MemberID = g.memberID()
	}
	if g.chance(70) {
		row.DateOfBirth = g.birthday()
	}
	if g.chance(90) {
		row.Phone = g.phone(r)
	}
	if g.chance(85) {
		row.BillingAddress = home
	}
	if g.chance(20) {
		row.ShippingAddress = g.address(r)
	}
	if g.chance(80) {
		row.Preferences = g.preferences(r)
	}
	if g.chance(30) {
		row.Metadata = g.metadata()
	}
	return row
}

// person returns a name in its own script and an ASCII word for the e-mail address.
func (g *Generator) person(r *region) (name, handle string) {
	group := g.random.IntN(len(r.given))
	given, family := r.given[group], r.family[min(group, len(r.family)-1)]
	var out strings.Builder
	for _, token := range pick(g, r.order) {
		switch token {
		case 'g':
			i := g.random.IntN(len(given))
			out.WriteString(given[i])
			if handle == "" {
				handle = r.handles[group][i]
			}
		case 'f':
			out.WriteString(pick(g, family))
		default:
			out.WriteRune(token)
		}
	}
	return out.String(), handle
}

// email is unique in the file: handles hold no digit, so the row's number behind one can be read in one way only.
func (g *Generator) email(r *region, handle string) string {
	domain := pick(g, []string{"example.com", "example.org", "example.net", "mail.example", "shop.test"})
	if r.domains != nil && g.chance(25) {
		domain = pick(g, r.domains)
	}
	tag := pick(g, []string{"", "", "", "", "+shop", "+news"})
	return handle + pick(g, []string{"", ".", "_", "-"}) + strconv.Itoa(g.made) + tag + "@" + domain
}

func (g *Generator) memberID() string {
	prefix := pick(g, []string{"M-", "VIP/", "member_", "C", "客户-", "кл-"})
	return prefix + strconv.Itoa(g.made) + pick(g, []string{"", "-" + string(rune('A'+g.random.IntN(26)))})
}

// birthday lies between 1935 and 2005, fixed years, so that the file does not change with the day it is made on.
func (g *Generator) birthday() string {
	first := time.Date(1935, time.January, 1, 0, 0, 0, 0, time.UTC)
	return first.AddDate(0, 0, g.random.IntN(71*365)).Format(time.DateOnly)
}

func (g *Generator) preferences(r *region) *Preferences {
	p := &Preferences{Currency: r.currency, Language: r.language, Notifications: g.chance(60), PaymentMethod: r.method}
	if g.chance(10) {
		p.Currency = pick(g, []string{"USD", "EUR"})
	}
	if g.chance(30) {
		p.PaymentMethod = pick(g, []string{"CREDIT_CARD", "APPLE_PAY", "GOOGLE_PAY", "PAYPAL", "CRYPTOCURRENCY"})
	}
	return p
}

func (g *Generator) metadata() map[string]string {
	m := map[string]string{"source": pick(g, []string{"web", "shop", "import", "partner", "трейд-ин", "小程序"})}
	if g.chance(50) {
		m["tier"] = pick(g, []string{"bronze", "silver", "gold", "platinum"})
	}
	if g.chance(30) {
		m["note"] = pick(g, []string{"calls back after 6 pm", "préfère le courriel", "يفضل الاتصال مساءً", `says "no, thanks"; twice`, "first line\nsecond line"})
	}
	if g.chance(8) {
		m["nickname"] = pick(g, []string{"🦊", "👩‍🚀 Ace", "🇧🇷⚽", "zoë 💃🏽"})
	}
	return m
}

func (g *Generator) chance(percent int) bool { return g.random.IntN(100) < percent }

func pick[T ~string](g *Generator, from []T) T { return from[g.random.IntN(len(from))] }
