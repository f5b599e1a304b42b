package demo

import "strings"

// Fault is what a dirty row has wrong.
type Fault string

// Each fault is one that the API refuses with 400, except FaultDuplicate, which is 409 under the default policy.
const (
	FaultName      Fault = "name missing"
	FaultLongName  Fault = "name over 200 characters"
	FaultControl   Fault = "control character in name"
	FaultEmail     Fault = "email malformed"
	FaultDuplicate Fault = "email of an earlier row"
	FaultPhone     Fault = "phone is no number"
	FaultBirth     Fault = "date of birth impossible"
	FaultFuture    Fault = "date of birth in the future"
	FaultCountry   Fault = "country unknown"
	FaultCurrency  Fault = "currency unknown"
	FaultMetadata  Fault = "metadata value over 500 characters"
)

// Faults lists every Fault, in a fixed order.
func Faults() []Fault {
	return []Fault{FaultName, FaultLongName, FaultControl, FaultEmail, FaultDuplicate, FaultPhone, FaultBirth, FaultFuture,
		FaultCountry, FaultCurrency, FaultMetadata}
}

// spoil breaks one thing. While no sound row stands before it there is no e-mail to repeat, and FaultDuplicate becomes FaultEmail.
func (g *Generator) spoil(row *Row) {
	row.Fault = pick(g, Faults())
	if row.Fault == FaultDuplicate && g.lastEmail == "" {
		row.Fault = FaultEmail
	}
	switch row.Fault {
	case FaultName:
		row.Name = pick(g, []string{"", "   "})
	case FaultLongName:
		row.Name = strings.Repeat("é", 201)
	case FaultControl:
		row.Name += "\x07"
	case FaultEmail:
		row.Email = pick(g, []string{"", "no-at-sign.example", "two@@example.com", "@example.com", "spaces in@example.com"})
	case FaultDuplicate:
		row.Email = g.lastEmail
	case FaultPhone:
		row.Phone = pick(g, []string{"call me", "+", "12", "+44 7700 CALL NOW PLEASE"})
	case FaultBirth:
		row.DateOfBirth = pick(g, []string{"1990-02-30", "31/12/1990", "1899-12-31"})
	case FaultFuture:
		row.DateOfBirth = "2199-01-01"
	case FaultCountry:
		row.BillingAddress = &Address{Line1: "1 Nowhere", City: "Atlantis", Country: pick(g, []string{"XX", "GBR", "Österreich"})}
	case FaultCurrency:
		row.Preferences = &Preferences{Currency: pick(g, []string{"EURO", "ZZZ", "$"}), Language: "en"}
	case FaultMetadata:
		row.Metadata = map[string]string{"note": strings.Repeat("long ", 101)}
	}
}
