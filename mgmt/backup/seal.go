package backup

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"
)

// What follows the header of a sealed file is the gzip of the lines, by AES-256-GCM
// (NIST SP 800-38D) with a key that argon2id (RFC 9106) makes of the passphrase.

// seal is how a file was sealed, bytes.
type seal struct {
	Salt  []byte `json:"salt"`
	Nonce []byte `json:"nonce"`
}

// Errors of passphrases.
var (
	errPassphrase = errors.New("it is sealed: its passphrase is needed")
	errWrong      = errors.New("the passphrase is wrong")
)

func newSeal() *seal {
	s := &seal{Salt: make([]byte, 16), Nonce: make([]byte, 12)}
	rand.Read(s.Salt)
	rand.Read(s.Nonce)
	return s
}

func (s *seal) cipher(passphrase string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(argon2.IDKey([]byte(passphrase), s.Salt, 3, 64<<10, 1, 32))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// close seals lines.
func (s *seal) close(lines []byte, passphrase string) ([]byte, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(lines); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	c, err := s.cipher(passphrase)
	if err != nil {
		return nil, err
	}
	return c.Seal(nil, s.Nonce, packed.Bytes(), nil), nil
}

// open returns the lines that were sealed.
func (s *seal) open(sealed []byte, passphrase string) ([]byte, error) {
	if passphrase == "" {
		return nil, errPassphrase
	}
	c, err := s.cipher(passphrase)
	if err != nil {
		return nil, err
	}
	if len(s.Nonce) != c.NonceSize() {
		return nil, errors.New("it is damaged: its nonce has a wrong size")
	}
	packed, err := c.Open(nil, s.Nonce, sealed, nil)
	if err != nil {
		return nil, errWrong
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	lines, err := io.ReadAll(io.LimitReader(z, sizeMost))
	if err == nil && len(lines) == sizeMost {
		err = fmt.Errorf("it is larger than %d bytes", sizeMost)
	}
	return lines, err
}
