package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
)

// Role is a named set of permissions.
type Role struct {
	ID          *int64   `json:"id" doc:"null for a built-in role"`
	Name        string   `json:"name"`
	Permissions []string `json:"permissions"`
}

// RoleList are the built-in roles and the owner's own.
type RoleList struct {
	Data []Role `json:"data"`
}

// RoleInput is a new role.
type RoleInput struct {
	Name        string   `json:"name" minLength:"1" maxLength:"40" example:"Night desk"`
	Permissions []string `json:"permissions" example:"[\"customers:read\",\"payments:read\"]"`
}

// RoleChange gives a role other permissions.
type RoleChange struct {
	Permissions []string `json:"permissions"`
}

// The texts of roles. immutable: read by OpenAPI alone.
var (
	rolesDoc      = operation{tag: "Users", summary: "List roles", answer: of[RoleList](), description: "Those that are built in and those of your own."}
	createRoleDoc = operation{tag: "Users", summary: "Make a role", body: of[RoleInput](), answer: of[Role](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "Nobody makes a role that is wider than their own. Its name stays; what it may do can be changed."}
	updateRoleDoc = operation{tag: "Users", summary: "Change what a role may do", body: of[RoleChange](), answer: of[Role](), errors: []int{404, 409, 413, 415},
		description: "Reaches everybody who has the role within a second."}
	removeRoleDoc = operation{tag: "Users", summary: "Remove a role", errors: []int{404, 409}, description: "One that nobody has."}
)

func names(permissions []auth.Permission) []string {
	return list(permissions, func(p auth.Permission) string { return string(p) })
}

func showRole(r access.Role) Role {
	return Role{ID: &r.ID, Name: string(r.Name), Permissions: names(r.Permissions)}
}

// role reads a role that can be given, and what it may do; none if it is not named.
func (a *API) role(ctx context.Context, f *form) (auth.Role, []auth.Permission, error) {
	role := auth.Role(f.text("role"))
	if role == "" {
		return "", nil, nil
	}
	permissions, err := a.Access.PermissionsOf(ctx, f.request.Grant, role)
	if fault.Is(err, fault.RoleNotFound) {
		f.bad("role", "invalid", "must be Admin, Finance, Support, Privacy, ReadOnly or a role of your own")
		err = nil
	}
	return role, permissions, err
}

// permissions reads a list of them; what only the operator may do can't be given to anybody.
func (f *form) permissions() []auth.Permission {
	var all []auth.Permission
	for _, text := range f.texts("permissions") {
		p := auth.Permission(text)
		if !auth.Known(p) {
			f.bad("permissions", "invalid", "names a permission that does not exist")
			return nil
		}
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// rights reads a role or a list of permissions.
func (a *API) rights(ctx context.Context, f *form, n *access.NewKey) (err error) {
	alone := f.permissions()
	if n.Role, n.Permissions, err = a.role(ctx, f); err != nil {
		return err
	}
	if (n.Role == "") == (len(alone) == 0) {
		f.bad("role", "invalid", "give a role, or permissions one by one")
	}
	if n.Role == "" {
		n.Permissions = alone
	}
	return nil
}

func (a *API) listRoles(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	own, err := a.Access.Roles(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	var all RoleList
	for _, role := range auth.Roles() {
		if role != auth.Operator {
			all.Data = append(all.Data, Role{Name: string(role), Permissions: names(role.Permissions())})
		}
	}
	all.Data = append(all.Data, list(own, showRole)...)
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.RolesRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, all)
}

// givable reads what a role shall be able to do and refuses what the caller may not give.
// Roles are of both modes, so a test key must not touch them.
func givable(r *gate.Request, f *form) ([]auth.Permission, error) {
	if err := inLive(r); err != nil {
		return nil, err
	}
	permissions := f.permissions()
	if len(permissions) == 0 && len(f.faults) == 0 {
		f.bad("permissions", "required", "is required")
	}
	return permissions, first(f.end(), mayHold(r, auth.Live, permissions))
}

func (a *API) createRole(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	name := f.text("name")
	if wrong := auth.CheckRoleName(name); wrong != "" {
		f.bad("name", "invalid", wrong)
	}
	permissions, err := givable(r, f)
	if err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err = a.Access.AddRole(ctx, r.Grant, access.Role{Name: auth.Role(name), Permissions: permissions}, func(tx *db.Tx, made access.Role) (err error) {
		if answer, err = encode(http.StatusOK, showRole(made)); err != nil {
			return err
		}
		if err := r.Record(tx, idempotency.Subject{}, answer); err != nil {
			return err
		}
		return a.noteObject(r, audit.RoleCreate, made.ID)(tx)
	})
	return answer, err
}

// roleInReach finds the role of the path, which must be no wider than the caller's own.
func (a *API) roleInReach(ctx context.Context, r *gate.Request) (access.Role, error) {
	if err := inLive(r); err != nil {
		return access.Role{}, err
	}
	role, err := a.Access.Role(ctx, r.Grant, r.ID)
	if err != nil {
		return role, err
	}
	return role, mayHold(r, auth.Live, role.Permissions)
}

func (a *API) updateRole(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	old, err := a.roleInReach(ctx, r)
	if err != nil {
		return nil, err
	}
	changed := old
	if changed.Permissions, err = givable(r, &form{request: r}); err != nil {
		return nil, err
	}
	if err := a.Access.ChangeRole(ctx, old, changed, a.noteObject(r, audit.RoleChange, old.ID)); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showRole(changed))
}

func (a *API) removeRole(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	role, err := a.roleInReach(ctx, r)
	if err != nil {
		return nil, err
	}
	return done(a.Access.RemoveRole(ctx, role, a.noteObject(r, audit.RoleRemove, role.ID)))
}
