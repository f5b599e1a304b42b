package api

import (
	"encoding/hex"
	"strconv"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/fee"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/method"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/rate"
	"github.com/florin-gateway/florin/internal/routing"
)

func number(minor int64, currency string) Number {
	return Number(money.Amount{Minor: minor, Currency: currency}.String())
}

func numberOrNull(minor int64, currency string) *Number {
	n := number(minor, currency)
	return &n
}

func textOrNull(n int64) *string {
	if n == 0 {
		return nil
	}
	text := strconv.FormatInt(n, 10)
	return &text
}

func showClient(q *payment.Request) *Client {
	if q.CustomerID == 0 || q.Erased {
		return nil
	}
	c := q.Client
	return &Client{ID: &q.CustomerID, Name: orNull(c.Name), Email: orNull(c.Email), Address: orNull(c.Address), Phone: orNull(c.Phone), MemberID: orNull(c.MemberID)}
}

func showLog(q *payment.Request) *LogLine {
	if q.Log.ID == 0 {
		return nil
	}
	return &LogLine{ID: q.Log.ID, PaymentRequestID: q.ID, TransactionID: textOrNull(q.AttemptID), TransactionStatusID: int64(q.Transaction), Code: q.Log.Code,
		Message: payment.Message(q.Log.Code), PayerCountry: orNull(q.PayerCountry), PaymentProviderID: idOrNull(q.ProviderID), CreateDate: stamp(id.Time(q.Log.ID))}
}

// discreet takes out of a request what a caller may not know: who can make requests but
// not read customers must not learn a profile by guessing its e-mail.
func discreet(r *gate.Request, q *payment.Request) *payment.Request {
	actor := r.Grant.Actor()
	if actor.May(auth.CustomersRead) && actor.Unmasked() {
		return q
	}
	shown := *q
	shown.Client = payment.Client{}
	if actor.May(auth.CustomersRead) {
		p := customer.Profile{Name: q.Client.Name, Email: q.Client.Email, Address: q.Client.Address, Phone: q.Client.Phone, MemberID: q.Client.MemberID}.Masked()
		shown.Client = payment.Client{Name: p.Name, Email: p.Email, Address: p.Address, Phone: p.Phone, MemberID: p.MemberID}
	}
	return &shown
}

func (a *API) showRequest(r *gate.Request, q *payment.Request) PaymentRequest {
	return a.wholeRequest(discreet(r, q))
}

func (a *API) wholeRequest(q *payment.Request) PaymentRequest {
	c := q.Client
	shown := PaymentRequest{ID: q.ID, OwnerID: q.OwnerID, UserID: q.UserID, RecipientName: q.OwnerName, PaymentRequestStatusID: int64(q.Shown()),
		TransactionID: idOrNull(q.AttemptID), TransactionNumber: orNull(q.Reference), Amount: number(q.Amount.Minor, q.Amount.Currency), Unit: q.Amount.Currency,
		PayerCountry: orNull(q.PayerCountry), ReferenceID: orNull(q.ReferenceID), Notes: orNull(q.Notes), Link: orNull(a.Payments.Link(q)), CreateDate: stamp(q.Created()),
		ClientID: idOrNull(q.CustomerID), ClientName: orNull(c.Name), ClientEmail: orNull(c.Email), ClientAddress: orNull(c.Address), ClientPhone: orNull(c.Phone),
		ClientMemberID: orNull(c.MemberID), Client: showClient(q), NotifyURL: orNull(q.NotifyURL), SuccessURL: orNull(q.SuccessURL), FailureURL: orNull(q.FailureURL),
		TransactionStatusID: int64(q.Transaction), OriginDomain: orNull(q.OriginDomain), ChargedBack: q.ChargedBack > 0, CardBin: orNull(q.CardBIN), Device: orNull(q.Device),
		Browser: orNull(q.Browser), OSName: orNull(q.OS), CardLastDigits: orNull(q.CardLast4), ThreeDS: orNull(q.ThreeDS), PaymentMethodID: idOrNull(q.MethodID),
		PaymentProviderID: idOrNull(q.ProviderID), ExpireDate: stamp(q.Expires), RefundedAmount: number(q.Refunded, q.Amount.Currency), PaymentMethod: orNull(q.Kind)}
	rate := Number(q.Rate)
	shown.ExchangeRate, shown.LastLog = &rate, showLog(q)
	if q.Status == payment.Paid {
		shown.FeeAmount, shown.GrossAmount = numberOrNull(q.Fee, q.Amount.Currency), numberOrNull(q.Amount.Minor, q.Amount.Currency)
		shown.NetAmount, shown.TransactionCurrency = numberOrNull(q.Net(), q.Amount.Currency), &q.Amount.Currency
	}
	if l := shown.LastLog; l != nil {
		shown.LogMessage, shown.LogTransactionID, shown.LogTransactionStatusID = &l.Message, l.TransactionID, &l.TransactionStatusID
		shown.LogPayerCountry, shown.LogPaymentProviderID, shown.LogCreateDate = l.PayerCountry, l.PaymentProviderID, &l.CreateDate
	}
	return shown
}

func (a *API) showStatus(r *gate.Request, q *payment.Request) PaymentStatus {
	q = discreet(r, q)
	return PaymentStatus{ID: q.ID, RecipientName: q.OwnerName, PaymentRequestStatusID: int64(q.Shown()), TransactionID: idOrNull(q.AttemptID),
		TransactionNumber: orNull(q.Reference), TransactionStatusID: int64(q.Transaction), Link: orNull(a.Payments.Link(q)), Unit: q.Amount.Currency,
		Amount: number(q.Amount.Minor, q.Amount.Currency), ReferenceID: orNull(q.ReferenceID), Notes: orNull(q.Notes), Client: showClient(q),
		NotifyURL: orNull(q.NotifyURL), SuccessURL: orNull(q.SuccessURL), FailureURL: orNull(q.FailureURL), LastLog: showLog(q)}
}

func showMethod(r *gate.Request, m method.Method) PaymentMethod {
	if !r.Grant.Actor().Unmasked() {
		m.Holder = customer.MaskName(m.Holder)
	}
	shown := PaymentMethod{ID: m.ID, CustomerID: m.CustomerID, Type: m.Kind, Provider: m.Provider, Brand: orNull(m.Brand), BIN: orNull(m.BIN), Last4: orNull(m.Last4),
		HolderName: orNull(m.Holder), Country: orNull(m.Country), Fingerprint: hex.EncodeToString(m.Fingerprint[:]), Label: orNull(m.Label), IsDefault: m.IsDefault,
		Status: m.Status.String(), ConsentID: idOrNull(m.ConsentID), CreateDate: stamp(m.Created()), LastUsedDate: stampOrNull(m.LastUsed)}
	if m.ExpMonth != 0 {
		shown.ExpMonth, shown.ExpYear = &m.ExpMonth, &m.ExpYear
	}
	return shown
}

func showMethods(r *gate.Request, all []method.Method) []PaymentMethod {
	shown := make([]PaymentMethod, len(all))
	for i, m := range all {
		shown[i] = showMethod(r, m)
	}
	return shown
}

func showRefund(res payment.Result) RefundAnswer {
	f := res.Refund
	status := map[provider.State]string{provider.Approved: "refunded", provider.Declined: "failed"}[f.State]
	if status == "" {
		status = "pending"
	}
	return RefundAnswer{ID: f.ID, PaymentRequestID: res.ID, Amount: number(f.Amount.Minor, f.Amount.Currency), RefundedAmount: number(res.Refunded, f.Amount.Currency), Status: status}
}

func showDispute(d payment.Dispute) Dispute {
	return Dispute{ID: d.ID, PaymentRequestID: d.RequestID, CustomerID: idOrNull(d.CustomerID), ProviderID: d.ProviderID, Reference: d.Reference, Status: string(d.State),
		Amount: number(d.Amount.Minor, d.Amount.Currency), Unit: d.Amount.Currency, Reason: d.Reason, DueDate: stampOrNull(d.Due), HasEvidence: d.HasEvidence, CreateDate: stamp(d.Opened())}
}

func showProvider(p routing.Account) Provider {
	return Provider{ID: p.ID, Kind: p.Kind, Name: p.Name, Enabled: p.Enabled, Settings: p.Settings, Secrets: orEmpty(p.HasSecret), CallbackURL: p.CallbackURL}
}

func showRule(rule routing.Rule) RoutingRule {
	shown := RoutingRule{ID: rule.ID, ProviderID: rule.ProviderID, Priority: rule.Priority, Weight: rule.Weight, Methods: orEmpty(rule.Methods),
		Currencies: orEmpty(rule.Currencies), Countries: orEmpty(rule.Countries)}
	if len(rule.Currencies) == 1 && rule.AmountFrom != 0 {
		shown.AmountFrom = numberOrNull(rule.AmountFrom, rule.Currencies[0])
	}
	if len(rule.Currencies) == 1 && rule.AmountTo != 0 {
		shown.AmountTo = numberOrNull(rule.AmountTo, rule.Currencies[0])
	}
	return shown
}

func showFee(t fee.Table) FeeTable {
	shown := FeeTable{ID: t.ID, PaymentMethod: orNull(t.Method), Unit: orNull(t.Currency), Percent: Number(money.Append(nil, t.Percent, fee.PercentExponent)),
		Fixed: number(t.Fixed, t.Currency), Minimum: number(t.Minimum, t.Currency)}
	if t.Maximum != 0 {
		shown.Maximum = numberOrNull(t.Maximum, t.Currency)
	}
	return shown
}

func showRates(t rate.Table) Rates {
	shown := Rates{Base: t.Base, Date: t.Day, Rates: map[string]Number{}}
	for code, r := range t.Rates {
		shown.Rates[code] = Number(r)
	}
	return shown
}

func showReconciliation(c payment.Reconciliation) Reconciliation {
	return Reconciliation{ID: c.ID, PaymentProviderID: c.ProviderID, Date: c.Day, Entries: c.Entries, Differences: list(c.Differences, showDifference)}
}

func showDifference(d payment.Difference) Difference {
	return Difference{Kind: d.Kind, PaymentRequestID: idOrNull(d.RequestID), TransactionID: idOrNull(d.AttemptID), Reference: orNull(d.Reference),
		Ours: number(d.Ours, d.Currency), Theirs: number(d.Theirs, d.Currency), Unit: d.Currency}
}
