package fill

import (
	"fmt"
	"math/rand/v2"

	"github.com/florin-gateway/florin/internal/money"
)

// Kind is what becomes of a payment request.
type Kind string

// Kinds, from the usual to the rare.
const (
	Approved  Kind = "approved"
	Retried   Kind = "declined, then approved"
	Declined  Kind = "declined"
	Refunded  Kind = "refunded"
	Partly    Kind = "refunded in part"
	Confirmed Kind = "3-D Secure, confirmed"
	Failed    Kind = "3-D Secure, failed"
	Pending   Kind = "3-D Secure, not answered"
	Disputed  Kind = "charged back"
	Waiting   Kind = "waiting"
	Cancelled Kind = "cancelled"
	Expired   Kind = "expired"
)

// Mix lists the kinds and how many of a hundred payments each has.
func Mix() []Share {
	return []Share{{Approved, 60}, {Retried, 4}, {Declined, 7}, {Refunded, 4}, {Partly, 4}, {Confirmed, 6}, {Failed, 2}, {Pending, 2},
		{Disputed, 2}, {Waiting, 4}, {Cancelled, 3}, {Expired, 2}}
}

// Share is a kind and its part of a hundred.
type Share struct {
	Kind Kind
	Of   int
}

// Payment is one payment request and what becomes of it.
type Payment struct {
	Number int // among all, from 0
	Kind   Kind
	Amount money.Amount
	Card   string
	Save   bool // keep the card as a payment method
	Notes  string
}

// source is the randomness of one thing of a story: what comes before it changes nothing.
func source(seed uint64, what, number int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(what)<<40|uint64(number)))
}

const (
	ofCustomer = iota + 1
	ofPayment
	ofOwner
)

// stories gives each customer the numbers of their payments: many have few, few have many.
func stories(o Options) [][]int {
	all := make([][]int, o.Customers)
	for n := range o.Payments {
		r := source(o.Seed, ofOwner, n)
		place := r.Float64() * r.Float64() // the front half has most of them
		i := int(place * float64(o.Customers))
		all[i] = append(all[i], n)
	}
	return all
}

// payment is what the seed says of a payment. Customers pay in their own currency.
func payment(seed uint64, number int, currency string) Payment {
	r := source(seed, ofPayment, number)
	p := Payment{Number: number, Kind: kind(r), Amount: price(r, currency), Notes: pick(r, goods())}
	p.Card = pick(r, []string{"4242424242424242", "4242424242424242", "4111111111111111", "5555555555554444", "378282246310005"})
	p.Save = p.Kind == Approved && r.IntN(6) == 0
	switch p.Kind {
	case Retried, Declined:
		p.Card = pick(r, []string{"4000000000000002", "4000000000009995", "4000000000009995", "4000000000009987", "4000000000000069", "4000000000000127"})
	case Confirmed, Failed, Pending:
		p.Card = "4000000000003220"
	case Disputed:
		p.Card = "4000000000000259"
	}
	return p
}

func kind(r *rand.Rand) Kind {
	at := r.IntN(100)
	for _, s := range Mix() {
		if at -= s.Of; at < 0 {
			return s.Kind
		}
	}
	return Approved
}

// price is mostly small and now and then large.
func price(r *rand.Rand, currency string) money.Amount {
	units := 4 + int64(r.ExpFloat64()*45)
	if currency == "JPY" {
		return money.Amount{Minor: units * 150, Currency: currency}
	}
	return money.Amount{Minor: units*100 + pick(r, []int64{0, 49, 50, 90, 95, 99}), Currency: currency}
}

func goods() []string {
	return []string{"Monthly plan", "Annual plan", "Two concert tickets", "Pair of shoes, size 41", "Espresso beans, 1 kg", "Gift card", "Course: watercolours",
		"Repair of a bicycle", "Deposit for an apartment", "Top-up", "Donation", "Hotel, two nights", "Phone case", "Box of books"}
}

func currencies() []string { return []string{"USD", "EUR", "GBP", "JPY", "CHF", "PLN"} }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// contacts are the interactions of a customer; most have none.
func contacts(r *rand.Rand) []map[string]any {
	var all []map[string]any
	for range max(0, r.IntN(6)-3) {
		c := map[string]any{"channel": pick(r, []string{"email", "phone", "chat", "in_person"}), "status": pick(r, []string{"open", "closed", "closed"}),
			"subject": pick(r, []string{"Asked about an invoice", "Changed their address", "Wants to pay by another card", "Did not get the parcel", "Said thank you"})}
		if c["status"] == "closed" {
			c["satisfaction"] = 1 + r.IntN(5)
		}
		all = append(all, c)
	}
	return all
}

func (p Payment) reference(seed uint64) string { return fmt.Sprintf("demo-%d-%d", seed, p.Number) }
