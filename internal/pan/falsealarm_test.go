package pan

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFalseAlarmsAreRare measures how often harmless free text is taken for a card number, kind by kind.
func TestFalseAlarmsAreRare(t *testing.T) {
	t.Parallel()
	const samples = 100_000
	random := rand.New(rand.NewPCG(11, 11))
	kinds := harmless()
	alarms, total := make(map[string]int), 0
	for i := range samples {
		kind := kinds[i%len(kinds)]
		if Find(kind.text(random)) {
			alarms[kind.name]++
			total++
		}
	}
	each := float64(samples) / float64(len(kinds))
	for _, kind := range kinds {
		t.Logf("%-24s %5.2f %%", kind.name, 100*float64(alarms[kind.name])/each)
	}
	rate := float64(total) / samples
	t.Logf("%-24s %5.2f %%", "all", 100*rate)
	require.Less(t, rate, 0.05)
}

type harmlessText struct {
	name string
	text func(*rand.Rand) string
}

func harmless() []harmlessText {
	digits := func(r *rand.Rand, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('0' + r.IntN(10))
		}
		return string(b)
	}
	return []harmlessText{
		{"name", func(r *rand.Rand) string { return fmt.Sprintf("Jane %c. Müller-O'Brien", 'A'+rune(r.IntN(26))) }},
		{"address", func(r *rand.Rand) string {
			return fmt.Sprintf("Flat %d, %d Baker Street, NW%d 6XE", r.IntN(99), r.IntN(999), r.IntN(20))
		}},
		{"phone US", func(r *rand.Rand) string { return "+1 (" + digits(r, 3) + ") " + digits(r, 3) + "-" + digits(r, 4) }},
		{"phone CH", func(r *rand.Rand) string {
			return "tel. +41 79 " + digits(r, 3) + " " + digits(r, 2) + " " + digits(r, 2)
		}},
		{"phone DE mobile", func(r *rand.Rand) string { return "+49 151 " + digits(r, 8) }},
		{"two phones", func(r *rand.Rand) string { return "+33 1 " + digits(r, 8) + " / +33 6 " + digits(r, 8) }},
		{"IBAN DE", func(r *rand.Rand) string {
			return "DE" + digits(r, 2) + " " + digits(r, 4) + " " + digits(r, 4) + " " + digits(r, 4) + " " + digits(r, 4) + " " + digits(r, 2)
		}},
		{"IBAN bare", func(r *rand.Rand) string { return "FR" + digits(r, 25) }},
		{"date and time", func(r *rand.Rand) string {
			return fmt.Sprintf("20%02d-%02d-%02dT%02d:%02d:%02d.%03dZ", r.IntN(40), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000))
		}},
		{"uuid", func(r *rand.Rand) string {
			return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Uint64N(1<<48))
		}},
		{"hex digest", func(r *rand.Rand) string { return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()) }},
		{"order number", func(r *rand.Rand) string { return "Order 2026-" + digits(r, 7) + ", item " + digits(r, 4) }},
		{"time-ordered id", func(r *rand.Rand) string { return fmt.Sprint(r.Int64N(10*365*86_400_000) << 12) }},
		{"random 16 digits", func(r *rand.Rand) string { return digits(r, 16) }},
		{"sentence", func(r *rand.Rand) string {
			return fmt.Sprintf("Called on %d/%d at %d:%02d about invoice %d, wants %d.%02d back by card ending %04d.", 1+r.IntN(28), 1+r.IntN(12), r.IntN(24), r.IntN(60), r.IntN(1_000_000), r.IntN(10_000), r.IntN(100), r.IntN(10_000))
		}},
	}
}
