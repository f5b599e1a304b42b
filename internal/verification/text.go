package verification

import (
	"strings"

	"golang.org/x/text/language"
)

// languages are those of the texts, English first: it is what anybody gets whose language
// is none of them.
func languages() []language.Tag {
	return []language.Tag{language.English, language.Spanish, language.French, language.German, language.Arabic, language.Portuguese}
}

type text struct{ subject, mail, sms string }

// texts are the messages by language. They name the merchant, say how long the code is good
// for and that nobody will ask for it: a code that is read out to a caller is lost.
func texts() map[string]text {
	return map[string]text{
		"en": {"Your code for {merchant}: {code}", "Hello,\n\nyour code for {merchant} is {code}. It is good for ten minutes.\n\nIf you did not ask for it, do nothing. Nobody of {merchant} will ask you for this code.\n",
			"{code} is your code for {merchant}, good for ten minutes. Tell it to nobody."},
		"es": {"Su código para {merchant}: {code}", "Hola:\n\nsu código para {merchant} es {code}. Es válido durante diez minutos.\n\nSi no lo ha pedido, no haga nada. Nadie de {merchant} le pedirá este código.\n",
			"{code} es su código para {merchant}, válido diez minutos. No lo comparta con nadie."},
		"fr": {"Votre code pour {merchant} : {code}", "Bonjour,\n\nvotre code pour {merchant} est {code}. Il est valable dix minutes.\n\nSi vous ne l'avez pas demandé, ne faites rien. Personne chez {merchant} ne vous demandera ce code.\n",
			"{code} est votre code pour {merchant}, valable dix minutes. Ne le donnez à personne."},
		"de": {"Ihr Code für {merchant}: {code}", "Guten Tag,\n\nIhr Code für {merchant} lautet {code}. Er gilt zehn Minuten.\n\nFalls Sie ihn nicht angefordert haben, müssen Sie nichts tun. Niemand von {merchant} wird Sie nach diesem Code fragen.\n",
			"{code} ist Ihr Code für {merchant}, gültig zehn Minuten. Geben Sie ihn niemandem."},
		"ar": {"رمزك لدى {merchant}: {code}", "مرحبًا،\n\nرمزك لدى {merchant} هو {code}، وهو صالح لعشر دقائق.\n\nإذا لم تطلبه فلا تفعل شيئًا. لن يطلب منك أحد من {merchant} هذا الرمز.\n",
			"{code} هو رمزك لدى {merchant}، صالح لعشر دقائق. لا تُطلع عليه أحدًا."},
		"pt": {"O seu código para {merchant}: {code}", "Olá,\n\no seu código para {merchant} é {code}. É válido durante dez minutos.\n\nSe não o pediu, não faça nada. Ninguém de {merchant} lhe pedirá este código.\n",
			"{code} é o seu código para {merchant}, válido dez minutos. Não o diga a ninguém."},
	}
}

// letter is the message of a code in the language nearest to the customer's.
func letter(v Verification, merchant, wanted string) Message {
	all := languages()
	_, at, confidence := language.NewMatcher(all).Match(language.Make(wanted))
	if confidence == language.No {
		at = 0
	}
	base, _ := all[at].Base()
	t := texts()[base.String()]
	fill := strings.NewReplacer("{merchant}", merchant, "{code}", v.Code)
	m := Message{ID: v.ID, From: merchant, To: v.To, Subject: fill.Replace(t.subject), Text: fill.Replace(t.mail), Code: v.Code}
	if v.Kind == Phone {
		m.Text = fill.Replace(t.sms)
	}
	return m
}
