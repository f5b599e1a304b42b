package api

import (
	"net/http"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/rotation"
	"github.com/florin-gateway/florin/internal/vault"
)

// Bases are the paths under which every operation is served: the vendor's curl
// example has the one, the page's JavaScript the other. For idempotency both are one.
func Bases() []string { return []string{"/ipg/2.0.0", "/api"} }

// API answers requests by calling the features.
type API struct {
	Customers *customer.Service
	Owners    *owner.Service
	Access    *access.Service
	Audit     *audit.Log
	Sealer    *audit.Sealer
	Events    *event.Log
	Vault     *vault.Vault
	Rotations *rotation.Desk
}

// maxBody is the size of any JSON body.
const maxBody = 256 << 10

// Routes are all operations.
func (a *API) Routes() []gate.Route {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return routes{
		onCustomers(get, "/customers", "listCustomers", auth.CustomersRead, audit.CustomerList, gate.NoBody, a.listCustomers).query(listParams()...).says(listDoc),
		onCustomers(post, "/customers", "createCustomer", auth.CustomersWrite, audit.CustomerCreate, gate.JSON, a.createCustomer).says(createDoc),
		onCustomers(post, "/customers/search", "searchCustomers", auth.CustomersRead, audit.CustomerSearch, gate.JSON, a.searchCustomers).says(searchDoc),
		onCustomers(get, "/customers/{id}", "getCustomer", auth.CustomersRead, audit.CustomerRead, gate.NoBody, a.getCustomer).query(fieldsParam()).says(getDoc),
		onCustomers(put, "/customers/{id}", "updateCustomer", auth.CustomersWrite, audit.CustomerUpdate, gate.JSON, a.updateCustomer).says(putDoc),
		onCustomers(patch, "/customers/{id}", "patchCustomer", auth.CustomersWrite, audit.CustomerUpdate, gate.Patch, a.updateCustomer).says(patchDoc),
		onCustomers(del, "/customers/{id}", "eraseCustomer", auth.CustomersErase, audit.CustomerErase, gate.NoBody, a.eraseCustomer).query(dryRunParam()).says(eraseDoc),
		onCustomers(get, "/customers/{id}/history", "getCustomerHistory", auth.CustomersRead, audit.CustomerHistory, gate.NoBody, a.history).query(pageParams()...).says(historyDoc),
		onCustomers(post, "/customers/{id}/interactions", "createInteraction", auth.InteractionsWrite, "interaction.create", gate.JSON, a.createInteraction).says(interactionDoc),
		onCustomers(get, "/customers/{id}/duplicates", "listDuplicates", auth.CustomersRead, audit.CustomerSearch, gate.NoBody, a.duplicates).says(duplicatesDoc),
		onCustomers(get, "/users/payment-methods/{id}", "listPaymentMethods", auth.PaymentMethodsRead, audit.MethodsRead, gate.NoBody, a.paymentMethods).says(methodsDoc),
		admin(get, "/events", "listEvents", auth.EventsRead, audit.EventsRead, gate.NoBody, a.events).query(pageParams()...).says(eventsDoc),
		admin(get, "/audit", "listAudit", auth.AuditRead, audit.AuditRead, gate.NoBody, a.audit).query(auditParams()...).says(auditDoc),
		admin(get, "/settings", "getSettings", auth.SettingsRead, audit.SettingsRead, gate.NoBody, a.getSettings).says(settingsDoc),
		admin(put, "/settings", "updateSettings", auth.SettingsWrite, audit.SettingsUpdate, gate.JSON, a.updateSettings).says(updateSettingsDoc),
		admin(get, "/api-keys", "listApiKeys", auth.APIKeysManage, audit.KeysRead, gate.NoBody, a.listKeys).says(keysDoc),
		admin(post, "/api-keys", "createApiKey", auth.APIKeysManage, audit.KeyCreate, gate.JSON, a.createKey).says(createKeyDoc),
		admin(post, "/api-keys/{id}/rotate", "rotateApiKey", auth.APIKeysManage, audit.KeyRotate, gate.NoBody, a.rotateKey).says(rotateKeyDoc),
		admin(del, "/api-keys/{id}", "revokeApiKey", auth.APIKeysManage, audit.KeyRevoke, gate.NoBody, a.revokeKey).says(revokeKeyDoc),
		admin(get, "/owners", "listOwners", auth.OwnersManage, audit.OwnersRead, gate.NoBody, a.listOwners).says(ownersDoc),
		admin(post, "/owners", "createOwner", auth.OwnersManage, audit.OwnerCreate, gate.JSON, a.createOwner).says(createOwnerDoc),
		admin(get, "/key-rotations", "getKeyRotation", auth.KeysRotate, audit.RotationRead, gate.NoBody, a.getRotation).says(rotationDoc),
		admin(post, "/key-rotations", "startKeyRotation", auth.KeysRotate, audit.KeysRotate, gate.JSON, a.startRotation).says(startRotationDoc),
	}.plain()
}

// route is a gate.Route in the making, so that a line of the table reads as one.
type route gate.Route

type routes []route

func (all routes) plain() []gate.Route {
	plain := make([]gate.Route, len(all))
	for i, r := range all {
		plain[i] = gate.Route(r)
	}
	return plain
}

func newRoute(method, path, id string, p auth.Permission, action string, body gate.Body, h handler, typed func(string) bool) route {
	r := route{Method: method, Path: path, ID: id, Permission: p, Audit: action, Body: body, Rate: gate.PerKey, Handle: h}
	if body != gate.NoBody {
		r.MaxBody, r.Card = maxBody, typed
	}
	return r
}

// onCustomers is a route whose {id} is a customer's.
func onCustomers(method, path, id string, p auth.Permission, action string, body gate.Body, h handler) route {
	r := newRoute(method, path, id, p, action, body, h, customer.Typed)
	r.OnCustomer = true
	return r
}

// admin is a route about the owner's own things.
func admin(method, path, id string, p auth.Permission, action string, body gate.Body, h handler) route {
	return newRoute(method, path, id, p, action, body, h, func(string) bool { return false })
}

func (r route) query(params ...gate.Param) route {
	r.Query = params
	return r
}

func (r route) says(d operation) route {
	r.Doc = d
	return r
}
