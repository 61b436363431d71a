package managed

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"time"

	"parley/bus"
	"parley/pki"
)

// How often is looked whether the certificate must be renewed, and how soon again
// after it did not work.
const (
	renewLook  = time.Hour
	renewAgain = time.Minute
)

// renew keeps the certificate of the node from expiring: when a third of its time
// is left a new one is asked for, with a key of its own, and the bus is connected
// with it.
func (m *Managed) renew(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		next := renewLook
		if leaf := m.certificate.Load().Leaf; m.c.Now().After(renewalOf(leaf.NotBefore, leaf.NotAfter)) {
			if err := m.renewNow(ctx); err != nil && ctx.Err() == nil {
				m.c.Log.Warn("the certificate of the node is not renewed: it is tried again", "expires", leaf.NotAfter, "err", err)
				next = renewAgain
			}
		}
		timer.Reset(next)
	}
}

// renewalOf returns when a certificate is to be renewed.
func renewalOf(from, until time.Time) time.Time { return until.Add(-until.Sub(from) / 3) }

func (m *Managed) renewNow(ctx context.Context) error {
	request, keyPEM, err := pki.NewKey(pki.NodeName(m.c.Identity.Node))
	if err != nil {
		return err
	}
	text, err := json.Marshal(bus.RenewRequest{Request: string(request)})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	answer, err := m.conn.RequestWithContext(ctx, bus.AskSubject(m.c.Identity.Node, bus.AskCertificate), text)
	if err != nil {
		return err
	}
	var reply bus.RenewReply
	if err := json.Unmarshal(answer.Data, &reply); err != nil {
		return err
	}
	if reply.Error != "" {
		return errors.New(reply.Error)
	}
	certificate, err := tls.X509KeyPair([]byte(reply.Certificate), keyPEM)
	if err != nil {
		return err
	}
	if err := keepCertificate(m.c.DataDir, []byte(reply.Certificate), keyPEM); err != nil {
		return err
	}
	m.certificate.Store(&certificate)
	m.c.Log.Info("the certificate of the node is renewed", "expires", certificate.Leaf.NotAfter)
	return m.conn.ForceReconnect()
}
