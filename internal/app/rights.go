package app

import (
	"context"
	"errors"
	"slices"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/register"
	"github.com/florin-gateway/florin/internal/rights"
)

// buildRights builds the desk for requests of data subjects, and the register beside it.
func (a *App) buildRights() {
	a.Rights = &rights.Service{Store: a.Store, Owners: a.Owners, Audit: a.Audit, Events: a.Events, Clock: a.Clock, IDs: a.IDs, Customers: a.Customers, Consents: a.Consents, Export: a.Privacy.Export}
	a.Customers.TellOfRestriction = a.Rights.TellOfRestriction
	a.Register = &register.Service{Store: a.Store, Owners: a.Owners, Audit: a.Audit, Events: a.Events, Clock: a.Clock, IDs: a.IDs, Recipients: a.Rights.Names}
	if a.mail != nil {
		a.Rights.Mail, a.Register.Mail = a.mailPrivacy, a.mailPrivacy
	}
}

// mailPrivacy writes to those of an owner who look after privacy: the users with that role and
// the data protection officer, or else its admins.
func (a *App) mailPrivacy(ctx context.Context, r owner.Room, subject, body string) error {
	users, err := a.Access.Users(ctx, r.Grant)
	if err != nil {
		return err
	}
	to := addressesOf(users, auth.Privacy)
	officer, err := a.Register.Officer(ctx, r.Grant)
	if err != nil && !fault.Is(err, fault.RegisterEntryNotFound) {
		return err
	}
	if officer.Email != "" && !slices.Contains(to, officer.Email) {
		to = append(to, officer.Email)
	}
	if len(to) == 0 {
		to = addressesOf(users, auth.Admin)
	}
	var errs []error
	for _, address := range to {
		errs = append(errs, a.mail.Post(ctx, notification.Letter{ID: a.IDs.Next(), From: r.Owner.Name, To: address, Subject: subject, Body: body}))
	}
	return errors.Join(errs...)
}

// addressesOf are those of active users with a role.
func addressesOf(users []access.User, role auth.Role) []string {
	var to []string
	for _, u := range users {
		if u.Role == role && u.Status == access.Active {
			to = append(to, u.Email)
		}
	}
	return to
}
