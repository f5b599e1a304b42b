package app

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/webhook"
)

// buildWebhooks builds what tells merchants' systems; the API's own words are what is told.
func (a *App) buildWebhooks(allowed []netip.Prefix) {
	a.Webhooks = webhook.New(webhook.Service{Store: a.Store, Owners: a.Owners, Audit: a.Audit, Events: a.Events, Clock: a.Clock, IDs: a.IDs, Random: random,
		Client: a.Egress, PlainHTTP: len(allowed) > 0, SwitchedOff: a.mailSwitchedOff})
	if a.Config.Postgres() {
		a.Webhooks.Leases = a.Leases
	}
	a.Webhooks.Body = a.API().WebhookBody
	a.Events.OnNumbered(a.Webhooks.Wake)
}

// mailSwitchedOff tells an owner's admins, where mail can be sent. The address of an
// endpoint may hold a secret behind its host.
func (a *App) mailSwitchedOff(ctx context.Context, r owner.Room, e webhook.Endpoint, why string) error {
	if a.mail == nil {
		return nil
	}
	users, err := a.Access.Users(ctx, r.Grant)
	if err != nil {
		return err
	}
	reason := map[string]string{webhook.Gone: "it answered 410 Gone", webhook.Failing: "it has failed for five days"}[why]
	host := "an address that can't be read"
	if u, err := url.Parse(e.URL); err == nil {
		host = u.Host
	}
	for _, u := range users {
		if u.Role != auth.Admin || u.Status != access.Active {
			continue
		}
		letter := notification.Letter{ID: a.IDs.Next(), From: r.Owner.Name, To: u.Email, Subject: "Webhooks to " + host + " are switched off",
			Body: fmt.Sprintf("Hello %s,\n\nthe webhook endpoint %d (%s, %s mode) gets no more events: %s.\n\nNothing is lost: once it is enabled again (PUT /webhook-endpoints/%d, \"enabled\": true) it gets what it missed, in order.\n",
				u.Name, e.ID, host, r.Grant.Actor().Mode, reason, e.ID)}
		err = errors.Join(err, a.mail.Post(ctx, letter))
	}
	return err
}
