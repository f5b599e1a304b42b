package customerpage

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/language"
)

//go:embed texts/*.json
var texts embed.FS

// tongue is one language of the page.
type tongue struct {
	Code  string // BCP 47
	Name  string // in itself, for whoever can't read the others
	Dir   string
	texts map[string]string
}

// speech is every language of the page; the first is for whoever speaks none of them.
type speech struct {
	tongues []tongue
	matcher language.Matcher
}

func newSpeech() (*speech, error) {
	s := &speech{tongues: []tongue{
		{Code: "en", Name: "English", Dir: "ltr"}, {Code: "es", Name: "Español", Dir: "ltr"}, {Code: "fr", Name: "Français", Dir: "ltr"},
		{Code: "de", Name: "Deutsch", Dir: "ltr"}, {Code: "ar", Name: "العربية", Dir: "rtl"}, {Code: "pt", Name: "Português", Dir: "ltr"},
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

// say fills the places of a text. A name among letters that run the other way is isolated
// (UAX #9).
func (t *tongue) say(key string, places map[string]string) string {
	text := t.texts[key]
	for name, value := range places {
		if t.Dir == "rtl" {
			value = "\u2068" + value + "\u2069"
		}
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// date is a day as the language writes it: the texts have the months, and a pattern.
func (t *tongue) date(at time.Time) string {
	months := strings.Split(t.texts["months"], " ")
	return strings.NewReplacer("{day}", fmt.Sprint(at.Day()), "{month}", months[at.Month()-1], "{year}", fmt.Sprint(at.Year())).Replace(t.texts["date"])
}
