package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/leave"
	"github.com/florin-gateway/florin/internal/owner"
)

// export gives the files of an owner's export, checked against its manifest.
func export(t *testing.T, s *apptest.Server, o owner.Owner) map[string]string {
	t.Helper()
	var file bytes.Buffer
	m, err := s.App.Leaving.Export(t.Context(), o, &file, func(int) {})
	require.NoError(t, err)
	archive, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	require.NoError(t, err)
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		files[f.Name] = string(text)
	}
	var told leave.Manifest
	require.NoError(t, json.Unmarshal([]byte(files["manifest.json"]), &told))
	require.Equal(t, m, told)
	require.Len(t, archive.File, len(m.Files)+1)
	for _, f := range m.Files {
		sum := sha256.Sum256([]byte(files[f.Name]))
		require.Equal(t, f.SHA256, hex.EncodeToString(sum[:]), f.Name)
		require.Equal(t, f.Rows, strings.Count(files[f.Name], "\n"), f.Name)
		for line := range strings.Lines(files[f.Name]) {
			require.True(t, json.Valid([]byte(line)), f.Name)
		}
	}
	return files
}

// quiet are the files that background work and the export itself do not change.
func quiet(files map[string]string) map[string]string {
	kept := map[string]string{}
	for name, text := range files {
		if !strings.Contains(name, "webhook") && !strings.Contains(name, "audit") && name != "manifest.json" {
			kept[name] = text
		}
	}
	return kept
}

func text(files map[string]string) string {
	var all strings.Builder
	for _, name := range sorted(files) {
		all.WriteString(files[name])
	}
	return all.String()
}

// TestOwnersLeave: what an owner takes along is all of theirs and nothing of others, and
// afterwards there is nothing of theirs and all of the others'.
// Shows: GDPR Art. 28
func TestOwnersLeave(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		parties := sweepParties(t, s.Server)
		owners := map[int64]owner.Owner{}
		for i, p := range parties {
			p.prepare(t, s.App.API().Routes(), i)
			o, err := s.App.Owners.Get(t.Context(), p.owner)
			require.NoError(t, err)
			owners[p.owner] = o
		}
		before := map[int64]map[string]string{}
		for id, o := range owners {
			before[id] = export(t, s.Server, o)
		}
		for _, p := range parties {
			requireTakes(t, p, parties, before[p.owner])
		}
		leaver := parties[2].owner
		destroy(t, s, owners[leaver])
		for _, p := range parties {
			status := s.Do(t, apptest.Request{Method: "GET", Path: "/customers", Key: p.admin}).Status
			if p.owner == leaver {
				require.Equal(t, 401, status)
			} else {
				require.Equal(t, 200, status)
			}
		}
		for id, o := range owners {
			if id != leaver {
				after := quiet(export(t, s.Server, o))
				for name := range after {
					require.Equal(t, before[id][name], after[name], name)
				}
			}
		}
		_, err := s.App.Sealer.Seal(t.Context())
		require.NoError(t, err)
		report, err := audit.Verify(t.Context(), s.App.Store, s.App.Verifier, nil, func(int64) {})
		require.NoError(t, err)
		require.Empty(t, report.Problem)
	})
}

// requireTakes looks for a party's own texts, and for what must not be there.
func requireTakes(t *testing.T, p *party, all []*party, files map[string]string) {
	t.Helper()
	for of, holds := range map[string][]string{
		"customer": {p.known.email, p.known.phone, p.known.member, p.canary + " Known"}, "payment_request": {p.canary}, "interaction": {p.canary + " first"},
		"payment_method": {`"last4":"4242"`, p.canary, `"token":`}, "consent": {"I agree"}, "fee_table": {"CHF"}, "origin_domain": {p.canary}, "payment_log": {`"amount":`}, "event": {"customer.created"},
	} {
		for _, text := range holds {
			require.Contains(t, files[string(p.mode)+"/"+of+".ndjson"], text, of)
		}
	}
	require.Contains(t, files["staff_user.ndjson"], p.canary+" Staff")
	require.Contains(t, files[string(p.mode)+"/webhook_endpoint.ndjson"], p.canary)
	require.NotContains(t, files[string(p.mode)+"/payment_request.ndjson"], `"token"`)
	require.Contains(t, files[string(p.mode)+"/audit.ndjson"], "customer.create")
	whole := text(files)
	for _, other := range all {
		if other.owner != p.owner {
			require.NotContains(t, whole, other.canary)
		}
	}
	for _, secret := range []string{"4242424242424242", "_sk_", "callback-secret", "fingerprint-secret", "florin_sig_", "$argon2", `"keys"`} {
		require.NotContains(t, whole, secret)
	}
}

// destroy ends an owner, cut once in the middle.
func destroy(t *testing.T, s *suite, o owner.Owner) {
	t.Helper()
	again := func(ctx context.Context, progress func(int64)) error {
		now, err := s.App.Owners.Get(t.Context(), o.ID)
		require.NoError(t, err)
		return s.App.Leaving.Destroy(ctx, now, progress)
	}
	require.ErrorIs(t, again(t.Context(), func(int64) {}), leave.ErrActive)
	require.Equal(t, 200, s.Do(t, standing(s.Server, o.ID, m{"status": "suspended", "reason": "Leaves"})).Status)
	ctx, cut := context.WithCancel(t.Context())
	require.Error(t, again(ctx, func(rows int64) {
		if rows > 60 {
			cut()
		}
	}))
	require.Equal(t, 404, s.Do(t, standing(s.Server, o.ID, m{"status": "active"})).Status, "nobody comes back without keys")
	counts, err := s.App.Leaving.Counts(t.Context(), o)
	require.NoError(t, err)
	require.True(t, hasRows(counts), "cut before the end")
	require.NoError(t, again(t.Context(), func(int64) {}))
	counts, err = s.App.Leaving.Counts(t.Context(), o)
	require.NoError(t, err)
	require.False(t, hasRows(counts), "%v", counts)
	_, err = s.App.Vault.Keys(t.Context(), o.ID, o.LiveRealm)
	require.Error(t, err, "no keys")
	_, err = s.App.Owners.Get(t.Context(), o.ID)
	require.Error(t, err)
	var trail strings.Builder
	page, err := s.App.Audit.Find(t.Context(), auth.System(0, 0, "", "test"), audit.Filter{Limit: 200})
	require.NoError(t, err)
	for _, r := range page.Records {
		trail.WriteString(r.Action + " " + strings.Join(r.Fields, ",") + "\n")
	}
	require.Regexp(t, `(?s)owner.destroy .*customer=\d+.*owner.leave`, trail.String())
}

func hasRows(counts []leave.Count) bool {
	for _, c := range counts {
		if c.Rows > 0 && !c.Kept {
			return true
		}
	}
	return false
}
