package payment

import (
	"encoding/json"
	"strings"

	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
)

// try is what is sealed of an attempt, under the same key as its request.
type try struct {
	Save        bool               `json:"save,omitempty"`
	Hosted      bool               `json:"hosted,omitempty"`
	Holder      string             `json:"holder,omitempty"`
	Consent     Consent            `json:"consent,omitzero"`
	Address     string             `json:"address,omitempty"`
	RedirectURL string             `json:"redirectUrl,omitempty"`
	Issuer      string             `json:"issuer,omitempty"`
	Card        provider.CardFacts `json:"card,omitzero"`
}

func tryOf(p *run) try {
	return try{Save: p.order.Save, Hosted: p.order.Hosted, Holder: p.charge.Billing.Name, Consent: p.order.Consent, Address: p.order.Address}
}

func (s *Service) sealTry(r owner.Room, q *Request, attemptID int64, t try) ([]byte, error) {
	plain, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	return r.Seal(q.key, r.Place("payment_attempt", attemptID, "doc"), plain)
}

func openTry(r owner.Room, q *Request, a attempt) (try, error) {
	var t try
	if q.Erased || len(a.sealed) == 0 {
		return t, nil
	}
	plain, err := r.Open(q.key, r.Place("payment_attempt", a.id, "doc"), a.sealed)
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(plain, &t)
}

// describe names device, browser and system of a User-Agent in three coarse words: what
// support asks for, and too little to tell one payer from another.
func describe(agent string) (device, browser, system string) {
	if agent == "" {
		return "", "", ""
	}
	first := func(words ...[2]string) string {
		for _, w := range words {
			if strings.Contains(agent, w[0]) {
				return w[1]
			}
		}
		return "other"
	}
	device = first([2]string{"iPad", "tablet"}, [2]string{"Tablet", "tablet"}, [2]string{"Mobi", "mobile"}, [2]string{"iPhone", "mobile"})
	if device == "other" {
		device = "desktop"
	}
	browser = first([2]string{"Edg/", "Edge"}, [2]string{"OPR/", "Opera"}, [2]string{"SamsungBrowser", "Samsung Internet"},
		[2]string{"Firefox/", "Firefox"}, [2]string{"Chrome/", "Chrome"}, [2]string{"CriOS", "Chrome"}, [2]string{"Safari/", "Safari"})
	system = first([2]string{"Windows", "Windows"}, [2]string{"Android", "Android"}, [2]string{"iPhone", "iOS"}, [2]string{"iPad", "iOS"},
		[2]string{"Mac OS X", "macOS"}, [2]string{"CrOS", "ChromeOS"}, [2]string{"Linux", "Linux"})
	return device, browser, system
}
