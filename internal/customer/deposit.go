package customer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Deposit adds what was paid, less than nothing for a refund or a chargeback, to a
// customer's sums, in the unit of what moved the money. base is the same in the minor
// units of the owner's base currency. The sum is kept, not counted: reading it costs the
// same with ten payments and with a hundred thousand.
func Deposit(tx *db.Tx, realm, customer int64, a money.Amount, base int64) {
	if customer == 0 {
		return
	}
	// An erased customer has no row: what is paid to or taken from them then is nobody's.
	tx.Exec(`INSERT INTO customer_deposit (realm_id, customer_id, currency, amount)
		SELECT $1, $2, $3, $4 FROM customer WHERE realm_id = $1 AND id = $2
		ON CONFLICT (realm_id, customer_id, currency) DO UPDATE SET amount = customer_deposit.amount + excluded.amount`,
		realm, customer, a.Currency, a.Minor)
	tx.Exec(`UPDATE customer SET total_deposits = total_deposits + $3, facts = facts + 1 WHERE realm_id = $1 AND id = $2`, realm, customer, base)
}

// Requested notes in the unit of a customer's first payment request that there is one.
func Requested(tx *db.Tx, realm, customer int64) {
	tx.Exec(`UPDATE customer SET has_payment_requests = 1, facts = facts + 1 WHERE realm_id = $1 AND id = $2 AND has_payment_requests = 0`, realm, customer)
}

// appendDeposits writes the members of depositsByCurrency, in order of currency.
func appendDeposits(b []byte, joined string) []byte {
	if joined == "" {
		return b
	}
	parts := strings.Split(joined, ",")
	slices.Sort(parts)
	for i, part := range parts {
		if i > 0 {
			b = append(b, ',')
		}
		code, amount, _ := strings.Cut(part, ":")
		minor, _ := strconv.ParseInt(amount, 10, 64)
		b = append(strictjson.AppendString(b, code), ':')
		b = money.Append(b, minor, money.Exponent(code))
	}
	return b
}
