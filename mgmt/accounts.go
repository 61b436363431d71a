package mgmt

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"parley/mgmt/auth"
	"parley/mgmt/resource"
)

// AdminUser is an account of somebody who manages the deployment.
type AdminUser struct {
	ID           int64     `json:"id" readonly:"yes" doc:"Number of the object."`
	CreationTime time.Time `json:"creation_time" readonly:"yes" doc:"When it was made."`

	Name        string `json:"name" min:"1" max:"100" unique:"yes" username:"yes" doc:"Name to sign in with."`
	Description string `json:"description" default:"" max:"250" doc:"Whose it is."`
	Role        string `json:"role" default:"administrator" choices:"administrator read-only" doc:"What it may do: everything, or read."`
	Password    string `json:"password" max:"500" secret:"yes" doc:"Password, at least 10 characters; kept as argon2id hash."`
	Enabled     bool   `json:"enabled" default:"true" doc:"Whether it can be used."`
}

// APIToken lets a program in, in place of a password.
type APIToken struct {
	ID           int64     `json:"id" readonly:"yes" doc:"Number of the object."`
	CreationTime time.Time `json:"creation_time" readonly:"yes" doc:"When it was made."`

	Name      string     `json:"name" min:"1" max:"100" unique:"yes" doc:"What it is for."`
	User      int64      `json:"user" ref:"admin_user,owned" doc:"Account in whose name it acts."`
	Role      string     `json:"role" default:"read-only" choices:"administrator read-only" doc:"What it may do, if its account may."`
	Expires   *time.Time `json:"expires" default:"null" doc:"When it ends. null: when it is deleted."`
	TokenHash string     `json:"token_hash" readonly:"yes" unique:"yes" secret:"yes" doc:"SHA-256 of the token, which is told once, when it is made."`
}

// Prefixes of tokens, by which leaked ones can be found.
const (
	apiTokenPrefix   = "parley_api_"
	setupTokenPrefix = "parley_setup_"
)

// prepareUser keeps the hash of a new password.
func prepareUser(_ *resource.Edit, object any, in resource.Input, _ bool, p *resource.Problems) {
	u := object.(*AdminUser)
	if _, given := in["password"]; !given {
		return
	}
	switch {
	case u.Password == resource.Mask: // a client sends back what it read
		p.Addf("password", "write the password, or leave the field out to keep the one that there is")
	case utf8.RuneCountInString(u.Password) < auth.PasswordLeast:
		p.Addf("password", "must have at least %d characters", auth.PasswordLeast)
	case strings.EqualFold(u.Password, u.Name):
		p.Addf("password", "must not be the name")
	default:
		u.Password = auth.Hash(u.Password)
	}
}

// prepareToken makes the token.
func prepareToken(e *resource.Edit, object any, _ resource.Input, created bool, _ *resource.Problems) {
	if !created {
		return
	}
	token := auth.NewToken(apiTokenPrefix)
	object.(*APIToken).TokenHash = auth.TokenHash(token)
	e.Reveal["token"] = token
}

// accounts finds accounts in the configuration.
type accounts struct{ tree *resource.Tree }

// ByName implements auth.Accounts.
func (a accounts) ByName(name string) (auth.Account, bool) {
	object, ok := a.tree.Find("admin_user", "name", name)
	if !ok {
		return auth.Account{}, false
	}
	return account(object.(*AdminUser))
}

func account(u *AdminUser) (auth.Account, bool) {
	return auth.Account{Name: u.Name, Password: u.Password, Role: auth.Role(u.Role)}, u.Enabled
}

// ByToken implements auth.Accounts.
func (a accounts) ByToken(hash string, now time.Time) (auth.Account, bool) {
	object, ok := a.tree.Find("api_token", "token_hash", hash)
	if !ok {
		return auth.Account{}, false
	}
	token := object.(*APIToken)
	if token.Expires != nil && now.After(*token.Expires) {
		return auth.Account{}, false
	}
	user, ok := a.tree.Get("admin_user", token.User)
	if !ok {
		return auth.Account{}, false
	}
	found, ok := account(user.(*AdminUser))
	if token.Role != string(auth.Administrator) {
		found.Role = auth.ReadOnly
	}
	return found, ok
}

// managed reports whether somebody can manage the deployment.
func (a accounts) managed() bool {
	all, _ := a.tree.All("admin_user")
	return managedBy(all)
}

func managedBy(users []any) bool {
	for _, one := range users {
		if u := one.(*AdminUser); u.Enabled && u.Role == string(auth.Administrator) {
			return true
		}
	}
	return false
}

// checkLastAdministrator keeps the last administrator from locking everybody out.
func (a accounts) checkLastAdministrator(e *resource.Edit) error {
	was := a.managed()
	if !was || managedBy(e.All("admin_user")) {
		return nil
	}
	p := &resource.Problems{Kind: "admin_user"}
	p.Addf(resource.All, "nobody could manage the deployment any more: this is the last administrator")
	return p
}

// addAdministrator makes the first account, for somebody at that address.
func (m *Management) addAdministrator(name, password, address string) error {
	in := resource.Input{}
	in["name"], _ = json.Marshal(name)
	in["password"], _ = json.Marshal(password)
	_, err := m.tree.Edit(nil, func(e *resource.Edit) error {
		e.By = resource.By{User: name, Via: "setup", Address: address}
		_, err := e.Create("admin_user", in)
		return err
	})
	return err
}
