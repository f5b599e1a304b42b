package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/auth"
)

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
