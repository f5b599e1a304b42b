package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/egress"
	"github.com/florin-gateway/florin/internal/fee"
	"github.com/florin-gateway/florin/internal/method"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/privacy"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/provider/rest"
	"github.com/florin-gateway/florin/internal/provider/sandbox"
	"github.com/florin-gateway/florin/internal/provider/stripe"
	"github.com/florin-gateway/florin/internal/rate"
	"github.com/florin-gateway/florin/internal/retention"
	"github.com/florin-gateway/florin/internal/routing"
	"github.com/florin-gateway/florin/internal/vault"
	"github.com/florin-gateway/florin/internal/webhook"
)

// buildPayments builds what money needs, from the rates up to the payments.
func (a *App) buildPayments(o options) error {
	rates, err := rate.Open(a.Config.RatesFile)
	if err != nil {
		return err
	}
	a.Rates = rates
	allowed, err := egress.ParseAllow(a.Config.EgressAllow)
	if err != nil {
		return fmt.Errorf("--egress-allow: %w", err)
	}
	a.Egress = egress.New(egress.Config{Allow: allowed})
	a.Sandbox = &sandbox.Connector{Store: a.Store, Clock: a.Clock, IDs: a.IDs.Next, Random: rand.Reader, Hide: a.hide, Show: a.show,
		Account: func(ctx context.Context, realm, account int64) (provider.Account, error) {
			return a.Payments.Account(ctx, realm, account)
		},
		Deliver: func(ctx context.Context, to provider.Account, c provider.Callback) error {
			return a.Payments.Told(ctx, to, c)
		}}
	a.Consents = &consent.Service{Store: a.Store, Owners: a.Owners, Customers: a.Customers, Audit: a.Audit, Clock: a.Clock, IDs: a.IDs, Events: a.Events, Random: random, PublicURL: a.public}
	a.Fees = &fee.Service{Store: a.Store, Owners: a.Owners, Audit: a.Audit, Clock: a.Clock, IDs: a.IDs}
	a.Methods = &method.Service{Store: a.Store, Owners: a.Owners, Audit: a.Audit, Events: a.Events, Clock: a.Clock, IDs: a.IDs}
	a.Routing = &routing.Service{Store: a.Store, Owners: a.Owners, Audit: a.Audit, Clock: a.Clock, IDs: a.IDs, Random: random, PublicURL: a.public, Registry: a.registry(o)}
	a.Notifications = notification.New(notification.Service{Store: a.Store, Owners: a.Owners, Audit: a.Audit, Clock: a.Clock, IDs: a.IDs, Random: random,
		Senders: map[notification.Channel]notification.Sender{notification.Form: notification.FormSender{Owners: a.Owners, Client: a.Egress.HTTP()}}})
	if a.Config.SMTPURL != "" {
		sender, err := notification.NewMailSender(a.Config.SMTPURL, a.Config.MailFrom, a.Customers, a.Clock)
		if err != nil {
			return err
		}
		sender.May = a.Consents.May
		a.Notifications.Senders[notification.Mail], a.mail = sender, sender
	}
	a.Payments = payment.New(payment.Service{Store: a.Store, Owners: a.Owners, Customers: a.Customers, Methods: a.Methods, Consents: a.Consents, Routing: a.Routing,
		Fees: a.Fees, Rates: a.Rates, Notifications: a.Notifications, Audit: a.Audit, Events: a.Events, Clock: a.Clock, IDs: a.IDs, Random: random, PublicURL: a.public, Log: a.Log})
	a.buildWebhooks(allowed)
	a.Retention = &retention.Service{Store: a.Store, Owners: a.Owners, Customers: a.Customers, Audit: a.Audit, Clock: a.Clock, IDs: a.IDs, Attempt: webhook.RemoveAttempt}
	if a.Config.Postgres() {
		a.Retention.Leases = a.Leases
	}
	a.Privacy = privacy.New(privacy.Service{Store: a.Store, Random: random, Owners: a.Owners, Audit: a.Audit, Clock: a.Clock, IDs: a.IDs, Customers: a.Customers})
	if err := errors.Join(a.buildVerifications(o), a.buildScreenings()); err != nil {
		return err
	}
	a.buildRights()
	a.Customers.Others = []customer.Other{a.Payments, a.Methods, a.Consents, a.Webhooks, a.Privacy, a.Verifications, a.Screenings, a.Rights}
	return nil
}

// hide and show seal what the sandbox keeps for a payer, under the owner's key.
func (a *App) hide(ctx context.Context, of provider.Account, text string) (string, error) {
	keys, err := a.Vault.Keys(ctx, of.Owner, of.Realm)
	if err != nil {
		return "", err
	}
	sealed, err := keys.Seal(sandboxPlace(of), []byte(text))
	return base64.RawStdEncoding.EncodeToString(sealed), err
}

func (a *App) show(ctx context.Context, of provider.Account, text string) (string, error) {
	keys, err := a.Vault.Keys(ctx, of.Owner, of.Realm)
	if err != nil {
		return "", err
	}
	sealed, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return "", err
	}
	plain, err := keys.Open(sandboxPlace(of), sealed)
	return string(plain), err
}

func sandboxPlace(of provider.Account) vault.Place {
	return vault.Place{Realm: of.Realm, Table: "sandbox_charge", Column: "return_url"}
}

// registry is every kind of provider that this program can speak to.
func (a *App) registry(o options) provider.Registry {
	all := provider.Registry{
		sandbox.Kind: {About: sandbox.About(), Connector: a.Sandbox},
		stripe.Kind:  {About: stripe.About(), Connector: &stripe.Connector{Client: a.Egress}},
		rest.Kind:    {About: rest.About(), Connector: &rest.Connector{Client: a.Egress}},
	}
	if o.connectors != nil {
		maps.Copy(all, o.connectors(a))
	}
	return all
}

// public is how the outside reaches this server, known once it serves.
func (a *App) public() string { return a.publicURL }

// startPayments begins the work of payments that no request waits for.
func (a *App) startPayments(running context.Context, failed func(string) func(error)) {
	a.goRun(func() { a.Payments.Run(running, paymentsEvery, failed("payments")) })
	a.goRun(func() { a.Sandbox.Run(running, paymentsEvery, failed("sandbox callbacks")) })
	a.goRun(func() { a.Privacy.Run(running, paymentsEvery, failed("erasures")) })
	a.goRun(func() { a.Screenings.Run(running, screeningEvery, failed("screening")) })
	a.goRun(func() { a.Verifications.Run(running, paymentsEvery, failed("verifications")) })
	a.goRun(func() { a.retain(running, failed("retention")) })
	a.goRun(func() { a.Webhooks.Run(running, paymentsEvery, failed("webhooks")) })
	a.goRun(func() { a.Notifications.Run(running, paymentsEvery, failed("notifications")) })
}

// retain runs the retention policies of every realm at once and then each hour, so that a
// server that is started anew more often than that removes what is due too.
func (a *App) retain(running context.Context, failed func(error)) {
	clock.Repeat(running, time.Hour, nil, func(ctx context.Context) bool {
		owners, err := a.Owners.List(ctx)
		for _, o := range owners {
			for _, mode := range []auth.Mode{auth.Live, auth.Test} {
				if o.Status != owner.Leaving {
					err = errors.Join(err, a.Retention.RunJob(ctx, auth.System(o.ID, o.Realm(mode), mode, "retention")))
				}
			}
		}
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		return false
	})
}

// eachRealm does what is due in every realm: cards that have ended or will, and
// yesterday's comparison with the providers.
func (a *App) eachRealm(ctx context.Context) error {
	owners, err := a.Owners.List(ctx)
	if err != nil {
		return err
	}
	var errs []error // one owner's provider must not stop another's
	for _, o := range owners {
		if o.Status == owner.Leaving {
			continue
		}
		for _, mode := range []auth.Mode{auth.Live, auth.Test} {
			expiry := a.Payments.ExpireMethods(ctx, auth.System(o.ID, o.Realm(mode), mode, "method-expiry"))
			reconcile := a.Payments.ReconcileYesterday(ctx, auth.System(o.ID, o.Realm(mode), mode, "reconciliation"))
			purge := a.Webhooks.Purge(ctx, auth.System(o.ID, o.Realm(mode), mode, "webhook-attempts"))
			remind := a.Rights.Remind(ctx, auth.System(o.ID, o.Realm(mode), mode, "privacy-reminders"))
			clocks := a.Register.Remind(ctx, auth.System(o.ID, o.Realm(mode), mode, "incident-clocks"))
			errs = append(errs, expiry, reconcile, purge, remind, clocks)
		}
	}
	return errors.Join(errs...)
}
