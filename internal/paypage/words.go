package paypage

import (
	"embed"
	"encoding/json"
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

//go:embed texts/*.json
var texts embed.FS

// tongue is one language of the page.
type tongue struct {
	Code string // BCP 47
	Name string // in itself, for whoever can't read the others
	Dir  string
	// tag formats numbers. Arabic ones are in Latin digits, as on the card.
	tag   language.Tag
	texts map[string]string
}

// speech is every language of the page; the first is for whoever speaks none of them.
type speech struct {
	tongues []tongue
	matcher language.Matcher
}

func newSpeech() (*speech, error) {
	s := &speech{tongues: []tongue{
		{Code: "en", Name: "English", Dir: "ltr", tag: language.English},
		{Code: "es", Name: "Español", Dir: "ltr", tag: language.Spanish},
		{Code: "fr", Name: "Français", Dir: "ltr", tag: language.French},
		{Code: "de", Name: "Deutsch", Dir: "ltr", tag: language.German},
		{Code: "ar", Name: "العربية", Dir: "rtl", tag: language.MustParse("ar-u-nu-latn")},
		{Code: "pt", Name: "Português", Dir: "ltr", tag: language.Portuguese},
	}}
	var tags []language.Tag
	for i := range s.tongues {
		t := &s.tongues[i]
		text, err := texts.ReadFile("texts/" + t.Code + ".json")
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &t.texts); err != nil {
			return nil, err
		}
		tags = append(tags, language.MustParse(t.Code))
	}
	s.matcher = language.NewMatcher(tags)
	return s, nil
}

// asked is the language that the address names, nil for none of ours.
func (s *speech) asked(r *http.Request) *tongue {
	for i := range s.tongues {
		if s.tongues[i].Code == r.URL.Query().Get("lang") {
			return &s.tongues[i]
		}
	}
	return nil
}

// choose takes what was asked for, then what the customer prefers, then what the browser
// does (RFC 9110 §12.5.4).
func (s *speech) choose(r *http.Request, preferred string) *tongue {
	if t := s.asked(r); t != nil {
		return t
	}
	for _, wanted := range []string{preferred, r.Header.Get("Accept-Language")} {
		tags, _, err := language.ParseAcceptLanguage(wanted)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, at, sure := s.matcher.Match(tags...); sure != language.No {
			return &s.tongues[at]
		}
	}
	return &s.tongues[0]
}

// First strong isolates keep a name or a sum in one piece among letters that run the other
// way (UAX #9).
const (
	isolate    = "\u2068"
	endIsolate = "\u2069"
)

// say fills the places of a text: {merchant}, {amount}.
func (t *tongue) say(key string, places map[string]string) string {
	text := t.texts[key]
	for name, value := range places {
		if t.Dir == "rtl" {
			value = isolate + value + endIsolate
		}
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}
