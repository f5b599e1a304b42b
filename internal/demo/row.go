package demo

// Row is one customer in the shape of the API's create body. Empty fields are left out of the JSON and empty in the CSV.
type Row struct {
	Name            string            `json:"name"`
	Email           string            `json:"email"`
	Phone           string            `json:"phone,omitempty"`
	Address         string            `json:"address,omitempty"`
	MemberID        string            `json:"memberId,omitempty"`
	DateOfBirth     string            `json:"dateOfBirth,omitempty"` // YYYY-MM-DD
	BillingAddress  *Address          `json:"billingAddress,omitempty"`
	ShippingAddress *Address          `json:"shippingAddress,omitempty"`
	Preferences     *Preferences      `json:"preferences,omitempty"`
	Metadata        map[string]string `json:"metadata,omitempty"`

	// Region is the ISO 3166-1 alpha-2 code of the country whose national spelling Phone may use. Not written.
	Region string `json:"-"`
	// Fault names what was broken on purpose, e.g. FaultName; empty for a sound row. Not written.
	Fault Fault `json:"-"`
}

// Address is a postal address; Country is ISO 3166-1 alpha-2.
type Address struct {
	Line1      string `json:"line1,omitempty"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city,omitempty"`
	State      string `json:"state,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country,omitempty"`
}

// Preferences hold an ISO 4217 currency, a BCP 47 language and one of the API's payment kinds, e.g. CREDIT_CARD.
type Preferences struct {
	Currency      string `json:"currency,omitempty"`
	Language      string `json:"language,omitempty"`
	Notifications bool   `json:"notifications"`
	PaymentMethod string `json:"paymentMethod,omitempty"`
}
