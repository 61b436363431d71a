package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Parameters of argon2id (RFC 9106 section 4, second recommendation, with one
// lane: a few sign-ins at a time must not take the memory of a small machine).
const (
	argonTime   = 3
	argonMemory = 64 << 10 // KiB
	argonLanes  = 1
	saltSize    = 16
	hashSize    = 32
)

// Bounds of what a hash may ask for.
const (
	hashTimeMost   = 16
	hashLanesMost  = 16
	hashMemoryMost = 256 << 10 // KiB
	hashLeast      = 16        // bytes (RFC 9106 section 4: 128 bits are sufficient)
	hashSizeMost   = 64
)

// PasswordLeast is how many characters a password has at least (NIST SP 800-63B
// section 5.1.1.2 wants eight; administrators hold more than their own).
const PasswordLeast = 10

// Hash returns the hash of a password, with all that is needed to compare one
// with it, in the PHC string format.
func Hash(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, hashSize)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// Matches reports whether a password is the one of the hash.
func Matches(hash, password string) bool {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	var version int
	var memory, time uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &lanes); err != nil {
		return false
	}
	if time < 1 || time > hashTimeMost || lanes < 1 || lanes > hashLanesMost || memory > hashMemoryMost {
		return false // of a backup that somebody made up: it would take all memory, or panic
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) < hashLeast || len(want) > hashSizeMost {
		return false
	}
	key := argon2.IDKey([]byte(password), salt, time, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(key, want) == 1
}

// NewToken returns a random token of 256 bits that begins with prefix, by which
// leaked ones can be found.
func NewToken(prefix string) string {
	b := make([]byte, 32)
	rand.Read(b)
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

// TokenHash returns what is kept of a token. It needs no salt: nobody guesses 256 bits.
func TokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
