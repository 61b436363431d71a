package mgmt

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"parley/bus"
	"parley/config"
	"parley/mgmt/resource"
	"parley/pki"
)

// serveRenewal gives a node a new certificate.
func (m *Management) serveRenewal(msg *nats.Msg) {
	reply := bus.RenewReply{}
	certPEM, err := m.renewal(msg, time.Now())
	if err != nil {
		m.log.Error("a node did not get a new certificate", "subject", msg.Subject, "err", err)
		reply.Error = err.Error()
	}
	reply.Certificate = string(certPEM)
	if text, err := json.Marshal(reply); err == nil {
		_ = msg.Respond(text) // the node asks again
	}
}

// renewalsApart is how long a node waits for another certificate: each is a
// change of the configuration.
const renewalsApart = time.Minute

var errRenewal = errors.New("the node has had a new certificate within a minute")

// renewal issues a certificate to the node that asks. The one that it has holds
// until it shows the new one. It is called for one message at a time.
func (m *Management) renewal(msg *nats.Msg, now time.Time) ([]byte, error) {
	var id int64
	if _, err := fmt.Sscanf(msg.Subject, "parley.ask.%d.", &id); err != nil {
		return nil, err
	}
	var in bus.RenewRequest
	if err := json.Unmarshal(msg.Data, &in); err != nil {
		return nil, err
	}
	if last, ok := m.renewals[id]; ok && now.Sub(last) < renewalsApart {
		return nil, errRenewal
	}
	certPEM, serial, err := m.authority.Issue([]byte(in.Request), pki.NodeName(id), now)
	if err != nil {
		return nil, err
	}
	m.renewals[id] = now
	return certPEM, m.editNode(id, "renewal", func(w *config.WorkerVM) { w.NextSerial = serial })
}

// renewed notes that a node has shown its new certificate: the old one is over.
func (m *Management) renewed(id int64, serial string) {
	err := m.editNode(id, "renewal", func(w *config.WorkerVM) {
		if w.NextSerial == serial {
			w.Serial, w.NextSerial = serial, ""
		}
	})
	if err != nil && !errors.Is(err, resource.ErrNoObject) {
		m.log.Warn("the old certificate of a node holds on", "node", id, "err", err)
	}
}

// editNode changes a node for the Management Node itself.
func (m *Management) editNode(id int64, via string, change func(w *config.WorkerVM)) error {
	_, err := m.tree.Edit(nil, func(e *resource.Edit) error {
		e.By = resource.By{User: m.place(id).name, Via: via}
		return e.Set("worker_vm", id, func(object any) { change(object.(*config.WorkerVM)) })
	})
	return err
}
