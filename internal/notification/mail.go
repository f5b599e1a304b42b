package notification

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/owner"
)

// MailSender writes to customers, as long as they want it.
type MailSender struct {
	Customers *customer.Service
	Clock     clock.Clock
	// May reports whether a customer's data may be processed for a purpose now (consent).
	May    func(ctx context.Context, g auth.Grant, customerID int64, purpose string) (bool, error)
	From   string // an addr-spec; the merchant's name is put before it
	server server
}

// server is where mail is handed in.
type server struct {
	host           string
	port           int
	user, password string
	tls            mail.TLSPolicy
	implicit       bool
}

// NewMailSender reads smtp://user:password@host:587 (STARTTLS) or smtps://host:465. Without
// TLS mail goes to this machine alone: a receipt names a person and what they bought (PCI
// DSS 4.2.2).
func NewMailSender(address, from string, customers *customer.Service, c clock.Clock) (*MailSender, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || from == "" {
		return nil, errors.New("--smtp-url must be like smtp://user:password@mail.example.com:587 or smtps://…:465, and --mail-from an address")
	}
	s := server{host: u.Hostname(), port: map[string]int{"smtp": 587, "smtps": 465}[u.Scheme], user: u.User.Username(), tls: mail.TLSMandatory, implicit: u.Scheme == "smtps"}
	s.password, _ = u.User.Password()
	if u.Port() != "" {
		s.port, _ = strconv.Atoi(u.Port())
	}
	if local, err := netip.ParseAddr(s.host); err == nil && local.IsLoopback() || s.host == "localhost" {
		s.tls = mail.TLSOpportunistic
	}
	return &MailSender{Customers: customers, Clock: c, From: from, server: s}, nil
}

const mailTimeout = 15 * time.Second

// Send hands a mail in, unless the customer does not want mails, is not there any more, or
// the purpose is closed: withdrawn, objected to, restricted.
func (m *MailSender) Send(ctx context.Context, r owner.Room, d Delivery) error {
	wanted, err := m.Customers.WantsMail(ctx, r.Grant, d.CustomerID)
	if err != nil || !wanted {
		return err
	}
	if d.Purpose != "" {
		if may, err := m.May(ctx, r.Grant, d.CustomerID, d.Purpose); err != nil || !may {
			return err
		}
	}
	return m.Post(ctx, Letter{ID: d.ID, From: r.Owner.Name, To: d.To, Subject: d.Subject, Body: string(d.Body)})
}

// Letter is a mail that is handed in now, or not at all.
type Letter struct {
	ID      int64 // the same at each try: a receiver can tell
	From    string
	To      string
	Subject string
	Body    string
}

// Post hands a letter in.
func (m *MailSender) Post(ctx context.Context, l Letter) error {
	message := mail.NewMsg()
	if err := message.From(fmt.Sprintf("%q <%s>", l.From, m.From)); err != nil {
		return errors.New("notification: the sender's address is not usable")
	}
	if err := message.To(l.To); err != nil {
		return errors.New("notification: the receiver's address is not usable for mail")
	}
	message.Subject(l.Subject)
	message.SetDateWithValue(m.Clock.Now())
	_, domain, _ := strings.Cut(m.From, "@")
	message.SetMessageIDWithValue(fmt.Sprintf("florin-%d@%s", l.ID, domain))
	message.SetBodyString(mail.TypeTextPlain, l.Body)
	client, err := m.client()
	if err != nil {
		return errors.New("notification: the mail server's settings are not usable")
	}
	if err := client.DialAndSendWithContext(ctx, message); err != nil {
		return errAnswer // the server's words may hold the address
	}
	return nil
}

func (m *MailSender) client() (*mail.Client, error) {
	options := []mail.Option{mail.WithPort(m.server.port), mail.WithTimeout(mailTimeout), mail.WithTLSPolicy(m.server.tls)}
	if m.server.implicit {
		options = append(options, mail.WithSSL())
	}
	if m.server.user != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.server.user), mail.WithPassword(m.server.password))
	}
	return mail.NewClient(m.server.host, options...)
}
