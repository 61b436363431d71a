package mgmt

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
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
	m.newJoinToken(object.(*config.WorkerVM), e.Reveal)
}

// newJoinToken gives a node a new token, and tells it in reveal, with the command
// that uses it. The one before is over.
func (m *Management) newJoinToken(w *config.WorkerVM, reveal map[string]any) {
	token := auth.NewToken(joinTokenPrefix)
	w.JoinToken = auth.TokenHash(token)
	reveal["join_token"] = token
	if link := m.link(token); link != "" {
		reveal["join_link"], reveal["join_command"] = link, "parley node --join '"+link+"'"
	}
}

// joinCommand gives a node that there is a new token, for a machine that takes
// the place of the one that has it.
func (m *Management) joinCommand() api.Command {
	return api.Command{Name: "worker_vm/join_token", Required: []string{"worker_vm_id"}, Numbers: []string{"worker_vm_id"}, Secret: true, Do: func(ctx context.Context, a api.Arguments) (map[string]any, error) {
		id, err := strconv.ParseInt(a["worker_vm_id"], 10, 64)
		if err != nil {
			return nil, &api.Refused{Status: http.StatusBadRequest, Text: "worker_vm_id: must be the number of a node"}
		}
		data := map[string]any{"worker_vm_id": id}
		_, err = m.tree.Edit(nil, func(e *resource.Edit) error {
			e.By = api.By(ctx)
			return e.Set("worker_vm", id, func(object any) { m.newJoinToken(object.(*config.WorkerVM), data) })
		})
		if errors.Is(err, resource.ErrNoObject) {
			return nil, &api.Refused{Status: http.StatusNotFound, Text: "worker_vm_id: there is no node " + a["worker_vm_id"]}
		}
		return data, err
	}}
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
type public struct {
	url, fingerprint string
	expires          time.Time // of the certificate
}

// serveJoin takes a bus.JoinRequest and answers with a bus.JoinReply.
func (m *Management) serveJoin(w http.ResponseWriter, r *http.Request) {
	var in bus.JoinRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in); err != nil {
		api.Refuse(w, http.StatusBadRequest, "the body must be a JSON object with token and request: "+err.Error())
		return
	}
	network := auth.Network(auth.Address(r))
	if wait := m.joins.Try(network, time.Now()); wait > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(wait/time.Second)+1))
		api.Refuse(w, http.StatusTooManyRequests, "too many wrong join tokens from this address")
		return
	}
	out, err := m.join(in, auth.Address(r), time.Now())
	if !errors.Is(err, errJoinToken) {
		m.joins.Undo(network)
	}
	switch {
	case errors.Is(err, errJoinToken):
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
			if w, ok := e.Get("worker_vm", node.ID); !ok || w.(*config.WorkerVM).JoinToken != node.JoinToken {
				return errJoinToken // another machine came with it at the same time
			}
			return e.Set("worker_vm", node.ID, func(object any) {
				n := object.(*config.WorkerVM)
				n.JoinToken, n.Joined, n.Serial, n.NextSerial = "", true, serial, ""
			})
		}); err != nil {
			return nil, err
		}
		return &bus.JoinReply{
			Node: node.ID, Name: node.Name, Certificate: string(certPEM), Authority: string(m.authority.PEM()), BusPort: int(m.bus.Addr().Port()),
		}, nil
	}
	return nil, errJoinToken
}
