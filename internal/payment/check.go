package payment

import (
	"strconv"

	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/money"
)

func (c *checker) amount(d *Draft) {
	if d.Currency == "" {
		c.faults = append(c.faults, fault.Field{Path: "/unit", Code: "required", Message: "is required"})
	} else if !money.Known(d.Currency) {
		c.bad("/unit", "must be a currency code like USD (ISO 4217), or BTC, ETH, USDT or USDC")
	}
	if d.Amount == "" {
		c.faults = append(c.faults, fault.Field{Path: "/amount", Code: "required", Message: "is required"})
	} else if _, err := money.Parse(d.Amount, money.Exponent(d.Currency)); err != nil {
		c.bad("/amount", err.Error())
	}
}

func amount(literal, currency string) (money.Amount, error) {
	minor, err := money.Parse(literal, money.Exponent(currency))
	if err != nil {
		return money.Amount{}, fault.OneField("/amount", "invalid", err.Error())
	}
	return money.Amount{Minor: minor, Currency: currency}, nil
}

func restricted(customerID int64) *fault.Error {
	return fault.New(fault.Conflict, fault.CustomerRestricted, "The customer's data are restricted and can't be used for payments").
		With("customerId", strconv.FormatInt(customerID, 10))
}
