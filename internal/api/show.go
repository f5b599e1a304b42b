package api

import (
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
)

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func showInteraction(i customer.Interaction) Interaction {
	shown := Interaction{ID: i.ID, UserID: i.UserID, Channel: i.Channel, Subject: i.Subject, Status: i.Status,
		Opened: stamp(id.Time(i.ID)), Closed: stampOrNull(i.Closed)}
	if i.Satisfaction != 0 {
		shown.Satisfaction = &i.Satisfaction
	}
	return shown
}

func showHistory(item customer.HistoryItem) HistoryItem {
	shown := HistoryItem{Type: item.Type, ID: item.ID, Time: stamp(item.At()), PaymentRequestID: idOrNull(item.RequestID),
		PaymentMethodID: idOrNull(item.MethodID), Code: orNull(item.Code)}
	if item.Interaction != nil {
		i := showInteraction(*item.Interaction)
		shown.Interaction = &i
	}
	if item.Amount.Currency != "" {
		amount := Number(item.Amount.String())
		shown.Amount, shown.Unit = &amount, &item.Amount.Currency
	}
	return shown
}

func showRecord(r audit.Record) AuditRecord {
	shown := AuditRecord{Sealed: r.Sealed(), ID: r.ID, Time: stamp(r.At), Actor: AuditActor{Kind: r.ActorKind, ID: r.ActorID, Role: orNull(r.Role)},
		Action: r.Action, Result: r.Result, Customers: orEmpty(r.Customers), Fields: orEmpty(r.Fields), Filters: orEmpty(r.Filters),
		Count: r.Count, Purpose: orNull(r.Purpose), Address: r.Address, RequestID: r.RequestID}
	shown.Object = idOrNull(r.Object)
	if r.Sealed() {
		shown.Seq = &r.Seq
	}
	return shown
}

func showEvent(e event.Event) Event {
	shown := Event{ID: strconv.FormatInt(e.ID, 10), Type: e.Kind, Time: stamp(e.Time()), Data: EventData{CustomerID: idOrNull(e.CustomerID), Fields: e.Fields}}
	switch subject, _, _ := strings.Cut(e.Kind, "."); subject {
	case "payment_method":
		shown.Data.PaymentMethodID = idOrNull(e.ObjectID)
	case "webhook_endpoint":
		shown.Data.EndpointID = idOrNull(e.ObjectID)
	case "incident":
		shown.Data.IncidentID = idOrNull(e.ObjectID)
	case "recipient":
		shown.Data.NoticeID = idOrNull(e.ObjectID)
	case "privacy_request":
		shown.Data.PrivacyRequestID = idOrNull(e.ObjectID)
	default:
		shown.Data.PaymentRequestID = idOrNull(e.ObjectID)
	}
	return shown
}

func idOrNull(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

func showSettings(o owner.Owner) Settings {
	s := o.Settings
	return Settings{Name: s.Name, BaseCurrency: s.BaseCurrency, DefaultRegion: orNull(s.DefaultRegion), DuplicatePolicy: string(s.DuplicatePolicy), StrictPhone: s.StrictPhone, NotifyURL: orNull(s.NotifyURL), BrandColor: orNull(s.BrandColor), Limits: showLimits(o),
		SecondFactor: s.RequireSecondFactor, Screen: s.ScreenCustomers, NotCollected: uncollected(s)}
}

func showLimits(o owner.Owner) Limits {
	if o.RateLimit == 0 {
		return Limits{}
	}
	return Limits{RequestsPerSecond: &o.RateLimit}
}

func showOwner(o owner.Owner) Owner {
	return Owner{ID: o.ID, CreateDate: stamp(o.CreateDate), Status: string(o.Status), Reason: orNull(o.Reason), StatusDate: stampOrNull(o.Since), Settings: showSettings(o)}
}

func showKey(k access.Key, secret *string) Key {
	shown := Key{ID: k.ID, Key: secret, Name: k.Name, Mode: string(k.Mode), Role: orNull(string(k.Role)), Permissions: []string{},
		CIDRs: []string{}, ExpiresAt: stampOrNull(k.Expires), LastUsedAt: stampOrNull(k.LastUsed), CreateDate: stamp(k.Created)}
	for _, p := range k.Permissions {
		shown.Permissions = append(shown.Permissions, string(p))
	}
	for _, c := range k.CIDRs {
		shown.CIDRs = append(shown.CIDRs, c.String())
	}
	return shown
}
