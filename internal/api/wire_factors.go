package api

// Proof is what the caller shows again.
type Proof struct {
	Password string `json:"password,omitempty" maxLength:"1024"`
	OTP      string `json:"otp,omitempty" maxLength:"64" doc:"A one-time or recovery code, instead of the password"`
}

// Code is a one-time code.
type Code struct {
	OTP string `json:"otp" maxLength:"64" example:"287082"`
}

// PasswordChange sets the caller's own password.
type PasswordChange struct {
	Current  string `json:"current" maxLength:"1024"`
	Password string `json:"password" minLength:"8" maxLength:"256" doc:"15 characters, or 8 for people with a second factor"`
	OTP      string `json:"otp,omitempty" maxLength:"64" doc:"Needed by people with a second factor who signed in more than ten minutes ago"`
}

// NewTOTP is a seed for an authenticator app.
type NewTOTP struct {
	URI    *string `json:"uri" doc:"otpauth://totp/…, to show as a QR code. Shown once"`
	Secret *string `json:"secret" doc:"The same for typing, in Base32. Shown once"`
}

// RecoveryCodes are for whoever has lost the factor.
type RecoveryCodes struct {
	RecoveryCodes []string `json:"recoveryCodes" doc:"Ten, each good once. Shown once"`
}

// Passkey is an authenticator of the caller's.
type Passkey struct {
	ID         int64   `json:"id"`
	Name       string  `json:"name"`
	CreateDate string  `json:"createDate" format:"date-time"`
	LastUsedAt *string `json:"lastUsedAt" format:"date-time"`
}

// PasskeyAsk is what a browser is asked.
type PasskeyAsk struct {
	PublicKey map[string]any `json:"publicKey" doc:"For PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON"`
}

// PasskeyInput is a browser's new passkey.
type PasskeyInput struct {
	Name       string         `json:"name" minLength:"1" maxLength:"200" example:"Work laptop"`
	Credential map[string]any `json:"credential" doc:"What navigator.credentials.create gave, by its toJSON()"`
}

// NewPasskey is a passkey that was added.
type NewPasskey struct {
	Passkey
	RecoveryCodes []string `json:"recoveryCodes" doc:"Ten, each good once, shown once; none for whoever had a factor before"`
}

// PasskeyName renames one.
type PasskeyName struct {
	Name string `json:"name" minLength:"1" maxLength:"200" example:"Old phone"`
}

// PasskeySignIn is a browser's answer.
type PasskeySignIn struct {
	Credential map[string]any `json:"credential" doc:"What navigator.credentials.get gave, by its toJSON()"`
	Mode       string         `json:"mode,omitempty" enum:"live,test" doc:"live if absent"`
}

// Factors are what the caller signs in with besides a password.
type Factors struct {
	TOTP          bool      `json:"totp"`
	RecoveryCodes int64     `json:"recoveryCodesLeft"`
	Passkeys      []Passkey `json:"passkeys"`
}

// The texts of second factors. immutable: read by OpenAPI alone.
var (
	reinviteUserDoc = operation{tag: "Users", summary: "Give a user a new link", answer: of[InvitedUser](), errors: []int{404, 409, 422}, headers: []string{"Idempotent-Replayed"},
		description: "For a lost password or invitation. Earlier links stop working; the password goes on until the link is used."}
	resetFactorsDoc = operation{tag: "Users", summary: "Take away a user's second factors", errors: []int{404},
		description: "For somebody who has lost them. Ends their sessions. A password of fewer than 15 characters goes too: give them a new link."}
	changePasswordDoc = operation{tag: "Sign-in", summary: "Change one's own password", body: of[PasswordChange](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "Ends one's other sessions. 403 PROOF_REQUIRED if the current password or the otp is missing or wrong, which counts like a failed sign-in."}
	factorsDoc   = operation{tag: "Sign-in", summary: "List one's own second factors", answer: of[Factors]()}
	startTOTPDoc = operation{tag: "Sign-in", summary: "Begin with one-time codes", body: of[Proof](), answer: of[NewTOTP](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "Makes a seed (RFC 6238: SHA-1, six digits, 30 seconds) that does nothing until it is confirmed. More than ten minutes after signing in a proof is needed."}
	confirmTOTPDoc = operation{tag: "Sign-in", summary: "Switch one-time codes on", body: of[Code](), answer: of[RecoveryCodes](), errors: []int{404, 409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "Takes a code of the app and answers ten recovery codes. From now on the password alone lets nobody in."}
	removeTOTPDoc    = operation{tag: "Sign-in", summary: "Remove one-time codes", body: of[Proof](), errors: []int{404, 409, 413, 415}}
	renewRecoveryDoc = operation{tag: "Sign-in", summary: "Make new recovery codes", body: of[Proof](), answer: of[RecoveryCodes](), errors: []int{404, 409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}, description: "Those before are gone."}
	beginPasskeyDoc  = operation{tag: "Sign-in", summary: "Begin with a passkey", body: of[Proof](), answer: of[PasskeyAsk](), errors: []int{409, 413, 415, 422},
		description: "Asks the browser for a passkey (WebAuthn) that it can find by itself and that verifies its user. More than ten minutes after signing in a proof is needed. 422 PASSKEYS_OFF if the server's public URL is neither https with a name nor http://localhost."}
	finishPasskeyDoc = operation{tag: "Sign-in", summary: "Add the passkey", body: of[PasskeyInput](), answer: of[NewPasskey](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "The question is good for one answer within five minutes, on every node."}
	renamePasskeyDoc      = operation{tag: "Sign-in", summary: "Rename a passkey", body: of[PasskeyName](), answer: of[Passkey](), errors: []int{404, 413, 415}}
	removePasskeyDoc      = operation{tag: "Sign-in", summary: "Remove a passkey", body: of[Proof](), errors: []int{404, 409, 413, 415}}
	beginPasskeyLoginDoc  = operation{tag: "Users", summary: "Begin to sign in with a passkey", answer: of[PasskeyAsk](), errors: []int{413, 415, 422}}
	finishPasskeyLoginDoc = operation{tag: "Users", summary: "Sign in with a passkey", body: of[PasskeySignIn](), answer: of[SignedIn](), errors: []int{413, 415, 422},
		description: "A passkey is both factors. One whose counter goes back is refused with 401 PASSKEY_COPIED."}
)
