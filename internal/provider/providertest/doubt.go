package providertest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/provider"
)

func errorIsUnavailable(err error) bool { return errors.Is(err, provider.ErrUnavailable) }

func (s *suite) meets(t *testing.T, what string) {
	t.Helper()
	if !slices.Contains(s.Meets, what) {
		t.Skip("this provider never " + what)
	}
}

// moves reports a state from which money can be taken.
func moves(st provider.State) bool {
	return st == provider.Approved || st == provider.Authorised || st == provider.Pending || st == provider.Challenge
}

func (s *suite) absent(t *testing.T) {
	c := s.Charge(t, Approves)
	r := provider.Ref{Key: c.Key, Amount: c.Amount}
	for range 2 {
		s.fetch(t, r, provider.Absent)
	}
	out, err := s.watched.Authorise(t.Context(), s.Account, c)
	require.True(t, err != nil || !moves(out.State), "the key was promised to stay unused")
	fetched, err := s.watched.Fetch(t.Context(), s.Account, r)
	require.NoError(t, err)
	require.False(t, moves(fetched.State))
	require.Zero(t, s.Book(t, c.Key).Captured)
	s.pay(t, s.Charge(t, Approves), provider.Approved)
}

// absentRace asks for a key while its charge is on the way.
func (s *suite) absentRace(t *testing.T) {
	for range atOnce {
		c := s.Charge(t, Approves)
		var calls sync.WaitGroup
		var fetched provider.Outcome
		var fetchErr error
		calls.Go(func() {
			fetched, fetchErr = s.watched.Fetch(t.Context(), s.Account, provider.Ref{Key: c.Key, Amount: c.Amount})
		})
		calls.Go(func() { _, _ = s.watched.Authorise(t.Context(), s.Account, c) })
		calls.Wait()
		book := s.Book(t, c.Key)
		if fetchErr == nil && fetched.State == provider.Absent {
			require.Zero(t, book.Captured, "money was taken after the promise")
		}
		require.LessOrEqual(t, book.Captured, c.Amount.Minor)
	}
}

// late is a provider that does not answer in time and charges all the same.
func (s *suite) late(t *testing.T) {
	s.meets(t, TimesOut)
	c := s.Charge(t, TimesOut)
	_, err := s.watched.Authorise(t.Context(), s.Account, c)
	require.Error(t, err)
	require.NotErrorIs(t, err, provider.ErrUnavailable, "something may have happened")
	r := provider.Ref{Key: c.Key, Amount: c.Amount}
	out, err := s.watched.Fetch(t.Context(), s.Account, r)
	require.NoError(t, err)
	require.Contains(t, []provider.State{provider.Unknown, provider.Pending, provider.Approved}, out.State)
	s.notice(t, c.Key, provider.Approved)
	s.fetch(t, r, provider.Approved)
	require.Equal(t, Book{1, c.Amount.Minor, 0}, s.Book(t, c.Key))
}

// notice waits for a callback that tells a state of a charge.
func (s *suite) notice(t *testing.T, key string, want provider.State) provider.Callback {
	t.Helper()
	for _, cb := range s.Callbacks(t) {
		notices, err := s.watched.ParseCallback(s.Account, cb)
		require.NoError(t, err)
		for _, n := range notices {
			if n.Ref.Key == key && n.Charge != nil && n.Charge.State == want {
				require.NotEmpty(t, n.ID)
				return cb
			}
		}
	}
	require.Fail(t, "no callback tells that the charge is "+want.String())
	return provider.Callback{}
}

func (s *suite) challenge(t *testing.T) {
	s.meets(t, Challenges)
	for _, capture := range []bool{true, false} {
		c := s.Charge(t, Challenges)
		c.Capture = capture
		want := map[bool]provider.State{true: provider.Approved, false: provider.Authorised}[capture]
		out := s.pay(t, c, provider.Challenge)
		require.NotEmpty(t, out.RedirectURL)
		require.Equal(t, out.RedirectURL, s.pay(t, c, provider.Challenge).RedirectURL, "the same page")
		s.fetch(t, ref(c, out), provider.Challenge)
		require.Zero(t, s.Book(t, c.Key).Captured)
		s.Confirm(t, out.RedirectURL)
		s.notice(t, c.Key, want)
		s.fetch(t, ref(c, out), want)
	}
}

func (s *suite) challengeCancelled(t *testing.T) {
	s.meets(t, Challenges)
	c := s.Charge(t, Challenges)
	out := s.pay(t, c, provider.Challenge)
	cancelled, err := s.watched.Cancel(t.Context(), s.Account, ref(c, out))
	require.NoError(t, err)
	require.Equal(t, provider.Cancelled.String(), cancelled.State.String())
	s.Confirm(t, out.RedirectURL)
	s.fetch(t, ref(c, out), provider.Cancelled)
	require.Zero(t, s.Book(t, c.Key).Captured)
}

func (s *suite) page(t *testing.T) {
	hosted, ok := s.Connector.(provider.HostedPage)
	if !ok {
		t.Skip("this provider has no page")
	}
	c := s.Charge(t, Approves)
	c.Card, c.Token = nil, ""
	out, err := hosted.Page(t.Context(), s.Account, c)
	require.NoError(t, err)
	require.Equal(t, provider.Challenge.String(), out.State.String())
	again, err := hosted.Page(t.Context(), s.Account, c)
	require.NoError(t, err)
	require.Equal(t, out.RedirectURL, again.RedirectURL)
	s.fetch(t, provider.Ref{Key: c.Key, Reference: out.Reference, Amount: c.Amount}, provider.Challenge)
	s.Confirm(t, out.RedirectURL)
	s.notice(t, c.Key, provider.Approved)
	r := provider.Ref{Key: c.Key, Reference: out.Reference, Amount: c.Amount}
	s.fetch(t, r, provider.Approved)
	refunded, err := s.refund(t, c.Key+"-r", r, c.Amount.Minor)
	require.NoError(t, err)
	require.Equal(t, provider.Approved.String(), refunded.State.String())
	require.Equal(t, Book{1, c.Amount.Minor, c.Amount.Minor}, s.Book(t, c.Key))
}

func (s *suite) keep(t *testing.T) {
	keeper, ok := s.Connector.(provider.Keeper)
	if !ok {
		t.Skip("this provider keeps no methods")
	}
	c := s.Charge(t, Approves)
	c.Save, c.Amount.Minor = true, 0
	kept, err := keeper.Keep(t.Context(), s.Account, c)
	require.NoError(t, err)
	require.NotNil(t, kept.Saved)
	require.NotEmpty(t, kept.Saved.Token)
	require.NotEmpty(t, kept.Payer)
	again, err := keeper.Keep(t.Context(), s.Account, c)
	require.NoError(t, err)
	require.Equal(t, kept.Saved.Token, again.Saved.Token)

	for i, initiated := range []bool{false, true} {
		paid := s.Charge(t, Approves)
		paid.Card, paid.Token, paid.Payer, paid.MerchantInitiated = nil, kept.Saved.Token, kept.Payer, initiated
		out := s.pay(t, paid, provider.Approved)
		require.Equal(t, kept.Card.Last4, out.Card.Last4, strconv.Itoa(i))
	}
	for range 2 {
		require.NoError(t, keeper.Forget(t.Context(), s.Account, kept.Saved.Token))
	}
	s.unusable(t, kept.Saved.Token, kept.Payer)

	both := s.Charge(t, Approves)
	both.Save = true
	saved := s.pay(t, both, provider.Approved)
	require.NotNil(t, saved.Saved, "saved while paying")
	require.NoError(t, keeper.ForgetPayer(t.Context(), s.Account, saved.Payer))
	s.unusable(t, saved.Saved.Token, saved.Payer)
}

func (s *suite) unusable(t *testing.T, token, payer string) {
	t.Helper()
	c := s.Charge(t, Approves)
	c.Card, c.Token, c.Payer = nil, token, payer
	out, err := s.watched.Authorise(t.Context(), s.Account, c)
	require.True(t, err != nil || out.State == provider.Declined, "the method was forgotten")
	require.Zero(t, s.Book(t, c.Key).Captured)
}

// failures: what can't be reached did nothing, and says so.
func (s *suite) failures(t *testing.T) {
	require.NotEmpty(t, s.Failing)
	for _, a := range s.Failing {
		c := s.Charge(t, Approves)
		_, err := s.watched.Authorise(t.Context(), a, c)
		require.ErrorIs(t, err, provider.ErrUnavailable)
		_, err = s.watched.Capture(t.Context(), a, provider.Ref{Key: c.Key, Amount: c.Amount})
		require.Error(t, err)
		_, err = s.watched.Fetch(t.Context(), a, provider.Ref{Key: c.Key, Amount: c.Amount})
		require.Error(t, err, "a provider that does not answer promises nothing")
		require.Zero(t, s.Book(t, c.Key).Charges)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	c := s.Charge(t, Approves)
	_, err := s.watched.Authorise(ended, s.Account, c)
	require.Error(t, err)
}

func (s *suite) errorsHoldNothing(t *testing.T) {
	require.Greater(t, s.watched.seen, 5, "the run has seen errors")
	require.Empty(t, s.watched.leaked)
}
