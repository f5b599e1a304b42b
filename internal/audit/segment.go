package audit

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// segment is a run of one realm's records as it is stored: the records compressed,
// their leaf hashes, and the set of customers they name.
type segment struct {
	realm    int64
	firstSeq int64
	ids      []int64 // of the rows in audit_pending that it replaces
	records  [][]byte
}

// facts are the times of the first and last record and everybody named in between.
func (s segment) facts() (times [2]int64, customers []int64, err error) {
	customers = make([]int64, 0, len(s.records))
	for i, text := range s.records {
		if times[1], customers, err = numbersOf(text, customers); err != nil {
			return times, nil, err
		}
		if i == 0 {
			times[0] = times[1]
		}
	}
	return times, customers, nil
}

// pack compresses length-prefixed records.
func (s segment) pack() ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	var length [binary.MaxVarintLen64]byte
	for _, r := range s.records {
		n := binary.PutUvarint(length[:], uint64(len(r)))
		_, _ = w.Write(length[:n])
		_, _ = w.Write(r)
	}
	err = w.Close()
	return out.Bytes(), err
}

// maxSegment bounds what unpacking a damaged segment may cost.
const maxSegment = 64 << 20

var errSegment = errors.New("audit: a segment is damaged")

func unpack(packed []byte) ([][]byte, error) {
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxSegment))
	if err != nil {
		return nil, errSegment
	}
	var records [][]byte
	for len(text) > 0 {
		length, n := binary.Uvarint(text)
		if n <= 0 || length > uint64(len(text)-n) {
			return records, errSegment
		}
		records = append(records, text[n:n+int(length)])
		text = text[n+int(length):]
	}
	return records, nil
}

// hashes are the leaf hashes of the records, and behind them the hash of what they were
// packed into: a compressed text can be spoiled and still unpack to the same records.
func (s segment) hashes(packed []byte) []byte {
	out := make([]byte, 0, (len(s.records)+1)*tlog.HashSize)
	for _, r := range s.records {
		h := tlog.RecordHash(r)
		out = append(out, h[:]...)
	}
	sum := sha256.Sum256(packed)
	return append(out, sum[:]...)
}

// customerSet writes the distinct customers in order, as distances.
func customerSet(customers []int64) []byte {
	slices.Sort(customers)
	if len(customers) == 0 {
		return []byte{0} // nobody: SQLite binds an empty blob as NULL
	}
	var out []byte
	last := int64(0)
	for _, c := range slices.Compact(customers) {
		out = binary.AppendUvarint(out, uint64(c-last))
		last = c
	}
	return out
}

// inSet reports whether a customer is named in a segment.
func inSet(set []byte, customer int64) bool {
	at := int64(0)
	for len(set) > 0 && at < customer {
		delta, n := binary.Uvarint(set)
		if n <= 0 {
			return false
		}
		at += int64(delta)
		set = set[n:]
	}
	return at == customer && customer != 0
}
