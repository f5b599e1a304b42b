package demo_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/demo"
)

type writer func(context.Context, io.Writer, demo.Options, func(int)) error

func forms() map[string]writer {
	return map[string]writer{"csv": demo.WriteCSV, "ndjson": demo.WriteNDJSON}
}

func TestNDJSONHoldsTheRows(t *testing.T) {
	t.Parallel()
	options := demo.Options{Seed: 11, Count: 2_000, Dirty: 0.1}
	var file bytes.Buffer
	require.NoError(t, demo.WriteNDJSON(t.Context(), &file, options, nil))
	decoder := json.NewDecoder(&file)
	decoder.DisallowUnknownFields()
	for _, want := range rows(options) {
		var got demo.Row
		require.NoError(t, decoder.Decode(&got))
		want.Region, want.Fault = "", ""
		require.Empty(t, cmp.Diff(want, got))
	}
	require.ErrorIs(t, decoder.Decode(&demo.Row{}), io.EOF)
}

func TestCSVHoldsTheRows(t *testing.T) {
	t.Parallel()
	options := demo.Options{Seed: 11, Count: 2_000, Dirty: 0.1}
	var file bytes.Buffer
	require.NoError(t, demo.WriteCSV(t.Context(), &file, options, nil))
	lines, err := csv.NewReader(&file).ReadAll()
	require.NoError(t, err)
	require.Equal(t, "name,email,phone,address,memberId,dateOfBirth,"+
		"billingAddress.line1,billingAddress.line2,billingAddress.city,billingAddress.state,billingAddress.postalCode,billingAddress.country,"+
		"shippingAddress.line1,shippingAddress.line2,shippingAddress.city,shippingAddress.state,shippingAddress.postalCode,shippingAddress.country,"+
		"preferences.currency,preferences.language,preferences.notifications,preferences.paymentMethod,metadata", strings.Join(lines[0], ","))
	want := rows(options)
	require.Len(t, lines, len(want)+1)
	for i, row := range want {
		row.Region, row.Fault = "", ""
		require.Empty(t, cmp.Diff(row, fromRecord(t, lines[i+1])))
	}
}

func fromRecord(t *testing.T, cells []string) demo.Row {
	t.Helper()
	row := demo.Row{Name: cells[0], Email: cells[1], Phone: cells[2], Address: cells[3], MemberID: cells[4], DateOfBirth: cells[5]}
	address := func(c []string) *demo.Address {
		if strings.Join(c, "") == "" {
			return nil
		}
		return &demo.Address{Line1: c[0], Line2: c[1], City: c[2], State: c[3], PostalCode: c[4], Country: c[5]}
	}
	row.BillingAddress, row.ShippingAddress = address(cells[6:12]), address(cells[12:18])
	if cells[18] != "" {
		notify, _ := strconv.ParseBool(cells[20]) // empty in a row whose preferences were spoilt
		row.Preferences = &demo.Preferences{Currency: cells[18], Language: cells[19], Notifications: notify, PaymentMethod: cells[21]}
	}
	if cells[22] != "" {
		require.NoError(t, json.Unmarshal([]byte(cells[22]), &row.Metadata))
	}
	return row
}

func TestSameBytes(t *testing.T) {
	t.Parallel()
	for name, write := range forms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var one, two, other bytes.Buffer
			require.NoError(t, write(t.Context(), &one, demo.Options{Seed: 1, Count: 1_000}, nil))
			require.NoError(t, write(t.Context(), &two, demo.Options{Seed: 1, Count: 1_000}, nil))
			require.NoError(t, write(t.Context(), &other, demo.Options{Seed: 2, Count: 1_000}, nil))
			require.Equal(t, one.String(), two.String())
			require.NotEqual(t, one.String(), other.String())
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		count int
		want  []int
	}{{0, []int{0}}, {999, []int{999}}, {1000, []int{1000}}, {2500, []int{1000, 2000, 2500}}} {
		for name, write := range forms() {
			var heard []int
			require.NoError(t, write(t.Context(), io.Discard, demo.Options{Count: row.count}, func(n int) { heard = append(heard, n) }))
			require.Equal(t, row.want, heard, name)
		}
	}
}

type fullDisk struct{ left int }

var errFull = errors.New("disk full")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestStops(t *testing.T) {
	t.Parallel()
	for name, write := range forms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			last := 0
			err := write(ctx, io.Discard, demo.Options{Count: 5_000}, func(n int) { last = n; cancel() })
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, 1000, last)

			require.ErrorIs(t, write(t.Context(), &fullDisk{left: 100_000}, demo.Options{Count: 5_000}, nil), errFull)
			require.ErrorIs(t, write(t.Context(), &fullDisk{left: 10}, demo.Options{Count: 1}, nil), errFull)
			require.NoError(t, write(t.Context(), &fullDisk{left: 10_000_000}, demo.Options{Count: 5_000}, nil))
		})
	}
}

func BenchmarkWriteCSV(b *testing.B) {
	for b.Loop() {
		if err := demo.WriteCSV(b.Context(), io.Discard, demo.Options{Seed: 1, Count: 100_000}, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteNDJSON(b *testing.B) {
	for b.Loop() {
		if err := demo.WriteNDJSON(b.Context(), io.Discard, demo.Options{Seed: 1, Count: 100_000}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
