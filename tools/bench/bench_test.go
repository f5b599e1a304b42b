package main

import (
	"bufio"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/cardguard"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/strictjson"
)

func TestClientReadsAnswers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello":                                    "200 hello",
		"HTTP/1.1 204 No Content\r\n\r\n":                                                      "204 ",
		"HTTP/1.1 409 Conflict\r\nDate: x\r\ncontent-length:  2\r\n\r\n{}":                     "409 {}",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nабв\r\n":                   "error",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nабв\r\n":                    "error",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nабв\r\n1\r\n!\r\n0\r\n\r\n": "200 абв!",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort":                                    "error",
		"HTTP/1.1 2x0 OK\r\n\r\n":                                                              "error",
		"SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n":                                                 "error",
		"":                                                                                     "error",
	} {
		c := client{in: bufio.NewReader(strings.NewReader(text))}
		status, body, err := c.answer()
		got := fmt.Sprintf("%d %s", status, body)
		if err != nil {
			got = "error"
		}
		require.Equal(t, want, got, "%q", text)
	}
}

func TestClientFindsTheNextAnswer(t *testing.T) {
	t.Parallel()
	text := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"
	c := client{in: bufio.NewReader(strings.NewReader(text))}
	for _, want := range []string{"a", "b"} {
		_, body, err := c.answer()
		require.NoError(t, err)
		require.Equal(t, want, string(body))
	}
}

// Each body must be one that Florin takes, or errors of the bench would be its own.
func TestBodiesAreSoundAndDifferent(t *testing.T) {
	t.Parallel()
	p, r := &people{tag: "k3f9z"}, rand.New(rand.NewPCG(1, 2))
	parser, seen := contact.NewPhoneParser(nil), map[string]bool{}
	for range 5000 {
		body := p.body(nil, r)
		v, err := strictjson.Parse(body)
		require.NoError(t, err)
		require.Empty(t, cardguard.Check(v, func(name string) bool { return name == "phone" }), "%s", body)
		var c struct{ Name, Email, Phone, Address, MemberID string }
		require.NoError(t, json.Unmarshal(body, &c))
		phone, err := parser.Parse(c.Phone, "", true)
		require.NoError(t, err, c.Phone)
		require.True(t, phone.InUse, c.Phone)
		require.Len(t, contact.NameWords(c.Name), indexRows-3, c.Name)
		require.NotEmpty(t, c.Address)
		require.False(t, seen[c.Email] || seen[c.MemberID], "%s", body)
		seen[c.Email], seen[c.MemberID] = true, true
	}
}

func TestFloorAnswersEveryOperation(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(floorHandler())
	t.Cleanup(server.Close)
	l, w, ids := &lab{people: people{tag: "t"}}, wire{host: server.Listener.Addr().String(), key: "k"}, &idSet{ids: []int64{7}}
	for name, op := range map[string]operation{"create": create, "get": get, "list": list} {
		for _, client := range []string{clientSocket, clientHTTP} {
			out, err := load{w.host, 3, op(l, w, ids), client}.run(t.Context(), 30*time.Millisecond)
			require.NoError(t, err, name)
			require.Positive(t, out.requests, name)
			require.Len(t, out.micros, out.requests, name)
			require.Zero(t, out.errors, "%s by %s: %s", name, client, out.fault)
		}
	}
	_, err := load{address: w.host, connections: 1, worker: creates(w, &l.people, ids)}.run(t.Context(), 10*time.Millisecond)
	require.NoError(t, err)
	require.Contains(t, ids.snapshot(), sampleCustomer().ID)
}

func TestLoadCountsErrors(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(floorHandler())
	t.Cleanup(server.Close)
	w := wire{host: server.Listener.Addr().String()}
	for _, client := range []string{clientSocket, clientHTTP} {
		out, err := load{w.host, 2, func(int) worker {
			return worker{request: func(b []byte) []byte { return w.post(b, customersPath, "", []byte("{")) }}
		}, client}.run(t.Context(), 20*time.Millisecond)
		require.NoError(t, err)
		require.Zero(t, out.requests)
		require.Positive(t, out.errors)
		require.Equal(t, "400 bad JSON\n", out.fault)
	}
}

func TestLoadWithoutServer(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, gone.Close())
	_, err = load{address: gone.Addr().String(), connections: 1, worker: func(int) worker { return worker{} }}.run(t.Context(), time.Second)
	require.Error(t, err)
}

func TestFieldsOfAnswers(t *testing.T) {
	t.Parallel()
	require.Equal(t, "AbC-_9", cursorOf([]byte(`{"data":[{"name":"\"nextCursor\":\"no"}],"nextCursor":"AbC-_9","hasMore":true}`)))
	require.Empty(t, cursorOf([]byte(`{"data":[],"nextCursor":null,"hasMore":false}`)))
	require.EqualValues(t, 9007199254740991, idOf([]byte(`{"id":9007199254740991,"ownerId":1}`)))
	require.Zero(t, idOf([]byte(`{"error":{}}`)))
}

func TestParsePgbench(t *testing.T) {
	t.Parallel()
	s, err := parsePgbench("number of transactions actually processed: 7744\nnumber of failed transactions: 3 (0.039%)\n" +
		"latency average = 4.124 ms\ninitial connection time = 22.1 ms\ntps = 3872.000000 (without initial connection time)\n")
	require.NoError(t, err)
	require.Equal(t, sample{requests: 7744, elapsed: 2 * time.Second, errors: 3}, s)
	_, err = parsePgbench("pgbench: error: connection refused")
	require.Error(t, err)
}

func TestFiguresAndVerdicts(t *testing.T) {
	t.Parallel()
	require.Equal(t, spread{2, 1, 9}, spreadOf([]float64{9, 1, 2}))
	require.Equal(t, spread{2.5, 1, 4}, spreadOf([]float64{4, 2, 1, 3}))
	require.Zero(t, spreadOf(nil))
	all := merge([]sample{{requests: 2, elapsed: time.Second, micros: []uint32{3000, 1000}}, {requests: 1, elapsed: time.Second, micros: []uint32{2000}, errors: 1, fault: "x"}})
	want := figures{Rate: 1.5, P50: 2, P99: 3, Errors: 1, Fault: "x"}
	require.Empty(t, cmp.Diff(want, figuresOf([]sample{all})))
	ratio := func(v float64) result { return result{Must: 0.4, Aim: 0.5, Ratio: spread{v, v, v}} }
	for want, r := range map[string]result{"aim": ratio(0.5), "must": ratio(0.45), "MISSED": ratio(0.39), "not measured": {Must: 1},
		"ERRORS": {Must: 1, Ratio: spread{9, 9, 9}, Florin: figures{Errors: 1}}, "no errors": {Florin: figures{Rate: 1}}} {
		require.Equal(t, want, r.verdict())
	}
	require.Equal(t, "must", result{Must: 4, AtMost: true, Ratio: spread{3.9, 1, 5}}.verdict())
	require.Equal(t, "MISSED", result{Must: 4, AtMost: true, Ratio: spread{4.1, 1, 5}}.verdict())
}

func TestRawSQLiteWritesWhatACreateDoes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "floor.db")
	want := sizes{Doc: 401, Answer: 1003, Audit: 207}
	raw, err := openRawSQLite(t.Context(), path, want)
	require.NoError(t, err)
	t.Cleanup(raw.close)
	require.NoError(t, raw.fill(t.Context(), 5))
	for table, rows := range map[string]int64{"customer": 5, "customer_index": 30, "idempotency": 5, "idempotency_answer": 5, "event_pending": 5, "audit_pending": 5} {
		require.Equal(t, rows, count(t, raw, table), table)
	}
	ids, err := sampleIDs(t.Context(), filepath.Dir(path), "")
	require.NoError(t, err)
	require.Len(t, ids, 5)
	got, err := measuredSizes(t.Context(), path)
	require.NoError(t, err)
	want.Audit = defaultSizes().Audit // these records are no creates
	require.Equal(t, want, got)
}

func count(t *testing.T, raw *rawSQLite, table string) (n int64) {
	t.Helper()
	require.NoError(t, eachRow(raw.conn, "SELECT count(*) FROM "+table, func(row []driver.Value) { n = row[0].(int64) }))
	return n
}

func TestFirstKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "first-run.env")
	require.NoError(t, os.WriteFile(path, []byte("# made once\nFLORIN_TEST_API_KEY=florin_test_sk_x\nFLORIN_API_KEY=florin_live_sk_y\n"), 0o600))
	key, err := firstKey(path, liveKey)
	require.NoError(t, err)
	require.Equal(t, "florin_live_sk_y", key)
	require.NoError(t, os.WriteFile(path, []byte("FLORIN_TEST_API_KEY=florin_test_sk_x\n"), 0o600))
	_, err = firstKey(path, liveKey)
	require.Error(t, err)
}

// A unit of two calls counts once, with the time from the first call's start; an error
// between them begins it anew.
func TestStepsAreOneUnit(t *testing.T) {
	t.Parallel()
	c := &connection{worker: worker{steps: 2}}
	began := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	c.count(at(0), at(1))
	require.Zero(t, c.sample.requests)
	c.count(at(2), at(5))
	require.Equal(t, 1, c.sample.requests)
	require.Equal(t, []uint32{5000}, c.sample.micros)
	c.count(at(6), at(7))
	c.failed("500")
	c.count(at(8), at(9))
	require.Equal(t, 1, c.sample.requests)
	c.count(at(9), at(10))
	require.Equal(t, 2, c.sample.requests)
	require.Equal(t, []uint32{5000, 2000}, c.sample.micros)
}
