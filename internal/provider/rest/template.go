package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
)

// maxRendered bounds what a template makes.
const maxRendered = 64 << 10

// values are what templates may name: plain texts, numbers and truths, nothing with a
// method.
type values map[string]any

func chargeValues(a provider.Account, c provider.Charge) values {
	v := refValues(a, provider.Ref{Key: c.Key, Amount: c.Amount})
	for name, value := range (values{
		"RequestID": c.RequestID, "Method": string(c.Method), "Capture": c.Capture, "Token": c.Token, "Save": c.Save, "Payer": c.Payer,
		"MerchantInitiated": c.MerchantInitiated, "SchemeReference": c.SchemeReference, "ThreeDS": c.ThreeDS,
		"ReturnURL": c.ReturnURL, "CancelURL": c.CancelURL, "Language": c.Language,
		"Billing": values{"Name": c.Billing.Name, "Email": c.Billing.Email, "Phone": c.Billing.Phone, "Line1": c.Billing.Line1, "City": c.Billing.City,
			"State": c.Billing.State, "PostalCode": c.Billing.PostalCode, "Country": c.Billing.Country},
		"Browser": values{"AcceptHeader": c.Browser.AcceptHeader, "IP": c.Browser.IP, "Language": c.Browser.Language, "UserAgent": c.Browser.UserAgent,
			"ColorDepth": c.Browser.ColorDepth, "ScreenHeight": c.Browser.ScreenHeight, "ScreenWidth": c.Browser.ScreenWidth,
			"Timezone": c.Browser.Timezone, "Java": c.Browser.Java, "JavaScript": c.Browser.JavaScript},
		"Card": nil, "Wallet": nil,
	}) {
		v[name] = value
	}
	if c.Card != nil {
		v["Card"] = values{"Number": c.Card.Number.Reveal(), "Code": c.Card.Code.Reveal(), "ExpMonth": c.Card.ExpMonth, "ExpYear": c.Card.ExpYear, "Holder": c.Card.Holder}
	}
	if c.Wallet != nil {
		v["Wallet"] = values{"Type": c.Wallet.Type, "Cryptogram": c.Wallet.Cryptogram.Reveal(), "XID": c.Wallet.XID, "ECI": c.Wallet.ECI}
	}
	return v
}

func refValues(a provider.Account, r provider.Ref) values {
	return values{"Key": r.Key, "Reference": r.Reference, "Amount": r.Amount.Minor, "Currency": r.Amount.Currency,
		"AmountDecimal": decimal(r.Amount), "CallbackURL": a.CallbackURL}
}

func refundValues(a provider.Account, o provider.RefundOrder) values {
	v := refValues(a, o.Ref)
	v["RefundKey"], v["RefundAmount"], v["RefundAmountDecimal"] = o.Key, o.Amount.Minor, decimal(o.Amount)
	v["Currency"] = o.Amount.Currency
	return v
}

func decimal(a money.Amount) string { return a.String() }

// The three ways for a value into a request.
const (
	intoBody   = "json"
	intoPath   = "path"
	intoHeader = "header"
)

// functions are what templates may call besides the language's own.
func functions(secrets map[string]provider.Secret) template.FuncMap {
	return template.FuncMap{
		intoBody: func(v any) (string, error) { text, err := json.Marshal(v); return string(text), err },
		intoPath: func(v any) string { return url.PathEscape(fmt.Sprint(v)) },
		intoHeader: func(v any) (string, error) {
			text := fmt.Sprint(v)
			if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
				return "", errors.New("a header takes printable ASCII")
			}
			return text, nil
		},
		"secret": func(name string) (string, error) {
			s, ok := secrets[name]
			if !ok {
				return "", errors.New("no such secret")
			}
			return s.Reveal(), nil
		},
	}
}

// compile reads a template and refuses one that could put a value into a request without
// the function that escapes it.
func compile(text, into string, secrets map[string]provider.Secret) (*template.Template, error) {
	t, err := template.New("").Option("missingkey=error").Funcs(functions(secrets)).Parse(text)
	if err != nil {
		return nil, errors.New("the template can't be read: " + strings.TrimPrefix(err.Error(), "template: :"))
	}
	if len(t.Templates()) > 1 {
		return nil, errors.New("a template may not define another")
	}
	if t.Tree == nil {
		return t, nil
	}
	return t, escaped(t.Root, into)
}

// escaped walks the template: texts, conditions, and values that end in one function.
func escaped(n parse.Node, into string) error {
	switch n := n.(type) {
	case nil, *parse.TextNode, *parse.CommentNode:
		return nil
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, inner := range n.Nodes {
			if err := escaped(inner, into); err != nil {
				return err
			}
		}
		return nil
	case *parse.IfNode:
		return errors.Join(escaped(n.List, into), escaped(n.ElseList, into))
	case *parse.ActionNode:
		last := n.Pipe.Cmds[len(n.Pipe.Cmds)-1]
		if name, ok := last.Args[0].(*parse.IdentifierNode); len(n.Pipe.Decl) == 0 && ok && name.Ident == into {
			return nil
		}
		return fmt.Errorf("%s must end in the function %s: {{%s .Key}} or {{.Key | %s}}", n, into, into, into)
	}
	return fmt.Errorf("only values and if are allowed, not %s", n)
}

// render runs a template.
func render(text, into string, v values, secrets map[string]provider.Secret) (string, error) {
	t, err := compile(text, into, secrets)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := t.Execute(&limited{&out}, map[string]any(v)); err != nil {
		return "", errors.New("the template names a value that this call does not have, or makes too much")
	}
	return out.String(), nil
}

type limited struct{ *bytes.Buffer }

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxRendered {
		return 0, errors.New("too long")
	}
	return l.Buffer.Write(p)
}
