package providertest

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/provider"
)

// callbacks takes one genuine callback and bends it in every way.
func (s *suite) callbacks(t *testing.T) {
	good, c := s.genuine(t)
	amount := strconv.FormatInt(c.Amount.Minor, 10)
	require.Contains(t, string(good.Body), amount, "the suite looks for the amount in minor units")
	late := provider.CallbackWindow - 2*time.Second
	for name, cb := range map[string]provider.Callback{
		"as it came":              good,
		"nearly too old":          {Header: good.Header, Body: good.Body, Now: good.Now.Add(late)},
		"a clock that lags":       {Header: good.Header, Body: good.Body, Now: good.Now.Add(-late)},
		"with a header beside it": {Header: with(good.Header, "X-Other", "1"), Body: good.Body, Now: good.Now},
	} {
		t.Run(name, func(t *testing.T) {
			notices, err := s.watched.ParseCallback(s.Account, cb)
			require.NoError(t, err)
			require.Equal(t, c.Key, notices[0].Ref.Key)
			require.Equal(t, c.Amount, notices[0].Charge.Amount)
		})
	}
	old := provider.CallbackWindow + 2*time.Second
	for name, cb := range map[string]provider.Callback{
		"too old":             {Header: good.Header, Body: good.Body, Now: good.Now.Add(old)},
		"from the future":     {Header: good.Header, Body: good.Body, Now: good.Now.Add(-old)},
		"old with a new time": {Header: redated(good, good.Now.Add(old)), Body: good.Body, Now: good.Now.Add(old)},
		"altered amount":      {Header: good.Header, Body: bytes.ReplaceAll(good.Body, []byte(amount), []byte("1"+amount)), Now: good.Now},
		"longer":              {Header: good.Header, Body: append(bytes.Clone(good.Body), ' '), Now: good.Now},
		"shorter":             {Header: good.Header, Body: good.Body[:len(good.Body)-1], Now: good.Now},
		"empty":               {Header: good.Header, Now: good.Now},
		"without a signature": {Header: http.Header{}, Body: good.Body, Now: good.Now},
		"no header at all":    {Body: good.Body, Now: good.Now},
	} {
		t.Run(name, func(t *testing.T) { s.unbelieved(t, s.Account, cb) })
	}
	t.Run("another secret", func(t *testing.T) { s.unbelieved(t, s.Stranger, good) })
	t.Run("one bit", func(t *testing.T) { s.bits(t, good) })
}

// genuine lets a payment be confirmed, or be late, and returns its callback.
func (s *suite) genuine(t *testing.T) (provider.Callback, provider.Charge) {
	t.Helper()
	if slices.Contains(s.Meets, Challenges) {
		c := s.Charge(t, Challenges)
		s.Confirm(t, s.pay(t, c, provider.Challenge).RedirectURL)
		return s.notice(t, c.Key, provider.Approved), c
	}
	s.meets(t, TimesOut)
	c := s.Charge(t, TimesOut)
	_, err := s.watched.Authorise(t.Context(), s.Account, c)
	require.Error(t, err)
	return s.notice(t, c.Key, provider.Approved), c
}

func (s *suite) unbelieved(t *testing.T, a provider.Account, cb provider.Callback) {
	t.Helper()
	notices, err := s.watched.ParseCallback(a, cb)
	require.ErrorIs(t, err, provider.ErrCallback)
	require.Empty(t, notices)
}

// bits turns one bit of the body at a time, and one of each letter of the headers.
func (s *suite) bits(t *testing.T, good provider.Callback) {
	for i := range good.Body {
		cb := good
		cb.Body = bytes.Clone(good.Body)
		cb.Body[i] ^= 1 << (i % 7)
		s.unbelieved(t, s.Account, cb)
	}
	for name, values := range good.Header {
		if strings.HasPrefix(name, "Content-") {
			continue
		}
		for i := range values[0] {
			if strings.ContainsRune("=, ;", rune(values[0][i])) {
				continue // a separator that may be forgiven
			}
			text := []byte(values[0])
			text[i] = '!'
			cb := good
			cb.Header = with(good.Header, name, string(text))
			s.unbelieved(t, s.Account, cb)
		}
	}
}

func with(h http.Header, name, value string) http.Header {
	out := h.Clone()
	out.Set(name, value)
	return out
}

// redated gives a callback's headers a new time and leaves the signature.
func redated(cb provider.Callback, to time.Time) http.Header {
	out := cb.Header.Clone()
	for name := range out {
		for i, v := range out[name] {
			out[name][i] = strings.ReplaceAll(v, strconv.FormatInt(cb.Now.Unix(), 10), strconv.FormatInt(to.Unix(), 10))
		}
	}
	return out
}
