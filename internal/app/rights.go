package app

import (
	"context"
	"errors"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/rights"
)

// buildRights builds the desk for requests of data subjects.
func (a *App) buildRights() {
	a.Rights = &rights.Service{Store: a.Store, Owners: a.Owners, Audit: a.Audit, Events: a.Events, Clock: a.Clock, IDs: a.IDs, Customers: a.Customers, Consents: a.Consents, Export: a.Privacy.Export}
	a.Customers.TellOfRestriction = a.Rights.TellOfRestriction
	if a.mail != nil {
		a.Rights.Mail = a.mailPrivacy
	}
}

// mailPrivacy writes to those of an owner who look after privacy: the users with that role,
// or else its admins.
func (a *App) mailPrivacy(ctx context.Context, r owner.Room, subject, body string) error {
	users, err := a.Access.Users(ctx, r.Grant)
	if err != nil {
		return err
	}
	to := addressesOf(users, auth.Privacy)
	if len(to) == 0 {
		to = addressesOf(users, auth.Admin)
	}
	for _, address := range to {
		err = errors.Join(err, a.mail.Post(ctx, notification.Letter{ID: a.IDs.Next(), From: r.Owner.Name, To: address, Subject: subject, Body: body}))
	}
	return err
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
