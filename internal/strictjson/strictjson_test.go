package strictjson_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/strictjson"
)

// Shows: PCI DSS 6.2.4
func TestParseRefusesWhatTwoReadersCouldReadInTwoWays(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	rows := map[string]struct{ bad, good string }{
		"duplicate name":    {`{"a":1,"a":2}`, `{"a":1,"b":2}`},
		"escaped duplicate": {`{"a":1,"\u0061":2}`, `{"a":1,"\u0062":2}`},
		"trailing data":     {`{} {}`, `{} `},
		"not UTF-8":         {"{\"a\":\"\xff\"}", `{"a":"ÿ"}`},
		"lone surrogate":    {`{"a":"\ud800"}`, `{"a":"\ud83d\ude00"}`},
		"too deep":          {deep(33), deep(32)},
		"cut":               {`{"a":`, `{"a":1}`},
		"NaN":               {`{"a":NaN}`, `{"a":null}`},
		"leading zero":      {`{"a":01}`, `{"a":10}`},
		"empty":             {``, `null`},
		"byte order mark":   {"\ufeff{}", "{}"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := strictjson.Parse([]byte(row.bad))
			var syntax *strictjson.SyntaxError
			require.ErrorAs(t, err, &syntax)
			_, err = strictjson.Parse([]byte(row.good))
			require.NoError(t, err)
		})
	}
}

func TestParseKeepsOrderAndText(t *testing.T) {
	t.Parallel()
	text := `{"name":"Zoë 😀 محمد","n":-1.50e3,"list":[true,null,{"x":""}],"o":{}}`
	value, err := strictjson.Parse([]byte(text))
	require.NoError(t, err)
	require.Equal(t, text, string(value.Append(nil)))
	name, ok := value.Get("name")
	require.True(t, ok)
	require.Equal(t, "Zoë 😀 محمد", name.Text)
	_, ok = value.Get("none")
	require.False(t, ok)
}

func TestErrorsRepeatNothingOfTheInput(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"secret@example.com":1,"secret@example.com":2}`, `{"a":secret}`, `["secret"`} {
		_, err := strictjson.Parse([]byte(text))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestPointerEscapes(t *testing.T) {
	t.Parallel()
	require.Equal(t, "/metadata/a~1b~0c", strictjson.Pointer("/metadata", "a/b~c"))
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{}`, `[[[]]]`, `{"a":"\u0000"}`, `1e999`, "\"\xff\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		value, err := strictjson.Parse(text)
		if err != nil {
			return
		}
		again, err := strictjson.Parse(value.Append(nil))
		require.NoError(t, err)
		require.Equal(t, value, again)
	})
}

func BenchmarkParse(b *testing.B) {
	text := []byte(`{"name":"Maria del Carmen","email":"maria@example.com","phone":"+34612345678","memberId":"M-1","address":"Calle Mayor 1, Madrid"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := strictjson.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
