package consent

import (
	"strings"

	"golang.org/x/text/language"
)

// Letter is what a mail says that asks a customer something, with a link to the page where
// they answer.
type Letter struct {
	Language string // BCP 47, as the customer prefers it
	Name     string
	Purpose  string // "" for a letter that asks whether their data are still right
}

type text struct{ subject, body string }

// letters are the texts by language: the first asks for a consent's confirmation, the
// second whether the data are still right. Words stand in braces.
func letters() map[string][2]text {
	return map[string][2]text{
		"en": {
			{"Please confirm: {merchant}", "Hello {name},\n\n{merchant} was told that you agree to this:\n\n{purpose}\n\nIf that is so, confirm it on this page within seven days:\n\n{link}\n\nIf not, do nothing: without your confirmation nothing happens. You can withdraw on the same page at any time.\n"},
			{"Are your details still right? {merchant}", "Hello {name},\n\n{merchant} would like to keep your details right, and to keep no more than is needed. Please look at them on this page, and say if something has changed:\n\n{link}\n\nThe link works for 30 days.\n"},
		},
		"es": {
			{"Confírmelo, por favor: {merchant}", "Hola, {name}:\n\n{merchant} ha recibido la indicación de que usted acepta lo siguiente:\n\n{purpose}\n\nSi es así, confírmelo en esta página en un plazo de siete días:\n\n{link}\n\nSi no, no haga nada: sin su confirmación no ocurre nada. En la misma página puede retirarlo en cualquier momento.\n"},
			{"¿Siguen siendo correctos sus datos? {merchant}", "Hola, {name}:\n\n{merchant} quiere que sus datos sean correctos y no guardar más de los necesarios. Revíselos en esta página e indique si algo ha cambiado:\n\n{link}\n\nEl enlace funciona durante 30 días.\n"},
		},
		"fr": {
			{"Merci de confirmer : {merchant}", "Bonjour {name},\n\n{merchant} a été informé que vous acceptez ceci :\n\n{purpose}\n\nSi c'est exact, confirmez-le sur cette page dans les sept jours :\n\n{link}\n\nSinon, ne faites rien : sans votre confirmation, rien ne se passe. Sur la même page, vous pouvez retirer votre accord à tout moment.\n"},
			{"Vos données sont-elles toujours exactes ? {merchant}", "Bonjour {name},\n\n{merchant} souhaite que vos données soient exactes et ne garder que le nécessaire. Vérifiez-les sur cette page et dites si quelque chose a changé :\n\n{link}\n\nLe lien fonctionne pendant 30 jours.\n"},
		},
		"de": {
			{"Bitte bestätigen Sie: {merchant}", "Guten Tag {name},\n\n{merchant} wurde mitgeteilt, dass Sie Folgendem zustimmen:\n\n{purpose}\n\nWenn das so ist, bestätigen Sie es innerhalb von sieben Tagen auf dieser Seite:\n\n{link}\n\nWenn nicht, tun Sie nichts: Ohne Ihre Bestätigung geschieht nichts. Auf derselben Seite können Sie jederzeit widerrufen.\n"},
			{"Stimmen Ihre Angaben noch? {merchant}", "Guten Tag {name},\n\n{merchant} möchte Ihre Angaben richtig halten und nicht mehr speichern als nötig. Bitte sehen Sie sie auf dieser Seite an und sagen Sie, wenn sich etwas geändert hat:\n\n{link}\n\nDer Link gilt 30 Tage.\n"},
		},
		"ar": {
			{"يُرجى التأكيد: {merchant}", "مرحبًا {name}،\n\nأُبلغ {merchant} بأنك توافق على ما يلي:\n\n{purpose}\n\nإذا كان ذلك صحيحًا، فأكّده في هذه الصفحة خلال سبعة أيام:\n\n{link}\n\nوإلا فلا تفعل شيئًا: لن يحدث أي شيء من دون تأكيدك. يمكنك سحب موافقتك في الصفحة نفسها في أي وقت.\n"},
			{"هل ما زالت بياناتك صحيحة؟ {merchant}", "مرحبًا {name}،\n\nيريد {merchant} أن تبقى بياناتك صحيحة وألا يحتفظ بأكثر مما يلزم. يُرجى مراجعتها في هذه الصفحة وإخبارنا إن تغيّر شيء:\n\n{link}\n\nيعمل الرابط لمدة 30 يومًا.\n"},
		},
		"pt": {
			{"Confirme, por favor: {merchant}", "Olá, {name},\n\n{merchant} foi informado de que concorda com o seguinte:\n\n{purpose}\n\nSe for assim, confirme nesta página no prazo de sete dias:\n\n{link}\n\nCaso contrário, não faça nada: sem a sua confirmação nada acontece. Na mesma página pode retirar o consentimento a qualquer momento.\n"},
			{"Os seus dados continuam corretos? {merchant}", "Olá, {name},\n\n{merchant} quer manter os seus dados corretos e não guardar mais do que o necessário. Veja-os nesta página e diga se algo mudou:\n\n{link}\n\nA ligação funciona durante 30 dias.\n"},
		},
	}
}

// Write gives a letter's subject and body in the language nearest to the customer's.
func (l Letter) Write(merchant, link string) (subject, body string) {
	languages := []language.Tag{language.English, language.Spanish, language.French, language.German, language.Arabic, language.Portuguese}
	_, at, sure := language.NewMatcher(languages).Match(language.Make(l.Language))
	if sure == language.No {
		at = 0
	}
	base, _ := languages[at].Base()
	which := 0
	if l.Purpose == "" {
		which = 1
	}
	t := letters()[base.String()][which]
	fill := strings.NewReplacer("{merchant}", merchant, "{name}", l.Name, "{purpose}", l.Purpose, "{link}", link)
	return fill.Replace(t.subject), fill.Replace(t.body)
}
