package payment

import (
	"context"
	"fmt"
	"strings"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/method"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
)

// mailReceipt tells the customer that they paid. Whether they want to be told is asked
// when it is sent, so that a wish that changed meanwhile counts.
func (s *Service) mailReceipt(tx *db.Tx, r owner.Room, q *Request, about notification.About) error {
	return s.mail(tx, r, about, q.Client.Email, q.Language, receiptMail, words(r, q, q.Amount))
}

// mailRefund tells the customer that money is on its way back.
func (s *Service) mailRefund(tx *db.Tx, r owner.Room, q *Request, f Refund) error {
	about := notification.About{RequestID: q.ID, CustomerID: q.CustomerID, Key: q.key}
	return s.mail(tx, r, about, q.Client.Email, q.Language, refundMail, words(r, q, f.Amount))
}

func words(r owner.Room, q *Request, a money.Amount) map[string]string {
	card := ""
	if q.CardLast4 != "" {
		card = strings.TrimSpace(q.CardBrand + " •••• " + q.CardLast4)
	}
	reference := q.ReferenceID
	if reference == "" {
		reference = fmt.Sprint(q.ID)
	}
	return map[string]string{"merchant": r.Owner.Name, "name": q.Client.Name, "amount": a.String() + " " + a.Currency, "reference": reference, "card": card}
}

func (s *Service) mail(tx *db.Tx, r owner.Room, about notification.About, to, language string, kind mailKind, words map[string]string) error {
	if to == "" || about.CustomerID == 0 || !s.Notifications.Sends(notification.Mail) {
		return nil
	}
	subject, body := mailText(kind, language, words)
	about.Purpose = consent.PaymentMessages
	return s.Notifications.Add(tx, r, about, notification.Mail, notification.Message{To: to, Subject: subject, Body: []byte(body)})
}

// ExpireMethods marks cards of a realm that have ended, and tells customers whose card
// will end within thirty days.
func (s *Service) ExpireMethods(ctx context.Context, g auth.Grant) error {
	r, err := s.enter(ctx, g)
	if err != nil {
		return err
	}
	_, err = s.Methods.Expire(ctx, g, func(ctx context.Context, customerID, methodID int64) (func(*db.Tx) error, error) {
		return s.expiryMail(ctx, r, customerID, methodID)
	})
	s.Wake()
	return err
}

func (s *Service) expiryMail(ctx context.Context, r owner.Room, customerID, methodID int64) (func(*db.Tx) error, error) {
	nothing := func(*db.Tx) error { return nil }
	p, err := s.Customers.Person(ctx, r.Grant, customerID)
	if fault.Is(err, fault.CustomerErased) || fault.Is(err, fault.CustomerNotFound) || err == nil && p.Status == customer.Restricted {
		return nothing, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := s.Methods.Find(ctx, r, customerID, methodID, p.Key)
	if fault.Is(err, fault.MethodNotFound) {
		return nothing, nil
	}
	if err != nil {
		return nil, err
	}
	return func(tx *db.Tx) error {
		return s.mail(tx, r, notification.About{CustomerID: customerID, Key: p.Key}, p.Email, p.Preferences.Language, expiryMail, expiryWords(r, p, m))
	}, nil
}

func expiryWords(r owner.Room, p customer.Person, m method.Method) map[string]string {
	return map[string]string{"merchant": r.Owner.Name, "name": p.Name, "card": m.Brand + " •••• " + m.Last4, "month": fmt.Sprintf("%02d/%d", m.ExpMonth, m.ExpYear)}
}
