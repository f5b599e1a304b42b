package apptest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/screening"
)

// Sanctioned is the one entry of the list that tests begin with. Nobody else is like it.
func Sanctioned() screening.Entry {
	return screening.Entry{Reference: "7001", Type: screening.Person, Names: []string{"Qasim Abdulwahid TESTANIWI", "Касим Тестанивы"}, Births: []string{"1957-04-28"}, Programs: []string{"SDGT"}}
}

// Sanction makes these entries the whole of the list.
func Sanction(t *testing.T, c config.Config, entries ...screening.Entry) {
	t.Helper()
	_, err := screening.Install(c.ScreeningDir(), screening.List{Name: "ofac-sdn", Date: "11/24/2026", Loaded: clock.System().Now()}, entries)
	require.NoError(t, err)
}
