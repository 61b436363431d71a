package mgmt

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"parley/bus"
	"parley/config"
	"parley/mgmt/api"
	"parley/mgmt/auth"
	"parley/mgmt/resource"
	"parley/pki"
)

const joinTokenPrefix = "parley_join_"

// prepareNode gives a new node the token by which a machine takes its place.
func (m *Management) prepareNode(e *resource.Edit, object any, _ resource.Input, created bool, _ *resource.Problems) {
	if !created {
		return
	}
	token := auth.NewToken(joinTokenPrefix)
	object.(*config.WorkerVM).JoinToken = auth.TokenHash(token)
	e.Reveal["join_token"] = token
	if link := m.link(token); link != "" {
		e.Reveal["join_link"], e.Reveal["join_command"] = link, "parley node --join '"+link+"'"
	}
}

// link returns the link that a token is told in; "" before anything is served.
func (m *Management) link(token string) string {
	at := m.public.Load()
	if at == nil {
		return ""
	}
	return at.url + "#" + token + "." + at.fingerprint
}

// public is where nodes find the Management Node, and how they know it.
type public struct{ url, fingerprint string }

// serveJoin takes a bus.JoinRequest and answers with a bus.JoinReply.
func (m *Management) serveJoin(w http.ResponseWriter, r *http.Request) {
	var in bus.JoinRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in); err != nil {
		api.Refuse(w, http.StatusBadRequest, "the body must be a JSON object with token and request: "+err.Error())
		return
	}
	address := "join from " + auth.Address(r)
	if wait := m.guard.Locked(address); wait > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(wait/time.Second)+1))
		api.Refuse(w, http.StatusTooManyRequests, "too many wrong join tokens from this address")
		return
	}
	out, err := m.join(in, auth.Address(r), time.Now())
	switch {
	case errors.Is(err, errJoinToken):
		m.guard.Failed(address)
		m.log.Warn("wrong join token", "address", auth.Address(r))
		api.Refuse(w, http.StatusForbidden, err.Error())
	case errors.Is(err, errJoinRequest):
		api.Refuse(w, http.StatusBadRequest, err.Error())
	case err != nil:
		m.log.Error("a node could not join", "err", err)
		api.Refuse(w, http.StatusServiceUnavailable, err.Error())
	default:
		m.log.Info("node joined", "node", out.Name, "id", out.Node, "address", auth.Address(r))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(out) // the node asks for another token if it does not come
	}
}

var (
	errJoinToken   = errors.New("wrong join token: each works once; make the node anew, or a new token for it")
	errJoinRequest = errors.New("request: no certificate request")
)

// join gives a machine at that address the place that the token is for.
func (m *Management) join(in bus.JoinRequest, from string, now time.Time) (*bus.JoinReply, error) {
	hash := auth.TokenHash(in.Token)
	nodes, _ := m.tree.All("worker_vm")
	for _, one := range nodes {
		node := one.(*config.WorkerVM)
		if node.JoinToken == "" || subtle.ConstantTimeCompare([]byte(node.JoinToken), []byte(hash)) != 1 {
			continue
		}
		certPEM, serial, err := m.authority.Issue([]byte(in.Request), pki.NodeName(node.ID), now)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errJoinRequest, err)
		}
		if _, err := m.tree.Edit(nil, func(e *resource.Edit) error {
			e.By = resource.By{User: node.Name, Via: "join", Address: from}
			return e.Set("worker_vm", node.ID, func(object any) {
				n := object.(*config.WorkerVM)
				n.JoinToken, n.Joined, n.Serial = "", true, serial
			})
		}); err != nil {
			return nil, err
		}
		m.bus.Expel(node.ID) // whoever had the place before
		return &bus.JoinReply{
			Node: node.ID, Name: node.Name, Certificate: string(certPEM), Authority: string(m.authority.PEM()), BusPort: int(m.bus.Addr().Port()),
		}, nil
	}
	return nil, errJoinToken
}
