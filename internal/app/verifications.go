package app

import (
	"errors"
	"fmt"

	"github.com/florin-gateway/florin/internal/screening"
	"github.com/florin-gateway/florin/internal/verification"
)

// buildVerifications builds what finds out who customers are, by whoever is configured.
func (a *App) buildVerifications(o options) error {
	live, err := a.verifiers()
	if o.verifiers != nil {
		live = o.verifiers(a)
	}
	a.Verifications = verification.New(verification.Service{Store: a.Store, Owners: a.Owners, Customers: a.Customers, Audit: a.Audit, Events: a.Events, Clock: a.Clock, IDs: a.IDs,
		Random: random, Log: a.Log, Live: live, Sandbox: &verification.Sandbox{Secret: fmt.Sprintf("%016x%016x", random(), random())}})
	return err
}

// verifiers are those that the configuration names, each whole or not at all.
func (a *App) verifiers() (verification.Connectors, error) {
	c := a.Config
	var all verification.Connectors
	if a.mail != nil {
		all.Mail = verification.MailSender{Mail: a.mail}
	}
	sms, err := whole("--sms-account, --sms-token and --sms-from", c.SMSAccount, c.SMSToken, c.SMSFrom)
	if err != nil {
		return all, err
	}
	if sms {
		all.SMS = verification.Twilio{Client: a.Egress, URL: c.SMSURL, Account: c.SMSAccount, Token: c.SMSToken, From: c.SMSFrom}
	}
	sumsub, err := whole("--sumsub-token, --sumsub-secret, --sumsub-webhook-secret and --sumsub-level", c.SumsubToken, c.SumsubSecret, c.SumsubWebhook, c.SumsubLevel)
	if sumsub {
		all.Checker = &verification.Sumsub{Client: a.Egress, Clock: a.Clock, URL: c.SumsubURL, Token: c.SumsubToken, Secret: c.SumsubSecret, WebhookSecret: c.SumsubWebhook, Level: c.SumsubLevel}
	}
	return all, err
}

// whole reports whether settings that belong together are set; some of them are a mistake.
func whole(names string, values ...string) (bool, error) {
	set := 0
	for _, value := range values {
		if value != "" {
			set++
		}
	}
	if set != 0 && set != len(values) {
		return false, errors.New(names + " belong together: set all of them, or none")
	}
	return set > 0, nil
}

// Bounds of --screening-threshold. Below it half the world is alike.
const (
	leastScore   = 0.7
	defaultScore = 0.9
)

// buildScreenings builds what looks customers up in sanctions lists.
func (a *App) buildScreenings() error {
	score := a.Config.ScreeningScore
	if score == 0 {
		score = defaultScore
	}
	if score < leastScore || score > 1 {
		return errors.New("--screening-threshold must be from 0.7 to 1")
	}
	var engine screening.Engine = &screening.Local{Dir: a.Config.ScreeningDir(), Threshold: score, Clock: a.Clock}
	if a.Config.WatchmanURL != "" {
		engine = &screening.Watchman{Client: a.Egress, URL: a.Config.WatchmanURL, Threshold: score, Clock: a.Clock}
	}
	a.Screenings = &screening.Service{Store: a.Store, Owners: a.Owners, Customers: a.Customers, Audit: a.Audit, Events: a.Events, Clock: a.Clock, IDs: a.IDs, Engine: engine, Threshold: score}
	return nil
}
