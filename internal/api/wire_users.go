package api

// User is somebody who works for the owner.
type User struct {
	ID         int64   `json:"id"`
	OwnerID    int64   `json:"ownerId"`
	Name       string  `json:"name"`
	Email      string  `json:"email" format:"email"`
	Role       string  `json:"role"`
	Status     string  `json:"status" enum:"invited,active,disabled"`
	CreateDate string  `json:"createDate" format:"date-time"`
	ExpiresAt  *string `json:"invitationExpiresAt" format:"date-time" doc:"Until when an invitation can be accepted"`
	// SecondFactor tells an admin who is left before the owner requires one.
	SecondFactor bool `json:"secondFactor" doc:"Has one-time codes or a passkey"`
}

// UserList are an owner's users.
type UserList struct {
	Data []User `json:"data"`
}

// UserInput is a new user.
type UserInput struct {
	Email string `json:"email" format:"email" maxLength:"254" example:"ana@shop.example"`
	Name  string `json:"name" minLength:"1" maxLength:"200" example:"Ana Ruiz"`
	Role  string `json:"role" example:"Support" doc:"A built-in role or one of your own"`
}

// UserChange gives a user another role or status.
type UserChange struct {
	Role   string `json:"role,omitempty" example:"Finance" doc:"A built-in role or one of your own"`
	Status string `json:"status,omitempty" enum:"active,disabled"`
}

// InvitedUser is a new user with the way in.
type InvitedUser struct {
	User
	Mailed         bool    `json:"mailed" doc:"Whether the link went out by mail"`
	InvitationLink *string `json:"invitationLink" doc:"Shown once, and only if it was not mailed; the part behind # is the token"`
}

// SignInInput is somebody who wants to come in.
type SignInInput struct {
	Email    string `json:"email" format:"email" maxLength:"254" example:"ana@shop.example"`
	Password string `json:"password" maxLength:"1024" example:"a few words that nobody guesses"`
	OTP      string `json:"otp,omitempty" maxLength:"64" doc:"A one-time or recovery code, for people with a second factor"`
	Mode     string `json:"mode,omitempty" enum:"live,test" doc:"live if absent"`
	OwnerID  int64  `json:"ownerId,omitempty" doc:"For people whom several owners have invited; the first one if absent"`
}

// SignedIn is a session's token.
type SignedIn struct {
	AccessToken string `json:"accessToken" doc:"For Authorization: Bearer"`
	ExpireDate  string `json:"expireDate" format:"date-time" doc:"At the latest; earlier after 15 minutes without a request"`
	// FactorRequired is what a console asks before it shows anything else.
	FactorRequired bool `json:"factorRequired" doc:"The session can do nothing but add a second factor, which the owner requires"`
}

// AcceptInput sets an invited user's password.
type AcceptInput struct {
	Token    string `json:"token" maxLength:"100"`
	Password string `json:"password" minLength:"8" maxLength:"256" doc:"15 characters, or 8 for people with a second factor"`
}

// Session is one sign-in.
type Session struct {
	ID         int64  `json:"id"`
	Mode       string `json:"mode" enum:"live,test"`
	Address    string `json:"address" doc:"From where they signed in"`
	CreateDate string `json:"createDate" format:"date-time"`
	LastUsedAt string `json:"lastUsedAt" format:"date-time" doc:"Exact to a minute"`
	ExpiresAt  string `json:"expiresAt" format:"date-time"`
	Current    bool   `json:"current" doc:"This request's own"`
}

// SessionList are the caller's sessions.
type SessionList struct {
	Data []Session `json:"data"`
}

// The texts of users. immutable: read by OpenAPI alone.
var (
	usersDoc      = operation{tag: "Users", summary: "List users", answer: of[UserList](), description: "Users are managed with a live credential: they may sign in to both modes."}
	inviteUserDoc = operation{tag: "Users", summary: "Invite a user", body: of[UserInput](), answer: of[InvitedUser](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "Makes a link with a one-time token, good for seven days. It is mailed where the server can send mail, and shown in this answer otherwise. Nobody can give a role that is wider than their own."}
	updateUserDoc = operation{tag: "Users", summary: "Change a user's role or status", body: of[UserChange](), answer: of[User](), errors: []int{404, 409, 413, 415},
		description: "A disabled user's sessions and keys end within a second and do not come back."}
	removeUserDoc      = operation{tag: "Users", summary: "Remove a user", errors: []int{404}}
	endUserSessionsDoc = operation{tag: "Users", summary: "End a user's sessions", errors: []int{404}}
	renewUserKeyDoc    = operation{tag: "Users", summary: "Give a user a new API key", answer: of[string](), errors: []int{404}, description: "The key as a bare JSON string, in the caller's mode, with the user's role. The one before ends at once."}
	sessionsDoc        = operation{tag: "Users", summary: "List one's own sessions", answer: of[SessionList]()}
	endSessionDoc      = operation{tag: "Users", summary: "End one of one's own sessions", errors: []int{404}}
	logOutDoc          = operation{tag: "Users", summary: "Sign out"}
	logInDoc           = operation{tag: "Users", summary: "Sign in", body: of[SignInInput](), answer: of[SignedIn](), errors: []int{413, 415},
		description: "Unknown people, disabled ones and wrong passwords get the same 401. After five failures each further one makes the next wait longer, up to half an hour (429 with Retry-After); from an address that has signed in before, other people's failures do not count. With the right password of somebody who has a second factor and no otp, 401 OTP_REQUIRED; a wrong otp counts like a wrong password."}
	acceptDoc = operation{tag: "Users", summary: "Accept an invitation", body: of[AcceptInput](), answer: of[User](), errors: []int{413, 415},
		description: "Sets the password, and ends the sessions of whoever had one: 15 (8 with a second factor) to 256 characters of any script, none of the common ones, not made of the name or address."}
)
