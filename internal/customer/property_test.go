package customer_test

import (
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/strictjson"
)

func draw(t *rapid.T, depth int, label string) strictjson.Value {
	kinds := 4
	if depth > 0 {
		kinds = 7
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, label) {
	case 0:
		return strictjson.Value{Kind: strictjson.Null}
	case 1:
		return strictjson.Value{Kind: strictjson.Bool, Text: "true"}
	case 2:
		return strictjson.Value{Kind: strictjson.String, Text: rapid.StringN(0, 5, -1).Draw(t, label)}
	case 3:
		return strictjson.Value{Kind: strictjson.Array, Items: []strictjson.Value{}}
	}
	object := strictjson.Value{Kind: strictjson.Object}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "ß", "/~", "🌸"}), 0, 4, rapid.ID[string]).Draw(t, label) {
		object.Members = append(object.Members, strictjson.Member{Name: name, Value: draw(t, depth-1, label)})
	}
	return object
}

// withoutNulls drops what clearing an absent member leaves: it names an unknown field
// for the check that follows, and is nothing otherwise.
func withoutNulls(v strictjson.Value) strictjson.Value {
	if v.Kind != strictjson.Object {
		return v
	}
	out := strictjson.Value{Kind: strictjson.Object}
	for _, m := range v.Members {
		if m.Value.Kind != strictjson.Null {
			out.Members = append(out.Members, strictjson.Member{Name: m.Name, Value: withoutNulls(m.Value)})
		}
	}
	return out
}

// TestMergeIsRFC7396 compares with another implementation.
func TestMergeIsRFC7396(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target, patch := withoutNulls(draw(t, 3, "target")), draw(t, 3, "patch")
		if target.Kind != strictjson.Object || patch.Kind != strictjson.Object {
			return
		}
		want, err := jsonpatch.MergePatch(target.Append(nil), patch.Append(nil))
		require.NoError(t, err)
		parsed, err := strictjson.Parse(want)
		require.NoError(t, err)
		got := withoutNulls(customer.Merge(target, patch))
		require.JSONEq(t, string(withoutNulls(parsed).Append(nil)), string(got.Append(nil)))
	})
}

func drawProfile(t *rapid.T, label string) customer.Profile {
	text := func() string { return rapid.OneOf(rapid.Just(""), rapid.StringN(0, 8, -1)).Draw(t, label) }
	address := func() *customer.Address {
		a := customer.Address{Line1: text(), Line2: text(), City: text(), State: text(), PostalCode: text(), Country: text()}
		if a == (customer.Address{}) {
			return nil
		}
		return &a
	}
	p := customer.Profile{Name: text(), Email: text(), Address: text(), Phone: text(), MemberID: text(), DateOfBirth: text(),
		PhoneInUse: rapid.Bool().Draw(t, label), Billing: address(), Shipping: address()}
	p.Preferences = customer.Preferences{Currency: text(), PaymentMethod: text(), Language: text(),
		Notifications: rapid.SampledFrom([]string{"", "true", "false", `{"sms":true}`}).Draw(t, label)}
	for _, key := range rapid.SliceOfNDistinct(rapid.StringN(1, 5, -1), 0, 4, rapid.ID[string]).Draw(t, label) {
		p.Metadata = append(p.Metadata, customer.Pair{Key: key, Value: text()})
	}
	return p
}

func TestProfileComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t, "profile")
		got, err := customer.Stored(p)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(p, got))
	})
}

func TestChangedIsSymmetric(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawProfile(t, "a"), drawProfile(t, "b")
		require.Equal(t, customer.Changed(a, b), customer.Changed(b, a))
		require.Empty(t, customer.Changed(a, a))
		a.PhoneInUse = b.PhoneInUse
		require.Equal(t, cmp.Equal(a, b), len(customer.Changed(a, b)) == 0)
	})
}
