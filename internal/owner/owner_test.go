package owner_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// two runs a test with two services on one store, as two nodes would be.
func two(t *testing.T, run func(t *testing.T, store *db.DB, hands *clock.Fake, here, there *owner.Service)) {
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		dir := t.TempDir()
		keystore, err := db.Open(t.Context(), vault.Schema(db.Config{URL: filepath.Join(dir, "keystore.db")}))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, keystore.Close()) })
		hands := clock.NewFake(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
		ids := id.NewSource(hands.Clock(), func() uint64 { return 0 }, func(int64) bool { return false })
		v, err := vault.Open(t.Context(), vault.Options{Keystore: keystore, Dir: filepath.Join(dir, "keys"), Clock: hands.Clock(), NextID: ids.Next})
		require.NoError(t, err)
		run(t, store, hands, owner.NewService(store, v, hands.Clock(), ids), owner.NewService(store, v, hands.Clock(), ids))
	})
}

func alone(*db.Tx, owner.Owner) error { return nil }

func good() owner.Settings {
	return owner.Settings{Name: "Łódź & Söhne", BaseCurrency: "eur", DefaultRegion: "pl", DuplicatePolicy: owner.Reject, BrandColor: " #1F4FD8"}
}

func TestOwnersKeepTheirSettingsAndRealms(t *testing.T) {
	t.Parallel()
	two(t, func(t *testing.T, _ *db.DB, _ *clock.Fake, here, there *owner.Service) {
		made, err := here.Create(t.Context(), good(), alone)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(made.SigningSecret, "florin_sig_"))
		require.NotEqual(t, made.Realm(auth.Live), made.Realm(auth.Test))

		found, err := there.Get(t.Context(), made.ID)
		require.NoError(t, err)
		made.SigningSecret = "" // shown once
		require.Equal(t, made, found)
		require.Equal(t, "EUR", found.BaseCurrency)
		require.Equal(t, "#1f4fd8", found.BrandColor)
		realms, err := there.Realms(t.Context())
		require.NoError(t, err)
		require.Equal(t, map[int64]int64{made.LiveRealm: made.ID, made.TestRealm: made.ID}, realms)

		_, err = there.Get(t.Context(), made.ID+1)
		require.True(t, fault.Is(err, fault.OwnerNotFound))
	})
}

func TestAChangeIsSeenElsewhereWithinASecond(t *testing.T) {
	t.Parallel()
	two(t, func(t *testing.T, _ *db.DB, hands *clock.Fake, here, there *owner.Service) {
		made, err := here.Create(t.Context(), good(), alone)
		require.NoError(t, err)
		policy := func(s *owner.Service) owner.Policy {
			o, err := s.Get(t.Context(), made.ID)
			require.NoError(t, err)
			return o.DuplicatePolicy
		}
		require.Equal(t, owner.Reject, policy(there))
		changed := good()
		changed.DuplicatePolicy = owner.Allow
		require.NoError(t, here.Update(t.Context(), made.ID, changed, func(*db.Tx) error { return nil }))
		require.Equal(t, owner.Allow, policy(here), "at once on the node of the change")
		hands.Advance(time.Second)
		require.Equal(t, owner.Allow, policy(there))
	})
}

func TestAFailedUnitMakesNoOwner(t *testing.T) {
	t.Parallel()
	two(t, func(t *testing.T, _ *db.DB, _ *clock.Fake, here, _ *owner.Service) {
		_, err := here.Create(t.Context(), good(), func(*db.Tx, owner.Owner) error { return context.Canceled })
		require.ErrorIs(t, err, context.Canceled)
		all, err := here.List(t.Context())
		require.NoError(t, err)
		require.Empty(t, all)
	})
}

func TestTheSigningSecretIsNotStoredInClear(t *testing.T) {
	t.Parallel()
	two(t, func(t *testing.T, store *db.DB, _ *clock.Fake, here, _ *owner.Service) {
		made, err := here.Create(t.Context(), good(), alone)
		require.NoError(t, err)
		var sealed []byte
		require.NoError(t, store.One(t.Context(), db.Worker(), `SELECT signing_secret FROM owner WHERE id = $1`, []any{made.ID}, &sealed))
		require.NotEmpty(t, sealed)
		require.NotContains(t, string(sealed), made.SigningSecret)
	})
}

func TestCheckFindsEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	bad := owner.Settings{Name: " ", BaseCurrency: "EURO", DefaultRegion: "XX", DuplicatePolicy: "maybe", BrandColor: "red"}
	var paths []string
	for _, f := range owner.Check(&bad) {
		paths = append(paths, f.Path)
	}
	require.Equal(t, []string{"/name", "/baseCurrency", "/defaultRegion", "/brandColor", "/duplicatePolicy"}, paths)
	fine := good()
	require.Empty(t, owner.Check(&fine))
	require.Equal(t, "PL", fine.DefaultRegion)
}

func TestAColorIsAColorAndNothingElse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"#000000": "#000000", "#AbCdEf": "#abcdef", " #123456 ": "#123456"} {
		color, err := owner.ParseColor(text)
		require.NoError(t, err, text)
		require.Equal(t, want, color)
	}
	for _, text := range []string{"", "#fff", "123456", "#12345g", "#1234567", "red", "#12345;", "#-12345", "##12345", "#１２３４５６", "rgb(0,0,0)", "#000000}body{display:none"} {
		_, err := owner.ParseColor(text)
		require.Error(t, err, text)
	}
}
