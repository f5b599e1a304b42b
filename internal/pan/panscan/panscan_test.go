package panscan_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/pan/panscan"
)

type form struct {
	what string
	form panscan.Form
	text []byte
}

// forms are the ways in which a number may stand in a file.
func forms(digits string) []form {
	spaced := digits[:4] + " " + digits[4:8] + " " + digits[8:12] + " " + digits[12:]
	all := []form{
		{"plain", panscan.Text, []byte(digits)},
		{"spaces", panscan.Text, []byte(spaced)},
		{"hyphens", panscan.Text, []byte(strings.ReplaceAll(spaced, " ", "-"))},
		{"dots", panscan.Text, []byte(strings.ReplaceAll(spaced, " ", "."))},
		{"after other groups", panscan.Text, []byte("2026 1234 " + spaced + " 9999")},
		{"beside letters", panscan.Text, []byte("PAN" + digits + "EXP")},
		{"hex", panscan.Hex, []byte(hex.EncodeToString([]byte(digits)))},
		{"hex, spaced", panscan.Hex, []byte(strings.ToUpper(hex.EncodeToString([]byte("n: " + spaced))))},
		{"hex, odd", panscan.Hex, []byte("a" + hex.EncodeToString([]byte("x"+digits)))},
		{"percent", panscan.Escaped, []byte(url.QueryEscape(spaced))},
		{"percent, path", panscan.Escaped, []byte(url.PathEscape(spaced))},
		{"percent, all", panscan.Escaped, escaped(digits, "%%%02x")},
		{"JSON", panscan.Escaped, escaped(digits, "\\u%04x")},
		{"Go", panscan.Escaped, escaped(digits, "\\x%02x")},
	}
	for name, order := range map[string]binary.AppendByteOrder{"UTF-16LE": binary.LittleEndian, "UTF-16BE": binary.BigEndian} {
		for what, text := range map[string]string{name: digits, name + ", spaced": spaced} {
			var wide []byte
			for _, u := range utf16.Encode([]rune(text)) {
				wide = order.AppendUint16(wide, u)
			}
			all = append(all, form{what, panscan.UTF16, wide})
		}
	}
	for shift := range 3 {
		text := []byte(strings.Repeat("\xff", shift) + digits)
		all = append(all, form{fmt.Sprint("base64 at ", shift), panscan.Base64, []byte(base64.StdEncoding.EncodeToString(text))},
			form{fmt.Sprint("base64url at ", shift), panscan.Base64, []byte(base64.RawURLEncoding.EncodeToString(append(text, `","cvv":"ÿÿ"}`...)))})
	}
	return all
}

func escaped(digits, format string) []byte {
	var b []byte
	for _, d := range []byte(digits) {
		b = fmt.Appendf(b, format, d)
	}
	return b
}

// noise is bytes at random that begin and end a planted form without becoming part of it.
func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	if n > 0 {
		b[0], b[n-1] = 1, 1
	}
	return b
}

const (
	right = "4000001234567899"
	wrong = "4000001234567898" // its check digit is not right
)

func TestEveryFormIsFound(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	// Also around the edges of the windows that a file is read in.
	for _, before := range []int{0, 100, 1<<20 - 1<<10 - 20, 1<<20 - 30, 1<<20 - 8} {
		front, back := noise(r, before), noise(r, 3000)
		for i, f := range forms(right) {
			hits, err := panscan.Reader(iotest.HalfReader(bytes.NewReader(bytes.Join([][]byte{front, f.text, back}, nil))))
			require.NoError(t, err)
			require.Len(t, hits, 1, "%s at %d", f.what, before)
			require.Equal(t, f.form, hits[0].Form, f.what)
			require.InDelta(t, before, hits[0].Offset, float64(len(f.text)+8), f.what)
			twin := forms(wrong)[i]
			hits, err = panscan.Reader(bytes.NewReader(bytes.Join([][]byte{front, twin.text, back}, nil)))
			require.NoError(t, err)
			require.Empty(t, hits, "%s of a number that is none", twin.what)
		}
	}
}

func TestWhatIsNoNumber(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"part of a longer run":  "9" + strings.Repeat("0", 8) + right,
		"inside a digest":       "ab" + right + "cdef0123456789abcdef0123456789abcdef",
		"an id of ours":         `{"id":116238862127199,"customerId":116238861975654}`,
		"a time in nanoseconds": "1764068228449123456",
		"groups like no card's": "40 00 00 12 34 56 78 99",
		"mixed separators":      "4000-0012 3456-7899",
	} {
		hits, err := panscan.Reader(strings.NewReader("x: " + text + "\n"))
		require.NoError(t, err)
		require.Empty(t, hits, what)
	}
	hits, err := panscan.Reader(strings.NewReader("x: " + right + "\n"))
	require.NoError(t, err)
	require.Len(t, hits, 1)
}

// Random bytes are what a sealed database looks like.
func TestRandomBytesGiveNoAlarm(t *testing.T) {
	t.Parallel()
	const size = 16 << 20
	hits, err := panscan.Reader(&random{rand.New(rand.NewPCG(7, 7)), size})
	require.NoError(t, err)
	t.Logf("%d alarms in %d MiB of random bytes", len(hits), size>>20)
	require.Empty(t, hits)
}

type random struct {
	*rand.Rand
	left int
}

func (r *random) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), r.left)
	for i := range n {
		p[i] = byte(r.Uint32())
	}
	r.left -= n
	return n, nil
}
