package access

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// UserStatus is whether somebody may sign in.
type UserStatus string

// Invited has no password yet; Disabled can't sign in and holds nothing.
const (
	Invited  UserStatus = "invited"
	Active   UserStatus = "active"
	Disabled UserStatus = "disabled"
)

// User is somebody who works for an owner.
type User struct {
	ID    int64
	Owner int64
	Name  string
	Email string
	Role  auth.Role
	// Permissions are the role's, at the moment of reading.
	Permissions []auth.Permission
	Status      UserStatus
	Created     time.Time
	Factor      bool // has one-time codes or a passkey

	password string // hash; "" until one is set
	sealed   []byte
	expires  time.Time // of the invitation
}

// profile is what is sealed of a member of staff.
type profile struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

func profilePlace(id int64) vault.Place {
	return vault.Place{Table: "staff_user", Row: id, Column: "profile"}
}

// AddStaff makes a console user within the unit that makes its owner.
func (s *Service) AddStaff(ctx context.Context, tx *db.Tx, owner int64, name, email, password string, role auth.Role) error {
	hash, err := hashPassword(s.PasswordMemory, password)
	if err != nil {
		return err
	}
	u := User{ID: s.ids.Next(), Owner: owner, Name: name, Email: email, Role: role, Status: Active, password: hash}
	return s.insert(ctx, tx, u, "")
}

func (s *Service) insert(ctx context.Context, tx *db.Tx, u User, invite string) error {
	keys, err := s.vault.Keys(ctx, u.Owner, 0)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(profile{u.Name, u.Email})
	if err != nil {
		return err
	}
	sealed, err := keys.Seal(profilePlace(u.ID), plain)
	if err != nil {
		return err
	}
	index, err := s.emailIndex(ctx, u.Email)
	if err != nil {
		return err
	}
	s.holdRole(tx, u.Owner, u.Role)
	tx.Exec(`INSERT INTO staff_user (id, owner_id, profile, password_hash, role, created_at, email_index, status, invite_hash, invite_expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, u.ID, u.Owner, sealed, u.password, string(u.Role), s.clock.Millis(), index,
		string(u.Status), invite, millis(u.expires))
	return nil
}

// emailIndex is how an address is found without being readable. It is made with the
// platform's keys, since signing in begins before the owner is known.
func (s *Service) emailIndex(ctx context.Context, email string) (string, error) {
	keys, err := s.vault.Keys(ctx, 0, 0)
	if err != nil {
		return "", err
	}
	sum, err := keys.Blind(1, "staff_user.email", normalEmail(email))
	return hex.EncodeToString(sum[:]), err
}

// normalEmail leaves what is no address as it is: it will be nobody's.
func normalEmail(email string) string {
	if parsed, err := contact.ParseEmail(email); err == nil {
		return parsed.Normal
	}
	return email
}

// IndexStaff fills in the index of users who are older than it.
func (s *Service) IndexStaff(ctx context.Context) error {
	old, err := s.users(ctx, `email_index = $1`, "")
	for _, u := range old {
		index, failed := s.emailIndex(ctx, u.Email)
		if failed != nil {
			return failed
		}
		err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
			tx.Exec(`UPDATE staff_user SET email_index = $2 WHERE id = $1`, u.ID, index)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return err
}

const userColumns = `id, owner_id, profile, password_hash, role, ` + rolePermissions + `, status, invite_expires_at,
	(SELECT count(*) FROM staff_totp t WHERE t.user_id = k.id AND t.confirmed = 1) + (SELECT count(*) FROM staff_passkey p WHERE p.user_id = k.id) FROM staff_user k`

// users finds some and opens their profiles.
func (s *Service) users(ctx context.Context, where string, args ...any) ([]User, error) {
	var all []User
	err := s.store.Each(ctx, db.Worker(), `SELECT `+userColumns+` WHERE `+where+` ORDER BY id`, args, func(r db.Row) error {
		var u User
		var role, permissions, status string
		var expires, factors int64
		err := r.Scan(&u.ID, &u.Owner, &u.sealed, &u.password, &role, &permissions, &status, &expires, &factors)
		u.Permissions, u.Factor = auth.PermissionsOf(auth.Role(role), splitPermissions(permissions)), factors > 0
		u.Role, u.Status, u.expires, u.Created = auth.Role(role), UserStatus(status), instant(expires), id.Time(u.ID)
		all = append(all, u)
		return err
	})
	for i := range all {
		if err == nil {
			err = s.openProfile(ctx, &all[i])
		}
	}
	return all, err
}

func (s *Service) openProfile(ctx context.Context, u *User) error {
	keys, err := s.vault.Keys(ctx, u.Owner, 0)
	if err != nil {
		return err
	}
	plain, err := keys.Open(profilePlace(u.ID), u.sealed)
	if err != nil {
		return err
	}
	var p profile
	if err := json.Unmarshal(plain, &p); err != nil {
		return err
	}
	u.Name, u.Email = p.Name, p.Email
	return nil
}

func noUser() error { return fault.New(fault.NotFound, fault.UserNotFound, "User not found") }

// Users gives an owner's users in order of id.
func (s *Service) Users(ctx context.Context, g auth.Grant) ([]User, error) {
	return s.users(ctx, `owner_id = $1`, g.Owner())
}

// User finds one of the owner's users.
func (s *Service) User(ctx context.Context, g auth.Grant, userID int64) (User, error) {
	all, err := s.users(ctx, `owner_id = $1 AND id = $2`, g.Owner(), userID)
	if err == nil && len(all) == 0 {
		err = noUser()
	}
	if err != nil {
		return User{}, err
	}
	return all[0], nil
}

// inviteLife is how long an invitation can be accepted.
const inviteLife = 7 * 24 * time.Hour

// Invite makes a user who has no password yet. also runs in the same unit and gets the
// token that sets one, which is shown once.
func (s *Service) Invite(ctx context.Context, g auth.Grant, u User, also func(*db.Tx, User, Secret) error) error {
	token, err := newSecret(inviteToken, "")
	if err != nil {
		return err
	}
	u.ID, u.Owner, u.Status = s.ids.Next(), g.Owner(), Invited
	u.Created, u.expires = id.Time(u.ID), s.clock.Now().Add(inviteLife)
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		if err := s.insert(ctx, tx, u, hexHash(token.text)); err != nil {
			return err
		}
		return also(tx, u, token)
	})
	if db.IsViolation(err, "staff_user") {
		return fault.New(fault.Conflict, fault.UserDuplicate, "A user with this e-mail address exists already")
	}
	return err
}

// InviteExpires is when an invitation ends.
func (u User) InviteExpires() time.Time { return u.expires }

func hexHash(text string) string {
	hash := hashOf(text)
	return hex.EncodeToString(hash[:])
}

func refused(message string) error {
	return fault.New(fault.Unauthorized, fault.UnauthorizedCode, message)
}

// Accept sets the password of whoever holds an invitation, once.
func (s *Service) Accept(ctx context.Context, token, password string, from auth.Origin) (User, error) {
	gone := refused("The invitation was used, withdrawn or has expired; ask for a new one")
	if kindOf(token) != inviteToken {
		return User{}, gone
	}
	found, err := s.users(ctx, `invite_hash = $1`, hexHash(token))
	if err != nil {
		return User{}, err
	}
	if len(found) == 0 || found[0].Status == Disabled || !s.clock.Now().Before(found[0].expires) {
		return User{}, gone
	}
	u := found[0]
	f, err := s.factors(ctx, u)
	if err != nil {
		return User{}, err
	}
	if err := s.choose(ctx, &u, password, f); err != nil {
		return User{}, err
	}
	actor, err := s.actorOf(ctx, u, auth.Live)
	if err != nil {
		return User{}, err
	}
	if actor.Suspended {
		return User{}, owner.ErrSuspended()
	}
	u.Status = Active
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(gone, `UPDATE staff_user SET password_hash = $3, password_short = $4, status = 'active', invite_hash = '', invite_expires_at = 0
			WHERE id = $1 AND invite_hash = $2 AND status <> 'disabled'`, u.ID, hexHash(token), u.password, db.Flag(isShort(password)))
		// Whoever lost a password may have lost it to somebody.
		tx.Exec(`DELETE FROM staff_session WHERE user_id = $1`, u.ID)
		return s.audit.Add(tx, auth.Refused(actor, from), audit.Entry{Action: audit.UserAccept, Object: u.ID})
	})
	s.dropUser(u.ID)
	return u, err
}

// choose gives a user a new password, which is not kept yet.
func (s *Service) choose(ctx context.Context, u *User, password string, f factors) error {
	if err := checkNewPassword(password, f.any(), u.Name, u.Email); err != nil {
		return err
	}
	return s.hashing.run(ctx, func() (err error) {
		u.password, err = hashPassword(s.PasswordMemory, password)
		return err
	})
}

// Reinvite makes a new link for somebody whose password or invitation is lost. Earlier links
// stop working; the password goes on until the link is used.
func (s *Service) Reinvite(ctx context.Context, u User, also func(*db.Tx, User, Secret) error) error {
	token, err := newSecret(inviteToken, "")
	if err != nil {
		return err
	}
	u.expires = s.clock.Now().Add(inviteLife)
	return s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(fault.New(fault.Conflict, fault.UserDisabled, "The user is disabled"), `UPDATE staff_user SET invite_hash = $3, invite_expires_at = $4
			WHERE owner_id = $1 AND id = $2 AND status <> 'disabled'`, u.Owner, u.ID, hexHash(token.text), u.expires.UnixMilli())
		return also(tx, u, token)
	})
}

// ChangePassword sets the caller's own, and ends their other sessions. With a second factor
// it takes a code too, unless they signed in a moment ago.
func (s *Service) ChangePassword(ctx context.Context, g auth.Grant, current, code, password string, also func(*db.Tx) error) error {
	u, f, use, err := s.proven(ctx, g, Proof{Password: current})
	if err != nil {
		return err
	}
	useCode := free
	if code != "" || f.any() && !s.fresh(g) {
		if _, _, useCode, err = s.proven(ctx, g, Proof{Code: code}); err != nil {
			return err
		}
	}
	old := u.password
	if err := s.choose(ctx, &u, password, f); err != nil {
		return err
	}
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		use(tx)
		useCode(tx)
		tx.ExecOne(noProof(), `UPDATE staff_user SET password_hash = $3, password_short = $4, invite_hash = '', invite_expires_at = 0
			WHERE id = $1 AND password_hash = $2`, u.ID, old, u.password, db.Flag(isShort(password)))
		notAlone(tx, u.ID)
		tx.Exec(`DELETE FROM staff_session WHERE user_id = $1 AND id <> $2`, u.ID, g.Actor().Session)
		return also(tx)
	})
	s.dropUser(u.ID)
	return err
}

// actorOf is a user who acts in one of the owner's modes.
func (s *Service) actorOf(ctx context.Context, u User, mode auth.Mode) (auth.Actor, error) {
	o, err := s.owners.Get(ctx, u.Owner)
	return auth.Actor{Kind: auth.User, ID: u.ID, Owner: u.Owner, Realm: o.Realm(mode), Mode: mode, Role: u.Role, Suspended: o.Suspended(), User: u.ID,
		Permissions: append(slices.Clone(u.Permissions), auth.SessionsOwn)}, err
}

// Change gives a user another role or status. Who is disabled loses everything they hold,
// here at once and elsewhere within a second; it does not come back with them.
func (s *Service) Change(ctx context.Context, old, u User, also func(*db.Tx) error) error {
	changed := fault.New(fault.Conflict, fault.PatchConflict, "The user was changed by somebody else at the same time")
	if u.Status == Active && u.password == "" {
		u.Status = Invited
	}
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		s.holdRole(tx, u.Owner, u.Role)
		tx.ExecOne(changed, `UPDATE staff_user SET role = $3, status = $4 WHERE owner_id = $1 AND id = $2 AND role = $5 AND status = $6`,
			u.Owner, u.ID, string(u.Role), string(u.Status), string(old.Role), string(old.Status))
		tx.Exec(`UPDATE api_key SET role = $2 WHERE user_id = $1`, u.ID, string(u.Role))
		if u.Status == Disabled {
			tx.Exec(`UPDATE staff_user SET invite_hash = '', invite_expires_at = 0 WHERE id = $1`, u.ID)
			s.endAll(tx, u.ID)
		}
		return also(tx)
	})
	s.dropUser(u.ID)
	return err
}

// endAll ends a user's sessions and keys within a unit.
func (s *Service) endAll(tx *db.Tx, userID int64) {
	now := s.clock.Millis()
	tx.Exec(`DELETE FROM staff_session WHERE user_id = $1`, userID)
	tx.Exec(`DELETE FROM staff_address WHERE user_id = $1`, userID)
	tx.Exec(`UPDATE api_key SET expires_at = $2 WHERE user_id = $1 AND (expires_at = 0 OR expires_at > $2)`, userID, now)
}

// Remove forgets a user (GDPR Art. 17): what they did stays in the trail under their id.
func (s *Service) Remove(ctx context.Context, u User, also func(*db.Tx) error) error {
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(noUser(), `DELETE FROM staff_user WHERE owner_id = $1 AND id = $2`, u.Owner, u.ID)
		s.endAll(tx, u.ID)
		forgetFactors(tx, u.ID)
		tx.Exec(`DELETE FROM staff_identity WHERE user_id = $1`, u.ID)
		return also(tx)
	})
	s.dropUser(u.ID)
	return err
}
