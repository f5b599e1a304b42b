package pan

import (
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/pan/pantest"
)

// Shows: PCI DSS 3.5.1
func TestFindSeesEveryDisguise(t *testing.T) {
	t.Parallel()
	const numbers = 20_000
	for i, number := range pantest.Numbers(1, numbers) {
		disguises := pantest.Disguises(number)
		if i >= 500 { // every number, but each of the many bears only some of the disguises
			disguises = []string{disguises[0], disguises[i%len(disguises)], disguises[(i*7+3)%len(disguises)]}
		}
		for _, text := range disguises {
			if !Find(text) {
				t.Fatalf("not found: %q", text)
			}
		}
	}
}

func TestFindWantsTheRightCheckDigit(t *testing.T) {
	t.Parallel()
	for _, number := range pantest.Numbers(2, 500) {
		wrong := pantest.WrongDigit(number)
		require.True(t, Find(number))
		require.False(t, Find(wrong), wrong)
		require.True(t, Find("pay "+number+" now"))
		require.False(t, Find("pay "+wrong+" now"), wrong)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		text string
		want bool
	}{
		{"empty", "", false},
		{"visa", "4242424242424242", true},
		{"visa with a wrong digit", "4242424242424241", false},
		{"visa of 13", "4222222222222", true},
		{"visa of 14, which nobody issues", "42222222222227", false},
		{"no issuer, right Luhn", "1234567812345670", false},
		{"all zeros", "0000000000000000", false},
		{"after another group", "order 1234 4242 4242 4242 4242", true},
		{"before other groups", "4242 4242 4242 4242 12 27", true},
		{"inside a longer group", "994242424242424242", false},
		{"inside a group no card is as long as", strings.Repeat("4242424242424242", 3), false},
		{"after a group too long", strings.Repeat("1", 40) + " 4242424242424242", true},
		{"letters between the groups", "4242 a 4242 b 4242 c 4242", false},
		{"punctuation between the groups", "(4242) [4242] {4242} <4242>", true},
		{"amex grouped", "3782 822463 10005", true},
		{"amex lacking a group", "3782 822463", false},
		{"mastercard 2-series", "2223003122003222", true},
		{"below the 2-series", "2220990000000005", false},
		{"mixed scripts", "٤٢٤٢ ۴۲۴۲ ４２４２ 4242", true},
		{"mixed scripts, wrong digit", "٤٢٤٢ ۴۲۴۲ ４２４２ 4243", false},
		{"circled", "④②④②④②④②④②④②④②④②", true},
		{"raised", "⁴²⁴²⁴²⁴²⁴²⁴²⁴²⁴²", true},
		{"negative circled zero", "❹⓿⓿⓿⓿⓿⓿⓿⓿⓿⓿⓿⓿⓿⓿❷", true},
		{"four levels of percent", "%25252534242424242424242", false},
		{"three levels of percent", "%252534242424242424242", true},
		{"one level of percent", "%34242424242424242", true},
		{"one level of percent, a digit short", "%3424242424242424", false},
		{"lone percent", "100% sure, 50%", false},
		{"broken escapes", `\u00 \x \U0001 \u{ \u{} \u{zz} &# &#; % %4 %zz`, false},
		{"name with an ampersand", "Smith & Sons, 4242 Main Street", false},
		{"uuid", "123e4567-e89b-12d3-a456-426614174000", false},
		{"utf-16", "4\x002\x004\x002\x004\x002\x004\x002\x004\x002\x004\x002\x004\x002\x004\x002\x00", true},
		{"telephone", "+41 44 668 18 00", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, Find(tt.text))
		})
	}
}

func TestJoined(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want bool
	}{
		{"42424242", "42424242", true},
		{"4242-4242", " 4242.4242 ", true},
		{"378282", "246310005", true},
		{"٤٢٤٢٤٢٤٢", "42424242", true},
		{"42424242", "42424241", false},
		{"42424242x", "42424242", false},
		{"42424242", "y42424242", false},
		{"4242424242424242", "", false},
		{"", "4242424242424242", false},
		{"4222222", "222222", false}, // 13 digits: a card number, but too short for this rule
		{"4222222222222", "0", false},
		{"", "", false},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, Joined(tt.a, tt.b), "%q %q", tt.a, tt.b)
	}
}

func TestJoinedFindsEverySplit(t *testing.T) {
	t.Parallel()
	for _, number := range pantest.Numbers(3, 500) {
		want := len(number) == 15 || len(number) == 16
		for cut := 1; cut < len(number); cut++ {
			require.Equal(t, want, Joined(number[:cut], number[cut:]), "%s at %d", number, cut)
		}
	}
}

func TestLooksLike(t *testing.T) {
	t.Parallel()
	for _, number := range pantest.Numbers(4, 2000) {
		id, err := strconv.ParseInt(number, 10, 64)
		require.NoError(t, err)
		require.Equal(t, len(number) >= 13, LooksLike(id), number)
		require.False(t, LooksLike(id^1), "%d: one digit off", id^1)
	}
	for _, id := range []int64{0, 1, -4242424242424242, 999_999_999_999, 1<<63 - 1, -1 << 63} {
		require.False(t, LooksLike(id), id)
	}
}

func TestDigitsOfEveryScript(t *testing.T) {
	t.Parallel()
	count := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		_, ok := digitValue(r)
		if unicode.Is(unicode.Nd, r) {
			require.True(t, ok, "%U is a digit", r)
			count++
		} else if ok {
			require.True(t, unicode.Is(unicode.No, r), "%U is no number at all", r)
		}
	}
	require.Greater(t, count, 600)
	for _, run := range unicode.Nd.R16 {
		require.EqualValues(t, 1, run.Stride)
		require.Zero(t, (run.Hi-run.Lo+1)%10, "%U", run.Lo)
	}
	for _, run := range unicode.Nd.R32 {
		require.EqualValues(t, 1, run.Stride)
		require.Zero(t, (run.Hi-run.Lo+1)%10, "%U", run.Lo)
	}
}

func TestSurveyNeverOverlooksADigit(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if _, ok := digitValue(r); ok {
			require.Equal(t, 1, survey(string(r)).maybeDigits, "%U", r)
		}
	}
	require.Zero(t, survey("Ærøskøbing Ιωάννης Мария שרה محمد 王小明 たなか 김철수").maybeDigits)
}

func TestFindAllocatesNothingForOrdinaryText(t *testing.T) {
	for _, text := range ordinaryTexts() {
		require.Zero(t, testing.AllocsPerRun(50, func() { Find(text) }), text)
	}
}

func ordinaryTexts() []string {
	return []string{
		"Maximilian Mustermann-Schmidt", "Владимир Владимирович", "محمد بن سلمان آل سعود", "王小明", "田中さくら",
		"Nguyễn Thị Minh Khai", "Flat 12, 221B Baker Street, London NW1 6XE", "María José Fernández 👩‍👩‍👧", "100% & more \\ or less",
	}
}

// hostile are texts of a megabyte each made to keep the search busy.
func hostile() map[string]string {
	fill := func(s string) string { return strings.Repeat(s, 1<<20/len(s)) }
	return map[string]string{
		"single digits":    fill("4 2 "),
		"one long group":   fill("4"),
		"sixteens":         fill("4242424242424241 "),
		"twelves":          fill("676770676770 "),
		"arabic digits":    fill("٤٢"),
		"mathematical":     fill("𝟒 "),
		"base64 shifts":    fill("QUFB"),
		"base64 of digits": fill("NDIy"),
		"base64 deep":      fill("VGxSSmVRPT0"),
		"short tokens":     fill("NDIyNDIyNDIyNDIyNDIy "),
		"percent":          fill("%2525252534"),
		"percent digits":   fill("%34"),
		"entities":         fill("&#52;"),
		"open entities":    fill("&#"),
		"ampersands":       fill("&a"),
		"escapes":          fill(`\u0034`),
		"backslashes":      fill(`\`),
		"broken utf-8":     fill("\xff4"),
		"lead bytes":       fill("\xd9"),
		"emoji":            fill("👩‍👩‍👧"),
	}
}

// TestFindIsLinear would need minutes for a quadratic search; the limit leaves room for -race and a busy machine.
func TestFindIsLinear(t *testing.T) {
	t.Parallel()
	for name, text := range hostile() {
		start := time.Now()
		Find(text)
		took := time.Since(start)
		t.Logf("%-18s %v", name, took)
		require.Less(t, took, 5*time.Second, name)
	}
}

func FuzzFind(f *testing.F) {
	for _, text := range pantest.Disguises("4242424242424242") {
		f.Add(text)
	}
	f.Add("%\\&#\xff\x00")
	f.Fuzz(func(t *testing.T, text string) {
		found := Find(text)
		if !Find(text + " x 4242424242424242") {
			t.Fatal("a number after the text is overlooked")
		}
		if found && !Find(text+" x") {
			t.Fatal("a number is lost when a word follows")
		}
		Joined(text, text)
	})
}

func BenchmarkFind(b *testing.B) {
	rows := map[string]string{
		"name": "Maximilian Graf von Mustermann", "long word": "Maximilian Mustermann-Schmidt", "cyrillic": "Владимир Владимирович", "arabic": "محمد بن سلمان آل سعود",
		"address": "Flat 12, 221B Baker Street, London NW1 6XE", "uuid": "123e4567-e89b-12d3-a456-426614174000",
		"id": "1164358426132480", "base64": "NDI0MiA0MjQyIDQyNDIgNDI0Mg==",
	}
	for name, text := range rows {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Find(text)
			}
		})
	}
}

func BenchmarkFindHostile(b *testing.B) {
	for name, text := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Find(text)
			}
		})
	}
}
