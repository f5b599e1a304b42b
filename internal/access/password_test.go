package access

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/fault"
)

// Shows: PCI DSS 8.3.6
func TestNewPasswords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why, bad, good string
	}{
		{"length", "fourteen chars", "fifteen chars ✓"},
		{"characters, not bytes", "🐎🐖🐏🐑🐐🐪🐫🦙🦒🐘🦏🦛🐭🐁", "🐎🐖🐏🐑🐐🐪🐫🦙🦒🐘🦏🦛🐭🐁🐀"},
		{"composed first", strings.Repeat("e\u0301", 8), "e\u0301a\u0300o\u0302 u\u0308n\u0303 qwzxv plum"},
		{"most", strings.Repeat("vwxyz kettle ", 20), strings.Repeat("vwxyz kettle ", 20)[:256]},
		{"listed", "1qaz2wsx3edc4rfv", "1qaz2wsx3edc4rfv bees"},
		{"listed, in capitals and spaces", "Correct Horse Battery Staple", "Correct Horse Battery Stapler"},
		{"a listed word around", "!!!2026password2026!!!", "!!!2026 passwordless 2026!!!"},
		{"a listed word again and again", "passwordpassword", "passwordpostword"},
		{"one character", "aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaabz"},
		{"four again and again", "abcdabcdabcdabcd", "abcdeabcdeabcdefg"},
		{"the name", "maria del carmen ruiz", "maria likes rainy boats"},
		{"the address", "carmen@shop.example1", "carmen likes rainy boats"},
		{"the product", "florin florin florin 2026", "florin keeps rainy boats"},
		{"not UTF-8", "\xff\xfe fifteen chars and more", "fifteen chars and more"},
	} {
		personal := []string{"María del Carmen Ruiz", "maria del carmen ruiz", "carmen@shop.example"}
		require.True(t, fault.Is(checkNewPassword(c.bad, false, personal...), fault.ValidationError), c.why)
		require.NoError(t, checkNewPassword(c.good, false, personal...), c.why)
	}
}

func TestTheListIsThere(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(common), "\n")
	require.Greater(t, len(lines), 3000)
	for i, word := range lines {
		require.GreaterOrEqual(t, len(word), 8, word)
		require.True(t, i == 0 || lines[i-1] < word, "%s is out of order: the search would miss it", word)
		require.True(t, listed(word), word)
		require.False(t, listed(word+"\x00"))
	}
}

func TestOnePasswordOfTwoKeyboards(t *testing.T) {
	t.Parallel()
	encoded, err := hashPassword(argonMemory, "caf\u00e9 au lait, merci")
	require.NoError(t, err)
	require.NoError(t, checkPassword(encoded, "cafe\u0301 au lait, merci"))
	require.ErrorIs(t, checkPassword(encoded, "cafe au lait, merci"), errPassword)
	require.ErrorIs(t, checkPassword(nobody(argonMemory), ""), errPassword)
	require.True(t, strings.HasPrefix(encoded, nobody(argonMemory)[:len("$argon2id$v=19$m=47104,t=1,p=1$")]), "nobody costs what somebody costs")
}

// TestFewHashAtOnce: two at a time, thirty wait, the next is turned away at once.
func TestFewHashAtOnce(t *testing.T) {
	t.Parallel()
	h := newHashing()
	hold, started := make(chan struct{}), make(chan struct{}, mostHashing+mostWaiting)
	ended := make(chan error, mostHashing+mostWaiting)
	for range mostHashing + mostWaiting {
		go func() {
			ended <- h.run(context.Background(), func() error {
				started <- struct{}{}
				<-hold
				return nil
			})
		}()
	}
	for h.present.Load() < mostHashing+mostWaiting || len(started) < mostHashing {
		select {
		case <-t.Context().Done():
			t.Fatal("they never came")
		default:
		}
	}
	require.Len(t, started, mostHashing)
	err := h.run(t.Context(), func() error { return nil })
	require.True(t, fault.Is(err, fault.UnavailableCode))
	require.NotZero(t, fault.From(err).RetryAfter)
	close(hold)
	for range mostHashing + mostWaiting {
		require.NoError(t, <-ended)
	}
	require.NoError(t, h.run(t.Context(), func() error { return nil }), "there is room again")
}
