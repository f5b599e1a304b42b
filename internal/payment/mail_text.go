package payment

import (
	"strings"

	"golang.org/x/text/language"
)

// mailKind is what a mail tells.
type mailKind string

const (
	receiptMail mailKind = "receipt"
	refundMail  mailKind = "refund"
	expiryMail  mailKind = "expiry"
)

// mailLanguages are the languages of the texts, English first: it is what anybody gets
// whose language is none of them.
func mailLanguages() []language.Tag {
	return []language.Tag{language.English, language.Spanish, language.French, language.German, language.Arabic, language.Portuguese}
}

type letter struct{ subject, body string }

// mailTexts are the letters by language and kind; words stand in braces.
func mailTexts() map[string]map[mailKind]letter {
	return map[string]map[mailKind]letter{
		"en": {
			receiptMail: {"Your payment to {merchant}", "Hello {name},\n\nthank you for your payment of {amount} to {merchant}.\n\nReference: {reference}\nPaid with: {card}\n"},
			refundMail:  {"Your refund from {merchant}", "Hello {name},\n\n{merchant} has refunded {amount}. It may take some days until it is on your account.\n\nReference: {reference}\nTo: {card}\n"},
			expiryMail:  {"Your saved card at {merchant} expires soon", "Hello {name},\n\nthe card {card} that you saved with {merchant} is good until {month}. Please save another one, so that later payments go through.\n"},
		},
		"es": {
			receiptMail: {"Su pago a {merchant}", "Hola, {name}:\n\ngracias por su pago de {amount} a {merchant}.\n\nReferencia: {reference}\nPagado con: {card}\n"},
			refundMail:  {"Su reembolso de {merchant}", "Hola, {name}:\n\n{merchant} le ha reembolsado {amount}. Puede tardar unos días en llegar a su cuenta.\n\nReferencia: {reference}\nA: {card}\n"},
			expiryMail:  {"Su tarjeta guardada en {merchant} caduca pronto", "Hola, {name}:\n\nla tarjeta {card} que guardó en {merchant} es válida hasta {month}. Guarde otra para que los próximos pagos funcionen.\n"},
		},
		"fr": {
			receiptMail: {"Votre paiement à {merchant}", "Bonjour {name},\n\nmerci pour votre paiement de {amount} à {merchant}.\n\nRéférence : {reference}\nPayé avec : {card}\n"},
			refundMail:  {"Votre remboursement de {merchant}", "Bonjour {name},\n\n{merchant} vous a remboursé {amount}. Cela peut prendre quelques jours avant d'apparaître sur votre compte.\n\nRéférence : {reference}\nSur : {card}\n"},
			expiryMail:  {"Votre carte enregistrée chez {merchant} expire bientôt", "Bonjour {name},\n\nla carte {card} enregistrée chez {merchant} est valable jusqu'au {month}. Veuillez en enregistrer une autre pour vos prochains paiements.\n"},
		},
		"de": {
			receiptMail: {"Ihre Zahlung an {merchant}", "Guten Tag {name},\n\nvielen Dank für Ihre Zahlung von {amount} an {merchant}.\n\nReferenz: {reference}\nBezahlt mit: {card}\n"},
			refundMail:  {"Ihre Erstattung von {merchant}", "Guten Tag {name},\n\n{merchant} hat Ihnen {amount} erstattet. Bis zur Gutschrift können einige Tage vergehen.\n\nReferenz: {reference}\nAn: {card}\n"},
			expiryMail:  {"Ihre bei {merchant} gespeicherte Karte läuft bald ab", "Guten Tag {name},\n\ndie Karte {card}, die Sie bei {merchant} gespeichert haben, gilt bis {month}. Bitte speichern Sie eine andere, damit spätere Zahlungen gelingen.\n"},
		},
		"ar": {
			receiptMail: {"دفعتك إلى {merchant}", "مرحبًا {name}،\n\nشكرًا لدفعك {amount} إلى {merchant}.\n\nالمرجع: {reference}\nوسيلة الدفع: {card}\n"},
			refundMail:  {"استرداد مبلغ من {merchant}", "مرحبًا {name}،\n\nأعاد إليك {merchant} مبلغ {amount}. قد يستغرق وصوله إلى حسابك بضعة أيام.\n\nالمرجع: {reference}\nإلى: {card}\n"},
			expiryMail:  {"بطاقتك المحفوظة لدى {merchant} تنتهي قريبًا", "مرحبًا {name}،\n\nالبطاقة {card} التي حفظتها لدى {merchant} صالحة حتى {month}. يُرجى حفظ بطاقة أخرى لكي تتم دفعاتك القادمة.\n"},
		},
		"pt": {
			receiptMail: {"O seu pagamento a {merchant}", "Olá, {name},\n\nobrigado pelo seu pagamento de {amount} a {merchant}.\n\nReferência: {reference}\nPago com: {card}\n"},
			refundMail:  {"O seu reembolso de {merchant}", "Olá, {name},\n\n{merchant} reembolsou {amount}. Pode demorar alguns dias até chegar à sua conta.\n\nReferência: {reference}\nPara: {card}\n"},
			expiryMail:  {"O seu cartão guardado em {merchant} expira em breve", "Olá, {name},\n\no cartão {card} que guardou em {merchant} é válido até {month}. Guarde outro para que os próximos pagamentos funcionem.\n"},
		},
	}
}

// mailText is a letter in the language nearest to the customer's.
func mailText(kind mailKind, wanted string, words map[string]string) (subject, body string) {
	languages := mailLanguages()
	_, at, confidence := language.NewMatcher(languages).Match(language.Make(wanted))
	if confidence == language.No {
		at = 0
	}
	base, _ := languages[at].Base()
	l := mailTexts()[base.String()][kind]
	var pairs []string
	for name, value := range words {
		pairs = append(pairs, "{"+name+"}", value)
	}
	fill := strings.NewReplacer(pairs...)
	return fill.Replace(l.subject), fill.Replace(l.body)
}
