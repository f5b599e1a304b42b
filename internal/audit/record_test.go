package audit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/auth"
)

// TestNumbersOfARecord: what the sealer reads without the rest is what the whole record
// says, whatever its texts try.
func TestNumbersOfARecord(t *testing.T) {
	t.Parallel()
	hostile := `x","at":7,"customers":[1,2],"y":"`
	for _, customers := range [][]int64{nil, {9}, {1 << 52, 3, 3, 1<<53 - 1}} {
		for _, text := range []string{"", "Łódź 🌸", hostile, `\",\"at\":7`} {
			g := auth.Refused(auth.Actor{Kind: auth.APIKey, ID: 4, Realm: 5, Role: auth.Role(text)}, auth.Origin{Address: text, RequestID: text})
			record := body(17, 1_790_000_000_123, g, Entry{Action: text, Result: text, Customers: customers, Fields: []string{text}, Filters: []string{text}})
			whole, err := parse(record, 0)
			require.NoError(t, err)
			at, found, err := numbersOf(record, []int64{6})
			require.NoError(t, err)
			require.Equal(t, whole.At.UnixMilli(), at)
			require.Equal(t, append([]int64{6}, whole.Customers...), found, "%s", record)
		}
	}
	for _, damaged := range []string{"", "{}", `{"id":1,"at":x}`, `{"id":1,"at":1,"customers":[1,x]}`} {
		_, _, err := numbersOf([]byte(damaged), nil)
		require.Error(t, err, damaged)
	}
}
