package mgmt

import (
	"crypto/tls"
	"fmt"
	"time"

	"parley/mgmt/resource"
	"parley/pki"
)

// Authority is the object of the configuration that holds what issues the
// certificates of nodes. It is part of every backup: without it all nodes would
// have to join anew.
type Authority struct {
	ID          int64  `json:"id" readonly:"yes" doc:"Always 1."`
	Certificate string `json:"certificate" readonly:"yes" doc:"PEM."`
	Key         string `json:"key" readonly:"yes" secret:"yes" doc:"PEM."`
}

// openAuthority returns the authority of the deployment, which is made at the
// first start, and a certificate of the Management Node by it.
func (m *Management) openAuthority() error {
	now := time.Now()
	object, _ := m.tree.Get("authority", 1)
	kept := *object.(*Authority)
	if kept.Certificate == "" {
		certPEM, keyPEM, err := pki.NewAuthority(now)
		if err != nil {
			return err
		}
		kept.Certificate, kept.Key = string(certPEM), string(keyPEM)
		if _, err := m.tree.Edit(nil, func(e *resource.Edit) error {
			e.By = resource.By{Via: "start"}
			return e.Set("authority", 1, func(object any) {
				object.(*Authority).Certificate, object.(*Authority).Key = kept.Certificate, kept.Key
			})
		}); err != nil {
			return err
		}
	}
	var err error
	if m.authority, err = pki.LoadAuthority([]byte(kept.Certificate), []byte(kept.Key)); err != nil {
		return fmt.Errorf("the authority of the deployment: %w", err)
	}
	request, keyPEM, err := pki.NewKey(pki.ManagementName)
	if err != nil {
		return err
	}
	certPEM, _, err := m.authority.Issue(request, pki.ManagementName, now)
	if err != nil {
		return err
	}
	m.certificate, err = tls.X509KeyPair(certPEM, keyPEM)
	return err
}
