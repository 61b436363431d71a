package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strconv"
	"strings"
	"time"
)

// ErrPEM is the error of a text that is not the PEM block that is wanted.
var ErrPEM = errors.New("pki: no such PEM block")

// How long certificates hold. Nodes get new ones while theirs still hold.
const (
	authorityYears = 20
	nodeYears      = 2
	clockSkew      = time.Hour // clocks of nodes may be so much behind
)

// Authority issues the certificates by which the nodes of a deployment know
// each other.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	certPEM     []byte
}

// NewAuthority makes the authority of a new deployment, and returns it as PEM:
// its certificate and its key.
func NewAuthority(now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template, err := newTemplate("Parley deployment "+now.UTC().Format(time.RFC3339), now, authorityYears)
	if err != nil {
		return nil, nil, err
	}
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	return pemPair(der, key)
}

// LoadAuthority reads an authority.
func LoadAuthority(certPEM, keyPEM []byte) (*Authority, error) {
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: the key is not ECDSA", ErrPEM)
	}
	return &Authority{pair.Leaf, key, certPEM}, nil
}

// PEM returns the certificate of the authority.
func (a *Authority) PEM() []byte { return a.certPEM }

// Expires returns until when the authority holds.
func (a *Authority) Expires() time.Time { return a.certificate.NotAfter }

// Pool returns the authority as the root of what is trusted.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// NodeName is the common name of the certificate of a node.
func NodeName(id int64) string { return "node-" + strconv.FormatInt(id, 10) }

// ManagementName is the common name of the certificate of the Management Node.
const ManagementName = "management"

// NewKey makes a key and a request for a certificate of that name for it, as PEM.
func NewKey(name string) (requestPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), nil
}

// Issue returns a certificate of that name for the key of a request, and its
// serial number in hexadecimal. What else the request asks for is left out.
func (a *Authority) Issue(requestPEM []byte, name string, now time.Time) (certPEM []byte, serial string, err error) {
	block, _ := pem.Decode(requestPEM)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, "", fmt.Errorf("%w: CERTIFICATE REQUEST", ErrPEM)
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err == nil {
		err = request.CheckSignature()
	}
	if err != nil {
		return nil, "", fmt.Errorf("certificate request: %w", err)
	}
	template, err := newTemplate(name, now, nodeYears)
	if err != nil {
		return nil, "", err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.DNSNames = []string{name}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, request.PublicKey, a.key)
	if err != nil {
		return nil, "", err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), template.SerialNumber.Text(16), nil
}

// Fingerprint is how whoever joins knows a server before he knows the authority.
func Fingerprint(certificate []byte) string {
	sum := sha256.Sum256(certificate)
	return hex.EncodeToString(sum[:])
}

func newTemplate(name string, now time.Time, years int) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-clockSkew), NotAfter: now.AddDate(years, 0, 0),
	}, nil
}

func pemPair(der []byte, key *ecdsa.PrivateKey) (certPEM, keyPEM []byte, err error) {
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), nil
}

// hostAddresses are those that a certificate of this host is for.
func hostAddresses() []net.IP {
	var list []net.IP
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil // the name is left
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok {
			list = append(list, n.IP)
		}
	}
	return list
}

// NodeID is the inverse of NodeName.
func NodeID(name string) (int64, bool) {
	text, ok := strings.CutPrefix(name, "node-")
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil && id > 0
}
