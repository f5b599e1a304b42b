package payment

import (
	"strconv"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
)

// notify adds the vendor's notification of a request that became paid or unpaid to the
// unit that made it so. It goes to the request's own address, else the owner's, else
// nowhere.
func (s *Service) notify(tx *db.Tx, r owner.Room, n *settling, code string) error {
	q := n.request
	about := notification.About{RequestID: q.ID, CustomerID: q.CustomerID, Key: q.key}
	to := q.NotifyURL
	if to == "" {
		to = r.Owner.NotifyURL
	}
	n.due = n.due || to != "" || s.Notifications.Sends(notification.Mail)
	if to != "" {
		if err := s.Notifications.Add(tx, r, about, notification.Form, notification.Message{To: to, Body: notification.Encode(fields(q, code))}); err != nil {
			return err
		}
	}
	if q.Status != Paid {
		return nil
	}
	return s.mailReceipt(tx, r, q, about)
}

// fields are in the vendor's order (wire contract, section 6).
func fields(q *Request, code string) []notification.Pair {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	minor := func(n int64) string { return money.Amount{Minor: n, Currency: q.Amount.Currency}.String() }
	return []notification.Pair{
		{Name: "id", Value: number(q.ID)}, {Name: "transactionId", Value: number(q.AttemptID)},
		{Name: "transactionStatusId", Value: strconv.FormatInt(int64(q.Transaction), 10)}, {Name: "paymentRequestStatusId", Value: strconv.FormatInt(int64(q.Status), 10)},
		{Name: "merchantId", Value: number(q.OwnerID)}, {Name: "unit", Value: q.Amount.Currency},
		{Name: "grossAmount", Value: minor(q.Amount.Minor)}, {Name: "fee", Value: minor(q.Fee)}, {Name: "netAmount", Value: minor(q.Net())},
		{Name: "referenceId", Value: q.ReferenceID}, {Name: "notes", Value: q.Notes},
		{Name: "clientId", Value: number(q.CustomerID)}, {Name: "clientName", Value: q.Client.Name}, {Name: "clientEmail", Value: q.Client.Email},
		{Name: "clientPhone", Value: q.Client.Phone}, {Name: "clientMemberId", Value: q.Client.MemberID},
		{Name: "message", Value: Message(code)}, {Name: "code", Value: code},
	}
}
