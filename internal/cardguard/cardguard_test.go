package cardguard_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/cardguard"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/pan/pantest"
	"github.com/florin-gateway/florin/internal/strictjson"
)

func typed(name string) bool { return name == "phone" || name == "id" }

func paths(t *testing.T, body string) []string {
	t.Helper()
	v, err := strictjson.Parse([]byte(body))
	require.NoError(t, err)
	var found []string
	for _, f := range cardguard.Check(v, typed) {
		require.Equal(t, fault.Field{Path: f.Path, Code: "card_number", Message: cardguard.Message}, f)
		found = append(found, f.Path)
	}
	return found
}

func TestCheckNamesThePlace(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"name":"4242 4242 4242 4242"}`:                      {"/name"},
		`{"name":"4242 4242 4242 4241"}`:                      nil, // no card: the last digit is wrong
		`{"metadata":{"a/b":"x 5555-5555-5555-4444 y"}}`:      {"/metadata/a~1b"},
		`{"metadata":{"4242424242424242":"x"}}`:               {"/metadata/*"},
		`{"n":4242424242424242}`:                              {"/n"},
		`{"phone":"4242424242424242","id":4242424242424242}`:  nil, // their parsers look
		`{"line1":"42424242","line2":"42424242"}`:             {"/line2"},
		`{"line1":"42424242","line2":"x","line3":"42424242"}`: nil, // not neighbours
		`["42424242","42424242"]`:                             {"/1"},
		`[{"value":"4242424242424242"}]`:                      {"/0/value"},
		`{"a":{"b":["378282246310005"]}}`:                     {"/a/b/0"},
		`{"name":"Ölçer 12345678","memberId":"M-0001"}`:       nil,
	} {
		require.Equal(t, want, paths(t, body), body)
	}
}

func TestNoFindingRepeatsADigit(t *testing.T) {
	t.Parallel()
	for _, number := range pantest.Numbers(7, 200) {
		for _, place := range []string{`{"name":"` + number + `"}`, `{"` + number + `":1}`, `{"a":{"` + number + `":{"b":"` + number + `"}}}`} {
			found := paths(t, place)
			require.NotEmpty(t, found)
			for _, path := range found {
				require.NotContains(t, path, number)
			}
		}
		require.Empty(t, paths(t, `{"name":"`+pantest.WrongDigit(number)+`"}`), number)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	require.Equal(t, "header/X-Note", cardguard.Text("header/X-Note", "card 4111-1111-1111-1111")[0].Path)
	require.Empty(t, cardguard.Text("header/X-Note", "order 2026-11-22 no 17"))
}

// TestMomentsAreNotCards: nanoseconds of a clock are no card, and a card in the place of
// nanoseconds is one.
func TestMomentsAreNotCards(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		at := time.Unix(1_700_000_000+random.Int64N(1e9), random.Int64N(1e9))
		for _, text := range []string{at.UTC().Format(time.RFC3339Nano), at.In(time.FixedZone("", 5*3600+1800)).Format(time.RFC3339Nano)} {
			require.Empty(t, cardguard.Text("/until", text), text)
		}
	}
	for _, text := range []string{"2026-01-01T00:00:00.4242424242424242Z", "2026-01-01T00:00:00.4242424242424242+01:00", "2026-01-01T00:00:00.4242424242424242", "2026-01-01T00:00:00Z 4242424242424242"} {
		require.NotEmpty(t, cardguard.Text("/until", text), text)
	}
}
