package main

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	fewPayments  = 10
	manyPayments = 100_000
)

// totals reads a customer with many payments and one with few by turns. Sums are kept as
// they change, so that neither costs more than the other.
func totals(engine string) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		s, err := l.under(ctx, engine)
		if s == nil || err != nil {
			return err
		}
		t, err := l.till(ctx, s)
		if err != nil {
			return err
		}
		ids := t.ids.snapshot()
		few, many := ids[0], ids[1]
		for _, id := range []int64{few, many} {
			if err := pay(ctx, t, id); err != nil {
				return err
			}
		}
		if err := plant(ctx, s, many); err != nil {
			return err
		}
		return l.compareP50(ctx, r, s, reading(l, t, few), reading(l, t, many))
	}
}

func reading(l *lab, t *till, id int64) slice {
	return func(ctx context.Context, d time.Duration) (sample, error) {
		return load{t.host, growthConnections, gets(t.wire, []int64{id}), l.options.Client}.run(ctx, d)
	}
}

// compareP50 is compare with the ratio of the latencies in the place of that of the rates.
func (l *lab) compareP50(ctx context.Context, r *result, s *subject, floor, florin slice) error {
	var under, over []sample
	kept := func(one slice, all *[]sample) slice {
		return func(ctx context.Context, d time.Duration) (sample, error) {
			out, err := one(ctx, d)
			*all = append(*all, out)
			return out, err
		}
	}
	if err := l.compare(ctx, r, s, kept(l.rested(s, floor), &under), kept(florin, &over)); err != nil {
		return err
	}
	var ratios []float64
	for i := 1; i < len(over); i++ {
		ratios = append(ratios, over[i].percentile(0.50)/max(under[i].percentile(0.50), 1e-9))
	}
	r.Ratio = spreadOf(ratios)
	r.Note = fmt.Sprintf("%d payments against %d, %d connections", manyPayments, fewPayments, growthConnections)
	return nil
}

// pay makes a customer's first payments through the API.
func pay(ctx context.Context, t *till, customer int64) error {
	c, err := dial(ctx, t.host)
	if err != nil {
		return err
	}
	defer c.close()
	w := pays(t, []int64{customer})(0)
	for range 2 * fewPayments {
		status, body, err := c.do(w.request(nil))
		if err == nil && status != 200 {
			err = fmt.Errorf("a payment: %d %.300s", status, body)
		}
		if err != nil {
			return err
		}
		w.answered(body)
	}
	return nil
}

// planting copies one of a customer's payments until there are many, and multiplies what
// is kept of their sum, as if each had been made.
func planting(customer int64) []string {
	id, more := strconv.FormatInt(customer, 10), strconv.Itoa(manyPayments-fewPayments)
	numbers := `WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ` + more + `) `
	const request = `customer_id, key_id, user_id, version, was, status, archived, transaction_status, amount, currency, base_currency, rate, base_amount, fee,
		refunded, base_refunded, refunding, charged_back, base_charged_back, attempts, attempt_id, provider_id, method_id, kind, reference, log_id, log_code, expires_at, paid_at, doc`
	const attempt = `request_id, customer_id, provider_id, kind, state, amount, capture_at, method_id, reference, code, doc`
	one := func(table string) string {
		return ` FROM numbers, (SELECT * FROM ` + table + ` WHERE customer_id = ` + id + ` LIMIT 1) AS one`
	}
	return []string{
		numbers + `INSERT INTO payment_request (realm_id, id, ` + request + `) SELECT realm_id, i, ` + request + one("payment_request"),
		numbers + `INSERT INTO payment_attempt (realm_id, id, ` + attempt + `) SELECT realm_id, i, ` + attempt + one("payment_attempt"),
		`UPDATE customer SET total_deposits = total_deposits * ` + strconv.Itoa(manyPayments/fewPayments) + ` WHERE id = ` + id,
		`UPDATE customer_deposit SET amount = amount * ` + strconv.Itoa(manyPayments/fewPayments) + ` WHERE customer_id = ` + id,
	}
}

func plant(ctx context.Context, s *subject, customer int64) error {
	if s.at != "" {
		return plantPostgres(ctx, s.at, planting(customer))
	}
	path, err := dataFile(ctx, s.dataDir)
	if err != nil {
		return err
	}
	conn, err := openReader(ctx, path)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for _, sql := range planting(customer) {
		if _, err := conn.(driver.ExecerContext).ExecContext(ctx, sql, nil); err != nil {
			return err
		}
	}
	return nil
}

func plantPostgres(ctx context.Context, at string, statements []string) error {
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, sql := range append(statements, `ANALYZE payment_request`, `ANALYZE payment_attempt`) {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
