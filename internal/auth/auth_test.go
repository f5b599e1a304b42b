package auth_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/auth"
)

// Shows: PCI DSS 7.3.1
func TestAllowNeedsThePermission(t *testing.T) {
	t.Parallel()
	actor := auth.Actor{Owner: 1, Realm: 2, Permissions: auth.Support.Permissions()}
	grant, err := auth.Allow(actor, auth.Origin{}, auth.CustomersRead)
	require.NoError(t, err)
	require.True(t, grant.Valid())
	require.Equal(t, int64(2), grant.Realm())

	grant, err = auth.Allow(actor, auth.Origin{}, auth.CustomersWrite)
	require.ErrorIs(t, err, auth.ErrForbidden)
	require.False(t, grant.Valid())
}

// Shows: GDPR Art. 28
func TestOperatorSeesNothingOfOwnersData(t *testing.T) {
	t.Parallel()
	operator := auth.Actor{Permissions: auth.Operator.Permissions()}
	for _, p := range auth.All() {
		require.Equal(t, p == auth.OwnersManage || p == auth.MetricsRead || p == auth.KeysRotate, operator.May(p), p)
	}
	require.False(t, auth.Known(auth.OwnersManage))
	require.True(t, auth.Known(auth.CustomersRead))
}

func TestOnlySomeRolesWriteAndErase(t *testing.T) {
	t.Parallel()
	for role, want := range map[auth.Role][2]bool{
		auth.Admin: {true, true}, auth.Finance: {false, false}, auth.Support: {false, false},
		auth.Privacy: {false, true}, auth.ReadOnly: {false, false}, auth.Operator: {false, false},
	} {
		actor := auth.Actor{Permissions: role.Permissions()}
		require.Equal(t, want, [2]bool{actor.May(auth.CustomersWrite), actor.May(auth.CustomersErase)}, role)
	}
	require.Nil(t, auth.Role("Nobody").Permissions())
}

// TestGrantsOfOurOwn: each says who acts, where, and may what its work needs and no more.
func TestGrantsOfOurOwn(t *testing.T) {
	t.Parallel()
	from := auth.Origin{Address: "203.0.113.9", RequestID: "r1"}
	for name, row := range map[string]struct {
		g    auth.Grant
		want auth.Actor
		from auth.Origin
	}{
		"system":   {auth.System(1, 2, auth.Test, "sweep"), auth.Actor{Kind: auth.SystemJob, Owner: 1, Realm: 2, Mode: auth.Test, Permissions: auth.Admin.Permissions()}, auth.Origin{RequestID: "sweep"}},
		"payer":    {auth.Payer(1, 2, auth.Live, from), auth.Actor{Kind: auth.PayerPage, Owner: 1, Realm: 2, Mode: auth.Live, Permissions: []auth.Permission{auth.PaymentsWrite}}, from},
		"customer": {auth.Customer(1, 2, auth.Live, from), auth.Actor{Kind: auth.Self, Owner: 1, Realm: 2, Mode: auth.Live, Permissions: []auth.Permission{auth.ConsentsWrite}}, from},
		"link":     {auth.LinkHolder(1, 2, auth.Live, 9, from), auth.Actor{Kind: auth.Self, ID: 9, Owner: 1, Realm: 2, Mode: auth.Live, Permissions: []auth.Permission{auth.CustomersExport}}, from},
		"provider": {auth.Provider(1, 2, auth.Live, 7, from), auth.Actor{Kind: auth.PSP, ID: 7, Owner: 1, Realm: 2, Mode: auth.Live, Permissions: []auth.Permission{auth.PaymentsWrite, auth.PaymentsRefund}}, from},
	} {
		require.Equal(t, row.want, row.g.Actor(), name)
		require.Equal(t, []any{true, row.from, int64(1), int64(2)}, []any{row.g.Valid(), row.g.Origin(), row.g.Owner(), row.g.Realm()}, name)
	}
	refused := auth.Refused(auth.Actor{ID: 3, Permissions: auth.Admin.Permissions()}, from)
	require.Equal(t, []any{false, from, int64(3)}, []any{refused.Valid(), refused.Origin(), refused.Actor().ID})
	require.False(t, auth.Grant{}.Valid())
}

// TestSuspendedActors get no grant, whatever they may.
func TestSuspendedActors(t *testing.T) {
	t.Parallel()
	actor := auth.Actor{Owner: 1, Realm: 2, Permissions: auth.Admin.Permissions()}
	_, err := auth.Allow(actor, auth.Origin{}, auth.CustomersRead)
	require.NoError(t, err)
	actor.Suspended = true
	g, err := auth.Allow(actor, auth.Origin{}, auth.CustomersRead)
	require.ErrorIs(t, err, auth.ErrSuspended)
	require.Equal(t, auth.Grant{}, g)
}

func TestListsOfRolesAndPermissions(t *testing.T) {
	t.Parallel()
	require.Equal(t, []auth.Role{auth.Admin, auth.Finance, auth.Support, auth.Privacy, auth.ReadOnly, auth.Operator}, auth.Roles())
	all := auth.All()
	require.True(t, slices.IsSorted(all))
	require.Len(t, slices.Compact(slices.Clone(all)), len(all))
	for _, role := range auth.Roles() {
		require.NotEmpty(t, role.Permissions())
		for _, p := range role.Permissions() {
			require.Contains(t, all, p)
		}
	}
	require.NotContains(t, all, auth.SessionsOwn)
	require.True(t, auth.Live.Valid() && auth.Test.Valid())
	require.False(t, auth.Mode("").Valid() || auth.Mode("both").Valid())
}
