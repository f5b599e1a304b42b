package webpage

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

// Tongue is one language of a page.
type Tongue struct {
	Code string // BCP 47
	Name string // in itself, for whoever can't read the others
	Dir  string
	// Tag formats numbers. Arabic ones are in Latin digits, as on a card.
	Tag   language.Tag
	Texts map[string]string // by key
}

// Speech is every language of a page; the first is for whoever speaks none of them.
type Speech struct {
	Tongues []Tongue
	matcher language.Matcher
}

// NewSpeech reads a page's texts: a file texts/xx.json for each language.
func NewSpeech(texts fs.FS) (*Speech, error) {
	s := &Speech{Tongues: []Tongue{
		{Code: "en", Name: "English", Dir: "ltr", Tag: language.English},
		{Code: "es", Name: "Español", Dir: "ltr", Tag: language.Spanish},
		{Code: "fr", Name: "Français", Dir: "ltr", Tag: language.French},
		{Code: "de", Name: "Deutsch", Dir: "ltr", Tag: language.German},
		{Code: "ar", Name: "العربية", Dir: "rtl", Tag: language.MustParse("ar-u-nu-latn")},
		{Code: "pt", Name: "Português", Dir: "ltr", Tag: language.Portuguese},
	}}
	var tags []language.Tag
	for i := range s.Tongues {
		t := &s.Tongues[i]
		text, err := fs.ReadFile(texts, "texts/"+t.Code+".json")
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &t.Texts); err != nil {
			return nil, err
		}
		tags = append(tags, language.MustParse(t.Code))
	}
	s.matcher = language.NewMatcher(tags)
	return s, nil
}

// Asked is the language that the address names, nil for none of ours.
func (s *Speech) Asked(r *http.Request) *Tongue {
	for i := range s.Tongues {
		if s.Tongues[i].Code == r.URL.Query().Get("lang") {
			return &s.Tongues[i]
		}
	}
	return nil
}

// Choose takes what was asked for, then what the customer prefers, then what the browser
// does (RFC 9110 §12.5.4).
func (s *Speech) Choose(r *http.Request, preferred string) *Tongue {
	if t := s.Asked(r); t != nil {
		return t
	}
	for _, wanted := range []string{preferred, r.Header.Get("Accept-Language")} {
		tags, _, err := language.ParseAcceptLanguage(wanted)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, at, sure := s.matcher.Match(tags...); sure != language.No {
			return &s.Tongues[at]
		}
	}
	return &s.Tongues[0]
}

// First strong isolates keep a name or a sum in one piece among letters that run the other
// way (UAX #9).
const (
	isolate    = "\u2068"
	endIsolate = "\u2069"
)

// Say fills the places of a text: {merchant}, {amount}.
func (t *Tongue) Say(key string, places map[string]string) string {
	text := t.Texts[key]
	for name, value := range places {
		if t.Dir == "rtl" {
			value = isolate + value + endIsolate
		}
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}
