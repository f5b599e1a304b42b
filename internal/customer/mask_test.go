package customer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/customer"
)

func TestMaskedShowsEnoughToAsk(t *testing.T) {
	t.Parallel()
	p := customer.Profile{Name: "María del Carmen", Email: "jsmith@example.com", Phone: "+34612345678", Address: "Calle Mayor 1", MemberID: "M-1", DateOfBirth: "1990-04-01",
		Billing: &customer.Address{Line1: "Calle Mayor 1", City: "Madrid", Country: "ES"}, Preferences: customer.Preferences{Currency: "EUR", Language: "es"},
		Metadata: []customer.Pair{{Key: "crm", Value: "Lead 7"}}}
	before := p
	require.Equal(t, customer.Profile{Name: "M*** d*** C***", Email: "j***@e…", Phone: "***5678", Address: "***", MemberID: "***", DateOfBirth: "***",
		Billing: &customer.Address{Line1: "***", City: "***", Country: "ES"}, Preferences: p.Preferences, Metadata: []customer.Pair{{Key: "crm", Value: "***"}}}, p.Masked())
	require.Equal(t, before, p, "the profile itself stays")
	require.Equal(t, "Calle Mayor 1", p.Billing.Line1)
	require.Equal(t, customer.Profile{Metadata: []customer.Pair{}}, customer.Profile{}.Masked(), "what is not set stays so")
	for given, want := range map[[2]string][2]string{
		{"王小明", "李@例え.jp"}:                  {"王***", "李***@例…"},
		{"محمد علي", "a@b"}:                 {"م*** ع***", "a***@b…"},
		{"e\u0301lise  Z", "\"a@b\"@c.org"}: {"e\u0301*** Z***", "\"***@c…"},
		{"👩‍👩‍👧 x", "no address"}:           {"👩*** x***", "***"},
	} {
		m := customer.Profile{Name: given[0], Email: given[1]}.Masked()
		require.Equal(t, want, [2]string{m.Name, m.Email})
	}
	for given, want := range map[string]string{"+4912345": "***45", "+1": "***", "+123456789": "***6789", "12": "***", "": ""} {
		require.Equal(t, want, customer.Profile{Phone: given}.Masked().Phone, given)
	}
}
