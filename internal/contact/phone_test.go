package contact

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
)

func TestParsePhone(t *testing.T) {
	t.Parallel()
	parser := NewPhoneParser(func(s string) bool { return s == "378282246310005" })
	tests := []struct {
		typed, region string
		strict        bool
		want          Phone
		fails         bool
	}{
		{typed: "+41 44 668 18 00", want: Phone{"+41446681800", true, "CH"}},
		{typed: "044 668 18 00", region: "CH", want: Phone{"+41446681800", true, "CH"}},
		{typed: "044 668 18 00", fails: true},
		{typed: "0041 44 668 18 00", want: Phone{"+41446681800", true, "CH"}},
		{typed: "(650) 253-0000", region: "us", want: Phone{"+16502530000", true, "US"}},
		{typed: "+1 416-967-1111", want: Phone{"+14169671111", true, "CA"}},
		{typed: "+44 (0)20 7031 3000", want: Phone{"+442070313000", true, "GB"}},
		{typed: "030/2093-0", region: "DE", want: Phone{"+493020930", true, "DE"}},
		{typed: "+33 1 42 68 53 00", want: Phone{"+33142685300", true, "FR"}},
		{typed: "+39 02 3661 8300", want: Phone{"+390236618300", true, "IT"}},
		{typed: "+34 912 345 678", want: Phone{"+34912345678", true, "ES"}},
		{typed: "8 (495) 123-45-67", region: "RU", want: Phone{"+74951234567", true, "RU"}},
		{typed: "+380 44 123 4567", want: Phone{"+380441234567", true, "UA"}},
		{typed: "+48 22 123 45 67", want: Phone{"+48221234567", true, "PL"}},
		{typed: "٠٢ ٢٢٣٤ ٥٦٧٨", region: "SA", fails: true},
		{typed: "+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧", want: Phone{"+966501234567", true, "SA"}},
		{typed: "０３-１２３４-５６７８", region: "JP", want: Phone{"+81312345678", true, "JP"}},
		{typed: "＋８１ ３ １２３４ ５６７８", want: Phone{"+81312345678", true, "JP"}},
		{typed: "010-1234-5678", region: "KR", want: Phone{"+821012345678", true, "KR"}},
		{typed: "138 0013 8000", region: "CN", want: Phone{"+8613800138000", true, "CN"}},
		{typed: "098765 43210", region: "IN", want: Phone{"+919876543210", true, "IN"}},
		{typed: "(11) 96123-4567", region: "BR", want: Phone{"+5511961234567", true, "BR"}},
		{typed: "+54 9 11 2345-6789", want: Phone{"+5491123456789", true, "AR"}},
		{typed: "0532 123 45 67", region: "TR", want: Phone{"+905321234567", true, "TR"}},
		{typed: "0803 123 4567", region: "NG", want: Phone{"+2348031234567", true, "NG"}},
		{typed: "02 9374 4000", region: "AU", want: Phone{"+61293744000", true, "AU"}},
		{typed: "\u202a+41 44 668 18 00\u202c", want: Phone{"+41446681800", true, "CH"}},
		{typed: "+1234567890", want: Phone{E164: "+1234567890"}},
		{typed: "+1234567890", strict: true, fails: true},
		{typed: "+378282246310005", fails: true},
		{typed: "+378282246310006", want: Phone{E164: "+378282246310006"}},
		{typed: "+123456", fails: true},
		{typed: "+1234567890123456", fails: true},
		{typed: "+41 44 668 18 00 ext. 5", fails: true},
		{typed: "call me", fails: true},
		{typed: "+41+446681800", fails: true},
		{typed: "", fails: true},
		{typed: "+", fails: true},
	}
	for _, tt := range tests {
		got, err := parser.Parse(tt.typed, tt.region, tt.strict)
		if tt.fails {
			require.Error(t, err, tt.typed)
			continue
		}
		require.NoError(t, err, tt.typed)
		require.Equal(t, tt.want, got, tt.typed)
	}
}

// TestPlansAgreeWithTheLibrary holds our reading of the metadata against phonenumbers' own, on example numbers of every
// region changed at random and on plain noise.
func TestPlansAgreeWithTheLibrary(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	var p plans
	sure, valid, accepted := 0, 0, 0
	digits := phoneSamples(random, 12)
	for _, d := range digits {
		want, ok := byLibrary("+"+d, "")
		if ok {
			accepted++
		}
		region, isValid, isSure := p.check(d)
		if !isSure {
			continue
		}
		sure++
		if isValid {
			valid++
		}
		require.Equal(t, ok, isValid, "+%s", d)
		if ok {
			require.Equal(t, want, Phone{E164: "+" + d, InUse: true, Region: region})
		}
	}
	t.Logf("%d numbers: sure of %d (%.1f %%), of %d valid ones %d; agreement 100 %%",
		len(digits), sure, 100*float64(sure)/float64(len(digits)), accepted, valid)
	require.Greater(t, valid, accepted*8/10)
	require.Greater(t, sure-valid, 500)
}

func phoneSamples(random *rand.Rand, perRegion int) []string {
	var samples []string
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE} {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil {
				continue
			}
			d := phonenumbers.Format(example, phonenumbers.E164)[1:]
			samples = append(samples, d)
			for i := range perRegion / 2 {
				changed := []byte(d)
				for range 1 + i%4 {
					changed[2+random.IntN(len(changed)-2)] = byte('0' + random.IntN(10))
				}
				samples = append(samples, string(changed[:len(changed)-i%7/6]))
			}
		}
	}
	for range 1000 {
		samples = append(samples, fmt.Sprint(random.Int64N(1_000_000_000_000_000)))
	}
	return samples
}

func TestDecimalOfEveryScript(t *testing.T) {
	t.Parallel()
	check := func(lo, hi rune) {
		for r := lo; r <= hi; r++ {
			d, ok := decimal(r)
			require.True(t, ok)
			require.EqualValues(t, (r-lo)%10, d, "%U", r)
		}
	}
	for _, run := range unicode.Nd.R16 {
		check(rune(run.Lo), rune(run.Hi))
	}
	for _, run := range unicode.Nd.R32 {
		check(rune(run.Lo), rune(run.Hi))
	}
}

func FuzzParsePhone(f *testing.F) {
	for _, s := range []string{"+41446681800", "044 668 18 00", "+1234567890", "٠٤٤", "+\xff", strings.Repeat("9", 300)} {
		f.Add(s, "CH")
	}
	parser := NewPhoneParser(nil)
	f.Fuzz(func(t *testing.T, s, region string) {
		first, err := parser.Parse(s, region, false)
		if err != nil {
			return
		}
		again, err := parser.Parse(first.E164, region, false)
		require.NoError(t, err)
		require.Equal(t, first, again)
	})
}

func BenchmarkParsePhone(b *testing.B) {
	parser := NewPhoneParser(nil)
	for _, s := range []string{"+41446681800", "+1 650-253-0000", "+14169671111", "+919876543210", "+8613800138000", "+5491123456789"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parser.Parse(s, "", false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
