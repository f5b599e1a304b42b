package access

import (
	"context"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
)

// Role is a role of an owner's own. Users and keys have it by its name, which therefore
// does not change; what it may do does, and reaches them within a second.
type Role struct {
	ID          int64
	Owner       int64
	Name        auth.Role
	Permissions []auth.Permission
}

// rolePermissions is SQL for what a row's role may do, empty for a built-in role: k is the
// row's table.
const rolePermissions = `coalesce((SELECT r.permissions FROM staff_role r WHERE r.owner_id = k.owner_id AND r.name = k.role), '')`

func noRole() error { return fault.New(fault.NotFound, fault.RoleNotFound, "Role not found") }

// Roles gives an owner's own roles in order of id.
func (s *Service) Roles(ctx context.Context, g auth.Grant) ([]Role, error) {
	return s.roles(ctx, `owner_id = $1`, g.Owner())
}

func (s *Service) roles(ctx context.Context, where string, args ...any) ([]Role, error) {
	var all []Role
	err := s.store.Each(ctx, db.Worker(), `SELECT id, owner_id, name, permissions FROM staff_role WHERE `+where+` ORDER BY id`, args, func(row db.Row) error {
		var r Role
		var name, permissions string
		err := row.Scan(&r.ID, &r.Owner, &name, &permissions)
		r.Name, r.Permissions = auth.Role(name), splitPermissions(permissions)
		all = append(all, r)
		return err
	})
	return all, err
}

func (s *Service) oneRole(ctx context.Context, where string, args ...any) (Role, error) {
	all, err := s.roles(ctx, where, args...)
	if err == nil && len(all) == 0 {
		err = noRole()
	}
	if err != nil {
		return Role{}, err
	}
	return all[0], nil
}

// Role finds one of the owner's own roles.
func (s *Service) Role(ctx context.Context, g auth.Grant, roleID int64) (Role, error) {
	return s.oneRole(ctx, `owner_id = $1 AND id = $2`, g.Owner(), roleID)
}

// PermissionsOf is what a role that somebody named may do: a built-in one's, or one's of
// the owner. The operator's is nobody's to give.
func (s *Service) PermissionsOf(ctx context.Context, g auth.Grant, name auth.Role) ([]auth.Permission, error) {
	if name == auth.Operator {
		return nil, noRole()
	}
	if builtIn := name.Permissions(); builtIn != nil {
		return builtIn, nil
	}
	if auth.CheckRoleName(string(name)) != "" {
		return nil, noRole() // nor does the store understand every text
	}
	r, err := s.oneRole(ctx, `owner_id = $1 AND name = $2`, g.Owner(), string(name))
	return r.Permissions, err
}

// AddRole makes a role. also runs in the same unit.
func (s *Service) AddRole(ctx context.Context, g auth.Grant, r Role, also func(*db.Tx, Role) error) error {
	r.ID, r.Owner = s.ids.Next(), g.Owner()
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO staff_role (id, owner_id, name, permissions, changed_at) VALUES ($1, $2, $3, $4, $5)`,
			r.ID, r.Owner, string(r.Name), joinPermissions(r.Permissions), s.clock.Millis())
		return also(tx, r)
	})
	if db.IsViolation(err, "staff_role") {
		return fault.New(fault.Conflict, fault.RoleDuplicate, "A role with this name exists already")
	}
	return err
}

// ChangeRole gives a role other permissions, if it still has those that the caller saw.
func (s *Service) ChangeRole(ctx context.Context, old, r Role, also func(*db.Tx) error) error {
	changed := fault.New(fault.Conflict, fault.PatchConflict, "The role was changed by somebody else at the same time")
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(changed, `UPDATE staff_role SET permissions = $3, changed_at = $5 WHERE owner_id = $1 AND id = $2 AND permissions = $4`,
			r.Owner, r.ID, joinPermissions(r.Permissions), joinPermissions(old.Permissions), s.clock.Millis())
		return also(tx)
	})
	s.dropOwner(r.Owner)
	return err
}

// RemoveRole removes a role that nobody has. Whoever gives it to somebody at the same
// moment holds its row (holdRole): one of the two waits and then sees the other.
func (s *Service) RemoveRole(ctx context.Context, r Role, also func(*db.Tx) error) error {
	inUse := fault.New(fault.Conflict, fault.RoleInUse, "Users or keys have this role; give them another one first")
	return s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		s.holdRole(tx, r.Owner, r.Name)
		tx.ExecOne(inUse, `DELETE FROM staff_role WHERE owner_id = $1 AND id = $2
			AND NOT EXISTS (SELECT 1 FROM staff_user WHERE owner_id = $1 AND role = $3)
			AND NOT EXISTS (SELECT 1 FROM identity_provider WHERE owner_id = $1 AND role = $3)
			AND NOT EXISTS (SELECT 1 FROM api_key WHERE owner_id = $1 AND role = $3 AND (expires_at = 0 OR expires_at > $4))`,
			r.Owner, r.ID, string(r.Name), s.clock.Millis())
		return also(tx)
	})
}

// holdRole keeps a role of an owner's own from being removed before the unit ends.
func (s *Service) holdRole(tx *db.Tx, owner int64, name auth.Role) {
	if name == "" || name.Permissions() != nil {
		return
	}
	tx.ExecOne(noRole(), `UPDATE staff_role SET changed_at = changed_at WHERE owner_id = $1 AND name = $2`, owner, string(name))
}
