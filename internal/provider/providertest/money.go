package providertest

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
)

// atOnce is how many calls race each other.
const atOnce = 20

type suite struct {
	Harness
	watched *watched
}

func ref(c provider.Charge, o provider.Outcome) provider.Ref {
	return provider.Ref{Key: c.Key, Reference: o.Reference, Amount: c.Amount}
}

// pay charges, and wants a state.
func (s *suite) pay(t *testing.T, c provider.Charge, want provider.State) provider.Outcome {
	t.Helper()
	out, err := s.watched.Authorise(t.Context(), s.Account, c)
	require.NoError(t, err)
	require.Equal(t, want.String(), out.State.String())
	return out
}

func (s *suite) fetch(t *testing.T, r provider.Ref, want provider.State) provider.Outcome {
	t.Helper()
	out, err := s.watched.Fetch(t.Context(), s.Account, r)
	require.NoError(t, err)
	require.Equal(t, want.String(), out.State.String())
	return out
}

func (s *suite) refund(t *testing.T, key string, r provider.Ref, minor int64) (provider.RefundOutcome, error) {
	t.Helper()
	return s.watched.Refund(t.Context(), s.Account, provider.RefundOrder{Key: key, Ref: r, Amount: money.Amount{Minor: minor, Currency: r.Amount.Currency}})
}

func (s *suite) approve(t *testing.T) {
	c := s.Charge(t, Approves)
	out := s.pay(t, c, provider.Approved)
	require.Equal(t, c.Amount, out.Amount)
	require.NotEmpty(t, out.Reference)
	require.Empty(t, out.Decline)
	if c.Card != nil {
		require.Equal(t, c.Card.Number.Last4(), out.Card.Last4)
		require.Equal(t, c.Card.Number.Brand(), out.Card.Brand)
	}
	for _, r := range []provider.Ref{ref(c, out), {Key: c.Key, Amount: c.Amount}} {
		require.Equal(t, c.Amount, s.fetch(t, r, provider.Approved).Amount)
	}
	require.Equal(t, Book{1, c.Amount.Minor, 0}, s.Book(t, c.Key))
}

func (s *suite) holdAndCapture(t *testing.T) {
	c := s.Charge(t, Approves)
	c.Capture = false
	r := ref(c, s.pay(t, c, provider.Authorised))
	require.Equal(t, Book{1, 0, 0}, s.Book(t, c.Key))
	s.fetch(t, provider.Ref{Key: c.Key, Amount: c.Amount}, provider.Authorised)
	for range 2 {
		out, err := s.watched.Capture(t.Context(), s.Account, r)
		require.NoError(t, err)
		require.Equal(t, provider.Approved.String(), out.State.String())
		require.Equal(t, Book{1, c.Amount.Minor, 0}, s.Book(t, c.Key))
	}
	out, err := s.watched.Cancel(t.Context(), s.Account, r)
	require.NoError(t, err)
	require.Equal(t, provider.Approved.String(), out.State.String(), "a cancel tells what had happened")
}

func (s *suite) holdAndCancel(t *testing.T) {
	c := s.Charge(t, Approves)
	c.Capture = false
	r := ref(c, s.pay(t, c, provider.Authorised))
	for range 2 {
		out, err := s.watched.Cancel(t.Context(), s.Account, r)
		require.NoError(t, err)
		require.Equal(t, provider.Cancelled.String(), out.State.String())
	}
	out, err := s.watched.Capture(t.Context(), s.Account, r)
	require.True(t, err != nil || out.State == provider.Cancelled)
	s.fetch(t, r, provider.Cancelled)
	require.Equal(t, Book{1, 0, 0}, s.Book(t, c.Key))
}

func (s *suite) declines(t *testing.T) {
	for _, reason := range s.Meets {
		if reason == Challenges || reason == TimesOut {
			continue
		}
		for _, capture := range []bool{true, false} {
			c := s.Charge(t, reason)
			c.Capture = capture
			out := s.pay(t, c, provider.Declined)
			require.Equal(t, reason, out.Decline)
			require.Equal(t, reason, s.fetch(t, provider.Ref{Key: c.Key, Reference: out.Reference, Amount: c.Amount}, provider.Declined).Decline)
			require.Zero(t, s.Book(t, c.Key).Captured)
			refused, err := s.refund(t, c.Key+"-refund", ref(c, out), 1)
			require.True(t, err != nil || refused.State == provider.Declined, "nothing was taken")
		}
	}
}

func (s *suite) oneKey(t *testing.T) {
	c := s.Charge(t, Approves)
	first := s.pay(t, c, provider.Approved)
	require.Equal(t, first.Reference, s.pay(t, c, provider.Approved).Reference)
	require.Equal(t, Book{1, c.Amount.Minor, 0}, s.Book(t, c.Key))
	other := c
	other.Amount.Minor += 100
	out, err := s.watched.Authorise(t.Context(), s.Account, other)
	require.True(t, err != nil || out.Amount == c.Amount, "the key has its charge")
	require.Equal(t, Book{1, c.Amount.Minor, 0}, s.Book(t, c.Key))
}

// oneKeyAtOnce: a call that lost the race must not say that nothing happened, or the
// caller would go to another provider.
func (s *suite) oneKeyAtOnce(t *testing.T) {
	c := s.Charge(t, Approves)
	var calls sync.WaitGroup
	var approved, wrong atomic.Int64
	for range atOnce {
		calls.Go(func() {
			out, err := s.watched.Authorise(t.Context(), s.Account, c)
			switch {
			case err == nil && out.State == provider.Approved:
				approved.Add(1)
			case err == nil || errorIsUnavailable(err):
				wrong.Add(1)
			}
		})
	}
	calls.Wait()
	require.Zero(t, wrong.Load())
	require.Positive(t, approved.Load())
	require.Equal(t, Book{1, c.Amount.Minor, 0}, s.Book(t, c.Key))
}

func (s *suite) refundParts(t *testing.T) {
	c := s.Charge(t, Approves)
	r := ref(c, s.pay(t, c, provider.Approved))
	part := c.Amount.Minor / 3
	for i, minor := range []int64{part, part, c.Amount.Minor - 2*part} {
		out, err := s.refund(t, c.Key+"-r"+strconv.Itoa(i), r, minor)
		require.NoError(t, err)
		require.Equal(t, provider.Approved.String(), out.State.String())
		require.Equal(t, minor, out.Amount.Minor)
		require.NotEmpty(t, out.Reference)
	}
	require.Equal(t, Book{1, c.Amount.Minor, c.Amount.Minor}, s.Book(t, c.Key))
	require.Equal(t, c.Amount.Minor, s.fetch(t, r, provider.Approved).Refunded)
}

func (s *suite) refundTooMuch(t *testing.T) {
	c := s.Charge(t, Approves)
	r := ref(c, s.pay(t, c, provider.Approved))
	for range 2 {
		out, err := s.refund(t, c.Key+"-much", r, c.Amount.Minor+1)
		require.True(t, err != nil || out.State == provider.Declined)
		require.Zero(t, s.Book(t, c.Key).Refunded)
	}
	_, err := s.refund(t, c.Key+"-part", r, 1)
	require.NoError(t, err)
	out, err := s.refund(t, c.Key+"-whole", r, c.Amount.Minor)
	require.True(t, err != nil || out.State == provider.Declined, "one unit is gone already")
	require.Equal(t, int64(1), s.Book(t, c.Key).Refunded)
}

func (s *suite) oneRefundKey(t *testing.T) {
	c := s.Charge(t, Approves)
	r := ref(c, s.pay(t, c, provider.Approved))
	var references []string
	for range 3 {
		out, err := s.refund(t, c.Key+"-r", r, c.Amount.Minor/3)
		require.NoError(t, err)
		references = append(references, out.Reference)
	}
	require.Len(t, slices.Compact(references), 1)
	require.Equal(t, c.Amount.Minor/3, s.Book(t, c.Key).Refunded)
}

// refundsAtOnce: 20 different refunds of a tenth each, and each of them twice.
func (s *suite) refundsAtOnce(t *testing.T) {
	c := s.Charge(t, Approves)
	r := ref(c, s.pay(t, c, provider.Approved))
	tenth := c.Amount.Minor / 10
	var calls sync.WaitGroup
	for i := range 2 * atOnce {
		calls.Go(func() { _, _ = s.refund(t, c.Key+"-r"+strconv.Itoa(i%atOnce), r, tenth) })
	}
	calls.Wait()
	book := s.Book(t, c.Key)
	require.LessOrEqual(t, book.Refunded, c.Amount.Minor)
	require.Equal(t, 10*tenth, book.Refunded, "as many as there was money for")
}

func (s *suite) nothingHeld(t *testing.T) {
	c := s.Charge(t, Approves)
	out, err := s.watched.Capture(t.Context(), s.Account, provider.Ref{Key: c.Key, Amount: c.Amount})
	require.True(t, err != nil || out.State != provider.Approved)
	refunded, err := s.refund(t, c.Key+"-r", provider.Ref{Key: c.Key, Amount: c.Amount}, 1)
	require.True(t, err != nil || refunded.State == provider.Declined)
	require.Equal(t, Book{}, s.Book(t, c.Key))
}
