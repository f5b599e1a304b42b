package screening

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/egress"
)

// TestJaroWinkler against the values that are published: Winkler (1990), table of the
// Census Bureau's comparator.
func TestJaroWinkler(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		a, b         string
		jaro, winker float64
	}{
		{"martha", "marhta", 0.944, 0.961}, {"dixon", "dicksonx", 0.767, 0.813}, {"dwayne", "duane", 0.822, 0.840},
		{"jones", "johnson", 0.790, 0.832}, {"abroms", "abrams", 0.889, 0.922}, {"nichleson", "nichulson", 0.926, 0.956},
		{"massey", "massie", 0.889, 0.933}, {"dunningham", "cunnigham", 0.896, 0.896}, {"itman", "smith", 0.467, 0.467},
		{"abc", "abc", 1, 1}, {"abc", "", 0, 0}, {"abc", "xyz", 0, 0},
	} {
		require.InDelta(t, row.jaro, jaro(row.a, row.b), 0.0006, "%s %s", row.a, row.b)
		require.InDelta(t, row.jaro, jaro(row.b, row.a), 0.0006, "%s %s", row.b, row.a)
		require.InDelta(t, row.winker, jaroWinkler(row.a, row.b), 0.0006, "%s %s", row.a, row.b)
	}
	require.NotPanics(t, func() { jaroWinkler(strings.Repeat("a", 1000), strings.Repeat("b", 1000)+"a") })
}

func TestWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Владимир Путин":          "vladimir putin",
		"ＭÜLLER-Lüdenscheidt":     "muller ludenscheidt",
		"Seán O'Brien":            "sean obrien",
		"Αλέξης Τσίπρας":          "alexes tsipras",
		"AL-ZAWAHIRI, Ayman":      "zawahiri ayman",
		"Dr. Al":                  "dr al",
		"李小龙":                     "li xiao long",
		"Łukasz Ørsted Straße":    "lukasz orsted strasse",
		" \t\u202e\x00 ":          "",
		"🌱":                       "",
		"José\u0301 María":        "jose maria",
		"MOHAMMED  bin   SALMAN.": "mohammed bin salman",
	} {
		require.Equal(t, want, strings.Join(words(name), " "), name)
	}
}

func person(reference string, births []string, names ...string) Entry {
	return Entry{Reference: reference, Type: Person, Names: names, Births: births}
}

func someIndex() *index {
	x := newIndex()
	x.add("t", person("1", []string{"1952-10-07"}, "Vladimir Vladimirovich PUTIN", "Владимир Владимирович Путин"))
	x.add("t", person("2", []string{"1951-06-19"}, "Aiman Muhammed Rabi AL-ZAWAHIRI", "Ayman Al-Zawahari"))
	x.add("t", person("3", nil, "KIM Jong Un"))
	x.add("t", person("4", []string{"1957"}, "María del Carmen GARCÍA LÓPEZ"))
	x.add("t", person("7", []string{"1937-04-28"}, "Saddam HUSSEIN Al-Tikriti"))
	x.add("t", Entry{Reference: "5", Type: Body, Names: []string{"Islamic Republic of Iran Shipping Lines", "IRISL"}})
	x.add("t", Entry{Reference: "6", Type: Thing, Names: []string{"Vladimir Putin"}})
	return x
}

// TestSearch: who must be found, and who must not.
func TestSearch(t *testing.T) {
	t.Parallel()
	x := someIndex()
	for name, row := range map[string]struct {
		births []string
		want   string // reference, "" for nobody
	}{
		"Vladimir Putin": {nil, "1"}, "putin VLADIMIR": {nil, "1"}, "Wladimir Putin": {nil, "1"}, "Владимир Путин": {nil, "1"}, "Vladimír Pútin": {nil, "1"},
		"Ayman al Zawahiri": {nil, "2"}, "Aymanal Zawahari": {nil, "2"}, "Kim Jongun": {nil, "3"}, "Jong-un Kim": {nil, "3"},
		"Islamic Republic of Iran Shipping Line": {nil, "5"}, "Saddam Hussein": {nil, "7"}, "Sadam Husein Tikriti": {nil, "7"}, "Saddam Hussein Tikriti Majid": {nil, "7"},
		"Tikriti": {nil, ""}, "Hussein Ali": {nil, ""},
		"Maria Garcia": {nil, ""}, "Vladimir Petrov": {nil, ""}, "Ana Ruiz": {nil, ""}, "Kim": {nil, ""}, "": {nil, ""}, "🌱": {nil, ""}, "Putin": {nil, ""},
	} {
		found := x.search(name, row.births, 0.9)
		if row.want == "" {
			require.Empty(t, found, name)
			continue
		}
		require.Len(t, found, 1, name)
		require.Equal(t, row.want, found[0].Entry.Reference, name)
	}
	near := x.search("Wladimir Putin", nil, 0.9)[0].Score
	require.Greater(t, x.search("Wladimir Putin", []string{"1952-10-07"}, 0.9)[0].Score, near, "the same day")
	require.InDelta(t, near, x.search("Wladimir Putin", []string{"1953-01-01"}, 0.9)[0].Score, 1e-9, "a year apart")
	require.Empty(t, x.search("Wladimir Putin", []string{"1990-01-01"}, 0.9), "somebody else of a name that is not quite the same")
	require.Len(t, x.search("Vladimir Vladimirovich Putin", []string{"1990-01-01"}, 0.9), 1, "the very name is looked at all the same")
}

const ofacXML = `<?xml version="1.0" standalone="yes"?>
<sdnList xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML">
  <publshInformation><Publish_Date>11/24/2026</Publish_Date><Record_Count>3</Record_Count></publshInformation>
  <sdnEntry><uid>7001</uid><firstName>Boris</firstName><lastName>TESTOV</lastName><sdnType>Individual</sdnType>
    <programList><program>SDGT</program><program>RUSSIA-EO14024</program></programList>
    <akaList><aka><uid>1</uid><type>a.k.a.</type><category>strong</category><lastName>TESTOV</lastName><firstName>Борис</firstName></aka></akaList>
    <dateOfBirthList><dateOfBirthItem><uid>2</uid><dateOfBirth>28 Apr 1957</dateOfBirth><mainEntry>true</mainEntry></dateOfBirthItem>
      <dateOfBirthItem><uid>3</uid><dateOfBirth>circa 1958</dateOfBirth></dateOfBirthItem></dateOfBirthList></sdnEntry>
  <sdnEntry><uid>7002</uid><lastName>TEST TRADING &amp; CO</lastName><sdnType>Entity</sdnType></sdnEntry>
  <sdnEntry><uid>7003</uid><lastName>TEST SHIP</lastName><sdnType>Vessel</sdnType></sdnEntry>
</sdnList>`

const sdnCSV = `7001,"TESTOV, Boris","individual","SDGT] [RUSSIA-EO14024",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 28 Apr 1957; alt. DOB circa 1958; POB Moscow."
7002,"TEST TRADING & CO",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- 
7003,"TEST SHIP","vessel","CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- 
` + "\x1a"

const altCSV = "7001,1,\"aka\",\"TESTOV, Борис\",-0- \n\x1a"

const unXML = `<?xml version="1.0" encoding="utf-8"?><CONSOLIDATED_LIST dateGenerated="2026-11-24T23:00:00">
<INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>ERIC</FIRST_NAME><SECOND_NAME>TEST</SECOND_NAME><THIRD_NAME>BADEGE</THIRD_NAME><UN_LIST_TYPE>DRC</UN_LIST_TYPE>
<REFERENCE_NUMBER>CDi.001</REFERENCE_NUMBER><NAME_ORIGINAL_SCRIPT>إريك</NAME_ORIGINAL_SCRIPT>
<INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Erik Badege</ALIAS_NAME></INDIVIDUAL_ALIAS><INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1971-03-02</DATE></INDIVIDUAL_DATE_OF_BIRTH><INDIVIDUAL_DATE_OF_BIRTH><YEAR>1972</YEAR></INDIVIDUAL_DATE_OF_BIRTH></INDIVIDUAL></INDIVIDUALS>
<ENTITIES><ENTITY><DATAID>2</DATAID><FIRST_NAME>TEST FRONT</FIRST_NAME><REFERENCE_NUMBER>QDe.001</REFERENCE_NUMBER><ENTITY_ALIAS><ALIAS_NAME>T.F.</ALIAS_NAME></ENTITY_ALIAS></ENTITY></ENTITIES></CONSOLIDATED_LIST>`

const euXML = `<?xml version="1.0" encoding="UTF-8"?><export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-11-24T17:00:00.000+01:00" globalFileId="1">
<sanctionEntity euReferenceNumber="EU.27.28" logicalId="13"><regulation programme="IRQ"/><subjectType code="person" classificationCode="P"/>
<nameAlias firstName="Saddam" middleName="" lastName="Test" wholeName="Saddam Test"/><nameAlias firstName="Abu" lastName="Ali" wholeName=""/><birthdate birthdate="1937-04-28" year="1937"/><birthdate year="1939"/></sanctionEntity>
<sanctionEntity euReferenceNumber="" logicalId="14"><subjectType code="enterprise"/><nameAlias wholeName="Test Enterprise"/></sanctionEntity></export>`

// TestFormats: each publisher's form gives the same entries, whole or not at all.
func TestFormats(t *testing.T) {
	t.Parallel()
	boris := Entry{Reference: "7001", Type: Person, Names: []string{"Boris TESTOV", "Борис TESTOV"}, Births: []string{"1957-04-28", "1958"}, Programs: []string{"SDGT", "RUSSIA-EO14024"}}
	for name, row := range map[string]struct {
		format, file, alt, date string
		first                   Entry
		count                   int
	}{
		"OFAC XML": {"ofac-sdn", ofacXML, "", "11/24/2026", boris, 3},
		"OFAC CSV": {"ofac-sdn", sdnCSV, altCSV, "", boris, 3},
		"UN":       {"un", unXML, "", "2026-11-24T23:00:00", Entry{Reference: "CDi.001", Type: Person, Names: []string{"ERIC TEST BADEGE", "إريك", "Erik Badege"}, Births: []string{"1971-03-02", "1972"}, Programs: []string{"DRC"}}, 2},
		"EU":       {"eu", euXML, "", "2026-11-24T17:00:00.000+01:00", Entry{Reference: "EU.27.28", Type: Person, Names: []string{"Saddam Test", "Abu Ali"}, Births: []string{"1937-04-28", "1939"}, Programs: []string{"IRQ"}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parse := func(file string) (List, []Entry, error) {
				var alt *strings.Reader
				if row.alt == "" {
					return Parse(row.format, strings.NewReader(file), nil, nil)
				}
				alt = strings.NewReader(row.alt)
				return Parse(row.format, strings.NewReader(file), alt, nil)
			}
			list, entries, err := parse(row.file)
			require.NoError(t, err)
			require.Len(t, entries, row.count)
			require.Equal(t, row.first, entries[0])
			require.Equal(t, row.date, list.Date)
			if strings.HasPrefix(row.file, "<") {
				_, _, err = parse(row.file[:len(row.file)-20])
				require.ErrorContains(t, err, "not whole")
			}
			_, _, err = parse("<html>Not found</html>")
			require.Error(t, err)
			_, _, err = parse("")
			require.Error(t, err)
		})
	}
}

// TestInstall: a list takes the place of the one before at once, and its version says what
// is in it.
func TestInstall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fake := clock.NewFake(time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC))
	engine := &Local{Dir: dir, Threshold: 0.9, Clock: fake.Clock()}
	stamp, err := engine.Stamp(t.Context())
	require.NoError(t, err)
	require.Empty(t, stamp)
	_, err = engine.Search(t.Context(), Subject{Name: "Boris Testov"})
	require.ErrorContains(t, err, "florin screening load")
	list, entries, err := Parse("ofac-sdn", strings.NewReader(ofacXML), nil, nil)
	require.NoError(t, err)
	first, err := Install(dir, list, entries)
	require.NoError(t, err)
	fake.Advance(time.Second)
	hits, err := engine.Search(t.Context(), Subject{Name: "Testov Boris"})
	require.NoError(t, err)
	require.Len(t, hits, 1)
	require.Equal(t, "ofac-sdn", hits[0].List)
	again, err := Install(dir, list, entries)
	require.NoError(t, err)
	require.Equal(t, first.Version, again.Version)
	entries[0].Programs = nil
	require.Equal(t, Difference{Changed: 1, Removed: 1}, Compare(mustRead(t, dir), entries[:2]))
	other, err := Install(dir, list, entries)
	require.NoError(t, err)
	require.NotEqual(t, first.Version, other.Version)
	fake.Advance(time.Second)
	stamp, err = engine.Stamp(t.Context())
	require.NoError(t, err)
	require.Contains(t, stamp, other.Version)
}

func mustRead(t *testing.T, dir string) []Entry {
	t.Helper()
	_, entries, err := ReadList(dir, "ofac-sdn")
	require.NoError(t, err)
	return entries
}

// TestWatchman by a server that answers as moov-io/watchman's v2 does.
func TestWatchman(t *testing.T) {
	t.Parallel()
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v2/listinfo":
			_, _ = w.Write([]byte(`{"lists":{"us_ofac":18000},"listHashes":{"us_ofac":"abc"},"startedAt":"2026-11-25T10:00:00Z","endedAt":"2026-11-25T10:00:05Z","version":"v0.56.0"}`))
		case "/v2/search":
			if r.FormValue("type") != "person" || r.FormValue("name") != "Nicolás Maduro" || r.FormValue("birthDate") != "1962-11-23" || r.FormValue("minMatch") != "0.90" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			_, _ = w.Write([]byte(`{"query":{"name":"nicolas maduro"},"entities":[{"name":"Nicolas MADURO MOROS","entityType":"person","sourceList":"us_ofac","sourceID":"22790","person":{"name":"Nicolas MADURO MOROS","altNames":null,"birthDate":"1962-11-23T00:00:00Z"},"match":0.97},
				{"name":"Nicolas MADURO GUERRA","entityType":"person","sourceList":"us_ofac","sourceID":"26920","match":0.62}]}`))
		}
	}))
	t.Cleanup(there.Close)
	client := egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	w := &Watchman{Client: client, URL: there.URL, Threshold: 0.9, Clock: clock.System()}
	stamp, err := w.Stamp(t.Context())
	require.NoError(t, err)
	require.Regexp(t, `^watchman:[0-9a-f]{16}$`, stamp)
	lists, err := w.Lists(t.Context())
	require.NoError(t, err)
	require.Equal(t, 18000, lists[0].Entries)
	hits, err := w.Search(t.Context(), Subject{Name: "Nicolás Maduro", Births: []string{"1962-11-23"}})
	require.NoError(t, err)
	require.Len(t, hits, 1)
	require.Equal(t, Hit{List: "us_ofac", Entry: Entry{Reference: "22790", Type: "person", Names: []string{"Nicolas MADURO MOROS"}, Births: []string{"1962-11-23"}}, Name: "Nicolas MADURO MOROS", Score: 0.97}, hits[0])
	_, err = w.Search(t.Context(), Subject{Name: "Somebody Else"})
	require.ErrorIs(t, err, errWatchman)
	require.NotContains(t, err.Error(), "Somebody")
}

// invented makes as many entries as the large lists have, three names each, of 30,000 words
// of which some are much more usual than others.
func invented(n int) []Entry {
	random := rand.New(rand.NewPCG(1, 2))
	syllables := strings.Fields("mo ha mmed al i has san ab dul rah man vla di mir ser gei iva nov pet rov a le xan der kim jong un lee wang zhang chen ga rcia lo pez mar ti nez fer nan dez kha lid om ar yu suf os ama bin sa lem na sser hus sein ka rim")
	known := make([]string, 30_000)
	for i := range known {
		for range 2 + random.IntN(3) {
			known[i] += syllables[random.IntN(len(syllables))]
		}
	}
	word := func() string {
		u := random.Float64()
		return known[int(u*u*u*float64(len(known)))]
	}
	entries := make([]Entry, n)
	for i := range entries {
		var names []string
		for range 3 {
			parts := make([]string, 2+random.IntN(3))
			for k := range parts {
				parts[k] = word()
			}
			names = append(names, strings.Join(parts, " "))
		}
		entries[i] = Entry{Reference: fmt.Sprint(i), Type: Person, Names: names, Births: []string{fmt.Sprint(1930 + random.IntN(70))}}
	}
	return entries
}

// BenchmarkSearch looks one name up among 20,000 entries of three names each.
func BenchmarkSearch(b *testing.B) {
	x := newIndex()
	entries := invented(20_000)
	for _, e := range entries {
		x.add("t", e)
	}
	names := make([]string, 1000)
	for i := range names {
		names[i] = entries[i*17%len(entries)].Names[1]
	}
	b.ResetTimer()
	for i := range b.N {
		_ = x.search(names[i%len(names)], nil, 0.9)
	}
}

// BenchmarkIndex builds the index of 20,000 entries.
func BenchmarkIndex(b *testing.B) {
	entries := invented(20_000)
	for range b.N {
		x := newIndex()
		for _, e := range entries {
			x.add("t", e)
		}
	}
}

// FuzzParse: no file breaks the program, and what is read can be installed and searched.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{ofacXML, sdnCSV, unXML, euXML, "", "<", "\"", "<a><b></a>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		for _, format := range Formats() {
			_, entries, err := Parse(format, strings.NewReader(file), bytes.NewReader([]byte(file)), nil)
			if err != nil {
				continue
			}
			x := newIndex()
			for _, e := range entries {
				x.add(format, e)
			}
			_ = x.search(entries[0].Names[0], entries[0].Births, 0.9)
		}
	})
}
