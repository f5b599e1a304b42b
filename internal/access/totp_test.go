package access

import (
	"encoding/base32"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStepsOfTheRFC has the last six digits of RFC 6238, Appendix B, for SHA-1.
func TestStepsOfTheRFC(t *testing.T) {
	t.Parallel()
	seed := []byte(base32.StdEncoding.EncodeToString([]byte("12345678901234567890")))
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		step, err := matchingStep(seed, 0, code, time.Unix(at, 0))
		require.NoError(t, err)
		require.Equal(t, at/30, step)
		_, err = matchingStep(seed, step, code, time.Unix(at, 0))
		require.Error(t, err, "taken")
		_, err = matchingStep(nil, 0, code, time.Unix(at, 0))
		require.Error(t, err, "of nobody")
	}
}
