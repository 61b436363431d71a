package managed

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/bus"
	"parley/pki"
)

// Errors of joining.
var (
	// ErrLink is the error of a join link that is none.
	ErrLink = errors.New("join link")
	// ErrRefused is the error of a Management Node that does not let the node in.
	ErrRefused = errors.New("the Management Node refused")
)

// Identity is what a node knows of itself in its deployment.
type Identity struct {
	Node int64  `json:"node"`
	Name string `json:"name"`
	Bus  string `json:"bus"` // "host:port"

	Certificate tls.Certificate `json:"-"`
	Authority   *x509.CertPool  `json:"-"`
}

// Files of an identity in a data folder. Certificate and key are in one, so that
// both are replaced at once.
const (
	identityFile    = "node.json"
	certificateFile = "node.pem"
	authorityFile   = "authority.pem"
)

// Load reads the identity that a data folder keeps; fs.ErrNotExist where there is none.
func Load(dataDir string) (*Identity, error) {
	text, err := os.ReadFile(filepath.Join(dataDir, identityFile))
	if err != nil {
		return nil, err
	}
	id := &Identity{}
	if err := json.Unmarshal(text, id); err != nil {
		return nil, fmt.Errorf("%s: %w", identityFile, err)
	}
	if id.Certificate, err = loadCertificate(dataDir); err != nil {
		return nil, err
	}
	root, err := os.ReadFile(filepath.Join(dataDir, authorityFile))
	if err != nil {
		return nil, err
	}
	id.Authority = x509.NewCertPool()
	if !id.Authority.AppendCertsFromPEM(root) {
		return nil, fmt.Errorf("%s: %w", authorityFile, pki.ErrPEM)
	}
	return id, nil
}

func loadCertificate(dataDir string) (tls.Certificate, error) {
	file := filepath.Join(dataDir, certificateFile)
	return tls.LoadX509KeyPair(file, file)
}

// keepCertificate puts a certificate and its key in the place of those that
// there are.
func keepCertificate(dataDir string, certPEM, keyPEM []byte) error {
	file := filepath.Join(dataDir, certificateFile)
	next, err := os.OpenFile(file+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = next.Write(slices.Concat(certPEM, keyPEM))
	// Without Sync the power may fail when the name is that of a file that is still empty.
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// joinWithin is how long joining may take.
const joinWithin = 30 * time.Second

// Join takes the place of a node, by the link that the Management Node gave for
// it, and keeps the identity in the data folder. The server is known by the
// fingerprint in the link.
func Join(ctx context.Context, link, dataDir string) (*Identity, error) {
	at, err := url.Parse(link)
	if err != nil || at.Scheme != "https" || at.Host == "" {
		return nil, fmt.Errorf("%w: it begins with https://<host>:<port>/#", ErrLink)
	}
	token, fingerprint, ok := strings.Cut(at.Fragment, ".")
	if !ok || token == "" || len(fingerprint) != 64 {
		return nil, fmt.Errorf("%w: it is not whole; write it in single quotes", ErrLink)
	}
	if err := os.MkdirAll(dataDir, 0o750); err != nil {
		return nil, err
	}
	request, keyPEM, err := pki.NewKey("node")
	if err != nil {
		return nil, err
	}
	reply, err := ask(ctx, at.Host, fingerprint, bus.JoinRequest{Token: token, Request: string(request)})
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(Identity{Node: reply.Node, Name: reply.Name, Bus: net.JoinHostPort(at.Hostname(), strconv.Itoa(reply.BusPort))})
	if err != nil {
		return nil, err
	}
	if err := keepCertificate(dataDir, []byte(reply.Certificate), keyPEM); err != nil {
		return nil, err
	}
	for _, file := range []struct {
		name string
		text []byte
	}{ // the one that says that there is an identity comes last
		{authorityFile, []byte(reply.Authority)},
		{identityFile, text},
	} {
		if err := os.WriteFile(filepath.Join(dataDir, file.name), file.text, 0o600); err != nil {
			return nil, err
		}
	}
	return Load(dataDir)
}

// ask sends a join request.
func ask(ctx context.Context, host, fingerprint string, in bus.JoinRequest) (*bus.JoinReply, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, joinWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+host+"/api/join/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // it is checked against the fingerprint
		VerifyConnection: func(s tls.ConnectionState) error {
			if pki.Fingerprint(s.PeerCertificates[0].Raw) != fingerprint {
				return fmt.Errorf("%w: %s is another server than the one that made it", ErrLink, host)
			}
			return nil
		},
	}}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusCreated {
		var refusal struct{ Error string }
		_ = json.Unmarshal(text, &refusal) // else it stays empty
		return nil, fmt.Errorf("%w: %s %s", ErrRefused, answer.Status, refusal.Error)
	}
	reply := &bus.JoinReply{}
	if err := json.Unmarshal(text, reply); err != nil {
		return nil, fmt.Errorf("answer to joining: %w", err)
	}
	return reply, nil
}

// Joined reports whether a data folder has an identity.
func Joined(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, identityFile))
	return !errors.Is(err, fs.ErrNotExist)
}
