package auth

import (
	"errors"
	"slices"
)

// Mode keeps an owner's real data and its trial data apart.
type Mode string

// Live moves money; Test moves none.
const (
	Live Mode = "live"
	Test Mode = "test"
)

// Valid reports whether m is one of the two modes.
func (m Mode) Valid() bool { return m == Live || m == Test }

// ActorKind says what sort of credential an actor came with.
type ActorKind string

// System is the program's own work: import from the command line, sealing, retention.
const (
	APIKey    ActorKind = "api_key"
	User      ActorKind = "user" // somebody who signed in
	SystemJob ActorKind = "system"
	PayerPage ActorKind = "payer"    // whoever opened a payment link
	Self      ActorKind = "customer" // whoever opened a customer's own link
	PSP       ActorKind = "provider" // a payment provider that calls back
	Anonymous ActorKind = "anonymous"
)

// Actor is who acts in one request: a credential of one owner in one mode.
type Actor struct {
	Kind        ActorKind
	ID          int64 // the key, or the user
	Session     int64 // of a user who signed in
	Owner       int64 // 0 for the operator
	Realm       int64 // the owner's realm of this mode; 0 for the operator
	Mode        Mode
	Role        Role // empty where permissions were listed one by one
	Permissions []Permission
	Suspended   bool  // its owner is: it gets no grant
	User        int64 // who signed in, or whose own key it is; 0 for an owner's key
	OwnerRate   int   // requests a second of its owner's credentials together; 0 is no limit
}

// May reports whether the actor has a permission.
func (a Actor) May(p Permission) bool { return slices.Contains(a.Permissions, p) }

// Unmasked reports whether the actor sees personal values as they are. Whoever writes or
// exports them does: a patch can test a value, and an export holds them all.
func (a Actor) Unmasked() bool {
	return a.May(CustomersUnmasked) || a.May(CustomersWrite) || a.May(CustomersExport)
}

// Origin says where a request came from, for the audit trail (PCI DSS 10.2.2).
type Origin struct {
	Address   string // the client's IP address
	RequestID string
}

// Grant is the proof that an actor may do what it is about to do in one realm. Only
// the functions of this package make one; the zero Grant opens nothing.
type Grant struct {
	actor  Actor
	origin Origin
	valid  bool
}

// ErrForbidden says that the actor lacks the permission.
var ErrForbidden = errors.New("the credential does not have the permission that this operation needs")

// ErrSuspended says that the operator has suspended the actor's owner.
var ErrSuspended = errors.New("the owner of this credential is suspended")

// Allow gives the grant for one operation if the actor has its permission and its owner
// is not suspended.
func Allow(actor Actor, origin Origin, need Permission) (Grant, error) {
	if actor.Suspended {
		return Grant{}, ErrSuspended
	}
	if !actor.May(need) {
		return Grant{}, ErrForbidden
	}
	return Grant{actor: actor, origin: origin, valid: true}, nil
}

// System gives the grant for the program's own work in an owner's realm; name says
// in the audit trail what ran.
func System(owner, realm int64, mode Mode, name string) Grant {
	actor := Actor{Kind: SystemJob, Owner: owner, Realm: realm, Mode: mode, Permissions: Admin.Permissions()}
	return Grant{actor: actor, origin: Origin{RequestID: name}, valid: true}
}

// Payer gives the grant of whoever holds a payment link: to pay that request.
func Payer(owner, realm int64, mode Mode, origin Origin) Grant {
	actor := Actor{Kind: PayerPage, Owner: owner, Realm: realm, Mode: mode, Permissions: []Permission{PaymentsWrite}}
	return Grant{actor: actor, origin: origin, valid: true}
}

// Customer gives the grant of whoever holds a customer's own link: to see what it is about,
// to agree, to withdraw.
func Customer(owner, realm int64, mode Mode, origin Origin) Grant {
	actor := Actor{Kind: Self, Owner: owner, Realm: realm, Mode: mode, Permissions: []Permission{ConsentsWrite}}
	return Grant{actor: actor, origin: origin, valid: true}
}

// LinkHolder gives the grant of whoever holds a link to a customer's data: to fetch them.
func LinkHolder(owner, realm int64, mode Mode, link int64, origin Origin) Grant {
	actor := Actor{Kind: Self, ID: link, Owner: owner, Realm: realm, Mode: mode, Permissions: []Permission{CustomersExport}}
	return Grant{actor: actor, origin: origin, valid: true}
}

// Provider gives the grant under which a provider's callback is read and, once its
// signature is verified, taken.
func Provider(owner, realm int64, mode Mode, account int64, origin Origin) Grant {
	actor := Actor{Kind: PSP, ID: account, Owner: owner, Realm: realm, Mode: mode, Permissions: []Permission{PaymentsWrite, PaymentsRefund}}
	return Grant{actor: actor, origin: origin, valid: true}
}

// Valid reports whether the grant came from Allow or System.
func (g Grant) Valid() bool { return g.valid }

// Actor is who was granted.
func (g Grant) Actor() Actor { return g.actor }

// Origin is where the request came from.
func (g Grant) Origin() Origin { return g.origin }

// Realm is the only realm that this grant opens.
func (g Grant) Realm() int64 { return g.actor.Realm }

// Owner is the merchant that the realm belongs to.
func (g Grant) Owner() int64 { return g.actor.Owner }

// Refused names who was turned away, for the audit trail. It opens nothing.
func Refused(actor Actor, origin Origin) Grant { return Grant{actor: actor, origin: origin} }
