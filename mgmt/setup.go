package mgmt

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"parley/mgmt/api"
	"parley/mgmt/auth"
	"parley/mgmt/resource"
)

// setup makes the first administrator, for whoever has the token that the first
// start prints.
type setup struct {
	mu    sync.Mutex
	token string // guarded by mu; "" = somebody can manage the deployment
}

// SetupToken returns the token by which the first administrator is made; "" when
// there is one. It is for the one who started the program.
func (m *Management) SetupToken() string {
	m.setup.mu.Lock()
	defer m.setup.mu.Unlock()
	return m.setup.token
}

// serveSetup takes {"token": ..., "name": "admin", "password": ...}.
func (m *Management) serveSetup(w http.ResponseWriter, r *http.Request) {
	in := struct{ Token, Name, Password string }{Name: "admin"}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 10_000)).Decode(&in); err != nil {
		api.Refuse(w, http.StatusBadRequest, "the body must be a JSON object with token, name and password: "+err.Error())
		return
	}
	m.setup.mu.Lock()
	defer m.setup.mu.Unlock()
	switch {
	case m.setup.token == "":
		api.Refuse(w, http.StatusGone, "there is an administrator already: sign in")
		return
	case subtle.ConstantTimeCompare([]byte(m.setup.token), []byte(in.Token)) != 1:
		m.log.Warn("wrong setup token", "address", auth.Address(r))
		api.Refuse(w, http.StatusForbidden, "wrong token: the one that is right stands in the log of the first start")
		return
	}
	err := m.addAdministrator(in.Name, in.Password, auth.Address(r))
	var problems *resource.Problems
	switch {
	case errors.As(err, &problems):
		api.RefuseFields(w, problems)
	case err != nil:
		m.log.Error("no first administrator", "err", err)
		api.Refuse(w, http.StatusServiceUnavailable, err.Error())
	default:
		m.setup.token = ""
		m.log.Info("first administrator made", "user", in.Name, "address", auth.Address(r))
		w.WriteHeader(http.StatusCreated)
	}
}
