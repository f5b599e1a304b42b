package gate

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// credential is the text that says who calls: in a header, or as an OAuth client has it.
func (r *Request) credential(w http.ResponseWriter, route Route) (string, error) {
	if !route.Client {
		return credentialOf(r.http)
	}
	if _, err := r.readBody(w, route); err != nil {
		return "", err
	}
	return r.clientSecret()
}

// clientSecret is a client's secret by Basic or in the form, not by both (RFC 6749 §2.3).
func (r *Request) clientSecret() (string, error) {
	id, secret, basic := r.http.BasicAuth()
	inForm, _ := r.Body.Get("client_secret")
	formID, _ := r.Body.Get("client_id")
	switch {
	case !basic && r.http.Header.Get("Authorization") != "":
		return "", fault.New(fault.Invalid, fault.InvalidFormat, "Authorization must be Basic here, with the key's id and the key")
	case !basic:
		r.client = formID.Text
		return inForm.Text, nil
	case inForm.Text != "":
		return "", fault.New(fault.Invalid, fault.InvalidFormat, "The client's secret is given twice, by Basic and in the form")
	}
	// Both are form-encoded within Basic (RFC 6749 §2.3.1).
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	if idErr != nil || secretErr != nil || formID.Text != "" && formID.Text != id {
		return "", fault.New(fault.Invalid, fault.InvalidFormat, "The client's id and secret are not well formed")
	}
	r.client = id
	return secret, nil
}

func checkForm(header string) error {
	media, params, err := mime.ParseMediaType(header)
	charset := params["charset"]
	if err != nil || media != "application/x-www-form-urlencoded" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return fault.New(fault.UnsupportedMedia, fault.UnsupportedMediaType, "The body must be application/x-www-form-urlencoded")
	}
	return nil
}

// readForm refuses a parameter that is given twice, as RFC 6749 §3.2 demands, and leaves
// out empty ones, which that section calls omitted.
func readForm(text []byte) (strictjson.Value, error) {
	object := strictjson.Value{Kind: strictjson.Object}
	values, err := url.ParseQuery(string(text))
	if err != nil {
		return object, notWellFormed()
	}
	for name, all := range values {
		if len(all) > 1 || !utf8.ValidString(name) || !utf8.ValidString(all[0]) {
			return object, notWellFormed()
		}
		if all[0] != "" {
			object.Members = append(object.Members, strictjson.Member{Name: name, Value: strictjson.Value{Kind: strictjson.String, Text: all[0]}})
		}
	}
	return object, nil
}

func notWellFormed() error {
	return fault.New(fault.Invalid, fault.InvalidFormat, "The form is not well formed, or gives a parameter twice")
}
