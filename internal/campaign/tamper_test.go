//go:build unix

package campaign

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// TestAuditEdits changes the trail as somebody would who has the disk and not the
// keys. Every change has to be seen, and a record named.
// Shows: PCI DSS 10.3.4; GDPR Art. 32(1)(d)
func TestAuditEdits(t *testing.T) {
	t.Parallel()
	in, outside := trail(t)
	require.Zero(t, in.copyOf(t).run(t, "audit", "verify").code, "the unedited twin")
	require.Zero(t, in.copyOf(t).run(t, "audit", "verify", "--against", outside).code, "the unedited twin, against the outside sink")
	for name, change := range edits(t, in) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			edited := in.copyOf(t)
			editStore(t, edited, change)
			seen(t, edited.run(t, "audit", "verify"))
		})
	}
	for _, keep := range []int{1, 2, 4} {
		t.Run(fmt.Sprintf("tail cut to %d checkpoints", keep), func(t *testing.T) {
			t.Parallel()
			edited := in.copyOf(t)
			editStore(t, edited, cutTail(keep))
			seen(t, edited.run(t, "audit", "verify")) // the default sink is against it
			require.NoError(t, os.Remove(filepath.Join(edited.dir, "audit", "checkpoints")))
			require.Zero(t, edited.copyOf(t).run(t, "audit", "verify").code, "without any outside checkpoint nobody can see it")
			seen(t, edited.run(t, "audit", "verify", "--against", outside))
		})
	}
}

func seen(t *testing.T, o outcome) {
	t.Helper()
	require.Equal(t, 2, o.code, "%s%s", o.out, o.err)
	require.Regexp(t, regexp.MustCompile(`record \d+|records up to \d+`), o.err)
}

// trail is an installation with a trail of several segments and checkpoints, and its
// outside sink.
func trail(t *testing.T) (in *installation, outside string) {
	t.Helper()
	outside = filepath.Join(t.TempDir(), "outside")
	in = newInstallation(t)
	in.serve = []string{"--audit-sink", outside}
	s := in.start(t)
	for round := range 6 {
		before := checkpoints(outside)
		for n := range 12 {
			got, err := s.must(t, http.StatusOK, http.MethodPost, "/customers", "", createBody(fmt.Sprintf("trail-%d-%d", round, n))).customer()
			require.NoError(t, err)
			s.must(t, http.StatusOK, http.MethodGet, customerPath(got.ID), "", nil)
		}
		require.Eventually(t, func() bool { return checkpoints(outside) > before }, 10*time.Second, 20*time.Millisecond)
	}
	s.stop(t)
	return in, outside
}

func checkpoints(file string) int {
	text, _ := os.ReadFile(file)
	return strings.Count(string(text), "florin-audit\n")
}

// change edits the store.
type change func(*testing.T, *sql.DB)

func editStore(t *testing.T, in *installation, c change) {
	t.Helper()
	store, err := sql.Open("sqlite", filepath.Join(in.dir, "florin.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	store.SetMaxOpenConns(1)
	c(t, store)
}

// statement is a change by one statement; it has to change something.
func statement(text string, args ...any) change {
	return func(t *testing.T, store *sql.DB) {
		t.Helper()
		result, err := store.Exec(text, args...)
		require.NoError(t, err)
		changed, err := result.RowsAffected()
		require.NoError(t, err)
		require.Positive(t, changed, text)
	}
}

func query(t *testing.T, store *sql.DB, text string, args ...any) [][]any {
	t.Helper()
	rows, err := store.Query(text, args...)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var out [][]any
	for rows.Next() {
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		require.NoError(t, rows.Scan(targets...))
		out = append(out, values)
	}
	require.NoError(t, rows.Err())
	return out
}

// edits are all changes but those of the tail.
func edits(t *testing.T, in *installation) map[string]change {
	t.Helper()
	all := map[string]change{}
	var firsts []int64
	editStore(t, in.copyOf(t), func(t *testing.T, store *sql.DB) {
		for _, row := range query(t, store, `SELECT first_seq FROM audit_segment ORDER BY first_seq`) {
			firsts = append(firsts, row[0].(int64))
		}
	})
	require.GreaterOrEqual(t, len(firsts), 6)
	busiest := `(SELECT first_seq FROM audit_segment ORDER BY records DESC LIMIT 1)`
	for i, first := range firsts[:6] {
		all[fmt.Sprintf("segment at %d deleted", first)] = statement(`DELETE FROM audit_segment WHERE first_seq = $1`, first)
		all[fmt.Sprintf("body at %d flipped", first)] = flip("body", first, i*7)
		all[fmt.Sprintf("body at %d flipped at its end", first)] = flip("body", first, -1-i)
		all[fmt.Sprintf("hashes at %d flipped", first)] = flip("hashes", first, i*11)
		all[fmt.Sprintf("customers at %d flipped", first)] = flip("customers", first, i)
		all[fmt.Sprintf("record at %d rewritten", first)] = rewriteRecord(first)
	}
	for column, text := range map[string]string{
		"realm_id": `realm_id + 1`, "records": `records + 1`, "first_at": `first_at - 1`, "last_at": `last_at + 1`, "first_seq": `first_seq + 1`,
		"customers": `x'00'`, "hashes": `x''`, "body": `x''`,
	} {
		all["column "+column] = statement(`UPDATE audit_segment SET ` + column + ` = ` + text + ` WHERE first_seq = ` + busiest)
	}
	for what, text := range map[string]string{
		"first checkpoint deleted":      `DELETE FROM audit_checkpoint WHERE number = 1`,
		"middle checkpoint deleted":     `DELETE FROM audit_checkpoint WHERE number = 3`,
		"last checkpoint deleted":       `DELETE FROM audit_checkpoint WHERE number = (SELECT max(number) FROM audit_checkpoint)`,
		"all checkpoints deleted":       `DELETE FROM audit_checkpoint`,
		"everything deleted":            `DELETE FROM audit_segment`,
		"checkpoint's size":             `UPDATE audit_checkpoint SET size = size + 1 WHERE number = 2`,
		"checkpoint's note":             `UPDATE audit_checkpoint SET note = replace(note, 'florin-audit', 'florin-audit ') WHERE number = 2`,
		"checkpoint's number":           `UPDATE audit_checkpoint SET number = number + 100 WHERE number = 2`,
		"checkpoint's edge":             `UPDATE audit_checkpoint SET edge = zeroblob(length(edge)) WHERE number = (SELECT max(number) FROM audit_checkpoint)`,
		"checkpoint of another's place": `UPDATE audit_checkpoint SET note = (SELECT note FROM audit_checkpoint WHERE number = 1) WHERE number = 2`,
	} {
		all[what] = statement(text)
	}
	all["segments swapped"] = swap(firsts[2], firsts[4])
	all["records swapped"] = edit(busiest, func(records [][]byte) [][]byte {
		records[0], records[1] = records[1], records[0]
		return records
	})
	all["record left out"] = edit(busiest, func(records [][]byte) [][]byte { return records[1:] })
	all["record doubled"] = edit(busiest, func(records [][]byte) [][]byte { return append(records, records[0]) })
	all["record forged at the end"] = forgeSegment
	all["rewritten whole without the key"] = rewriteAll
	require.GreaterOrEqual(t, len(all), 57)
	return all
}

// flip changes every bit of one byte, counted from the end if at is negative.
func flip(column string, first int64, at int) change {
	return func(t *testing.T, store *sql.DB) {
		t.Helper()
		row := query(t, store, `SELECT `+column+` FROM audit_segment WHERE first_seq = $1`, first)
		value := row[0][0].([]byte)
		at := (at%len(value) + len(value)) % len(value)
		value[at] ^= 0xff
		statement(`UPDATE audit_segment SET `+column+` = $1 WHERE first_seq = $2`, value, first)(t, store)
	}
}

func swap(a, b int64) change {
	return func(t *testing.T, store *sql.DB) {
		t.Helper()
		statement(`UPDATE audit_segment SET first_seq = -1 WHERE first_seq = $1`, a)(t, store)
		statement(`UPDATE audit_segment SET first_seq = $1 WHERE first_seq = $2`, a, b)(t, store)
		statement(`UPDATE audit_segment SET first_seq = $1 WHERE first_seq = -1`, b)(t, store)
	}
}

func cutTail(keep int) change {
	return func(t *testing.T, store *sql.DB) {
		t.Helper()
		statement(`DELETE FROM audit_segment WHERE first_seq >= (SELECT size FROM audit_checkpoint WHERE number = $1)`, keep)(t, store)
		statement(`DELETE FROM audit_checkpoint WHERE number > $1`, keep)(t, store)
	}
}

// records unpacks a segment: each record behind its length, compressed together.
func records(t *testing.T, packed []byte) [][]byte {
	t.Helper()
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	require.NoError(t, err)
	var all [][]byte
	for len(text) > 0 {
		length, n := binary.Uvarint(text)
		require.Positive(t, n)
		all = append(all, text[n:n+int(length)])
		text = text[n+int(length):]
	}
	return all
}

// packed is the opposite, with the hashes that belong to it.
func packed(t *testing.T, all [][]byte) (body, hashes []byte) {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	require.NoError(t, err)
	for _, r := range all {
		_, err := w.Write(append(binary.AppendUvarint(nil, uint64(len(r))), r...))
		require.NoError(t, err)
		h := tlog.RecordHash(r)
		hashes = append(hashes, h[:]...)
	}
	require.NoError(t, w.Close())
	sum := sha256.Sum256(out.Bytes())
	return out.Bytes(), append(hashes, sum[:]...)
}

// edit rewrites a segment's records and everything in the row that follows from them.
func edit(where string, f func([][]byte) [][]byte) change {
	return func(t *testing.T, store *sql.DB) {
		t.Helper()
		row := query(t, store, `SELECT first_seq, body FROM audit_segment WHERE first_seq = `+where)[0]
		all := f(records(t, row[1].([]byte)))
		body, hashes := packed(t, all)
		statement(`UPDATE audit_segment SET body = $1, hashes = $2, records = $3 WHERE first_seq = $4`, body, hashes, len(all), row[0])(t, store)
	}
}

// rewriteRecord makes another address responsible.
func rewriteRecord(first int64) change {
	return edit(fmt.Sprint(first), func(all [][]byte) [][]byte { return another(all) })
}

func another(all [][]byte) [][]byte {
	last := len(all) - 1
	all[last] = bytes.Replace(all[last], []byte(`"actorId":`), []byte(`"actorId":9`), 1)
	return all
}

func forgeSegment(t *testing.T, store *sql.DB) {
	t.Helper()
	statement(`INSERT INTO audit_segment (realm_id, first_seq, records, first_at, last_at, body, hashes, customers)
		SELECT realm_id, (SELECT max(size) FROM audit_checkpoint), records, first_at, last_at, body, hashes, customers
		FROM audit_segment ORDER BY first_seq LIMIT 1`)(t, store)
}

// rewriteAll makes a trail that is right in itself, and signs it by a key of its own
// under the right name.
func rewriteAll(t *testing.T, store *sql.DB) {
	t.Helper()
	secret, _, err := note.GenerateKey(rand.Reader, "florin-audit")
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	var tree []tlog.Hash
	hashes := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, n := range indexes {
			out[i] = tree[n]
		}
		return out, nil
	})
	var size int64
	for _, row := range query(t, store, `SELECT first_seq, body FROM audit_segment ORDER BY first_seq`) {
		all := another(records(t, row[1].([]byte)))
		body, leaves := packed(t, all)
		statement(`UPDATE audit_segment SET body = $1, hashes = $2 WHERE first_seq = $3`, body, leaves, row[0])(t, store)
		for _, r := range all {
			stored, err := tlog.StoredHashes(size, r, hashes)
			require.NoError(t, err)
			tree = append(tree, stored...)
			size++
		}
	}
	for _, row := range query(t, store, `SELECT number, size, at FROM audit_checkpoint`) {
		root, err := tlog.TreeHash(row[1].(int64), hashes)
		require.NoError(t, err)
		signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("florin-audit\n%d\n%s\ntime %d\n", row[1], root, row[2])}, signer)
		require.NoError(t, err)
		statement(`UPDATE audit_checkpoint SET note = $1 WHERE number = $2`, string(signed), row[0])(t, store)
	}
}
