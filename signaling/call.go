// Package signaling holds the seam between the protocols that calls arrive by
// (one folder each) and the media that they end in: plain, serialisable values,
// so that a call's media may run on another node than its signalling. It knows
// no protocol and no conference logic.
package signaling

import (
	"context"
	"fmt"
	"time"
)

// Participant is what a protocol knows of a caller when his call arrives.
type Participant struct {
	ID            string // unique, made by the node (UUID)
	DisplayName   string // from the protocol, may be empty
	RemoteAlias   string // the caller's own address, such as sip:alice@example.com
	LocalAlias    string // what he dialled, without scheme, parameters and port: room, or room@example.com where a domain was named
	Protocol      string // "sip"
	CallID        string // the protocol's identifier of the call
	Vendor        string // User-Agent, may be empty
	RemoteAddress string // host:port that the signalling came from
	LocalAddress  string // IP address that the signalling arrived at, where media may be offered
	Incoming      bool   // he called us
}

// LegID names a leg on its media host.
type LegID string

// Code says why a call was refused, in no protocol's terms.
type Code string

// The reasons for which a call is refused.
const (
	CodeUnknownAlias   Code = "unknown alias"       // nothing answers to what was dialled
	CodeConferenceFull Code = "conference full"     // the conference's own maximum
	CodeNoCapacity     Code = "no capacity"         // the host has no room; another may
	CodeNoCodec        Code = "no common codec"     // nothing that both sides speak
	CodeNoTransport    Code = "no common transport" // media only by profiles that the host does not speak, such as SRTP
	CodeNoAddress      Code = "no common address"   // the media addresses of both sides cannot reach each other
	CodeBadSDP         Code = "bad session description"
	CodeBadState       Code = "offer out of turn" // an offer while another is open (glare)
	CodeInternal       Code = "internal error"
)

// Refusal is the error of a host that does not take a call or a change of it.
type Refusal struct {
	Code       Code
	Reason     string        // one line for the caller, without secrets
	RetryAfter time.Duration // 0 = do not say
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Reason == "" {
		return string(r.Code)
	}
	return fmt.Sprintf("%s: %s", r.Code, r.Reason)
}

// ChangeKind is what a change of a leg brings.
type ChangeKind string

// The kinds of change.
const (
	ChangeOffer    ChangeKind = "offer"    // the far end's offer; returns our answer
	ChangeWant     ChangeKind = "want"     // the far end wants our offer, or we want to send one; returns it
	ChangeAnswer   ChangeKind = "answer"   // the far end's answer to our offer; returns nil
	ChangeRollback ChangeKind = "rollback" // our offer was refused or never answered; returns nil
)

// CommandKind is what a signalling protocol tells a leg.
type CommandKind string

// The commands.
const (
	CommandKeyFrame CommandKind = "key frame" // the far end asked for one outside RTCP (RFC 5168)
	CommandDTMF     CommandKind = "dtmf"      // Digits arrived outside RTP
	CommandConfirm  CommandKind = "confirm"   // the call is established (ACK arrived): media may be reaped when silent
)

// Command goes from signalling to a leg.
type Command struct {
	Kind   CommandKind
	Digits string
}

// EventKind is what a leg tells its signalling.
type EventKind string

// The events.
const (
	EventEnd      EventKind = "end"       // the host ended the leg; the signalling says goodbye with Reason
	EventKeyFrame EventKind = "key frame" // ask the far end for a key frame outside RTCP (RFC 5168)
)

// Event goes from a leg to its signalling.
type Event struct {
	Kind   EventKind
	Reason string
}

// MediaHost processes the media of conferences. Offers and answers are SDP
// (RFC 8866, RFC 3264) whatever the protocol. Errors are *Refusal. All methods
// may be called from any goroutine; calls for one leg come one after the other.
type MediaHost interface {
	// Join puts a participant into the conference that his LocalAlias leads to.
	// With an offer it returns the answer; with a nil offer it returns an
	// offer, and the far end's answer comes by Change. The LegID is the
	// participant's ID. A Join that fails leaves nothing, and a leg that is not
	// confirmed within a minute is ended by the host, so that whoever gave up
	// waiting leaves none behind.
	Join(ctx context.Context, p Participant, offer []byte) (LegID, []byte, error)
	// Change re-negotiates (RFC 3264 section 8). A refused change leaves the leg
	// as it was; an offer that crosses one of ours is CodeBadState.
	Change(ctx context.Context, leg LegID, kind ChangeKind, sdp []byte) ([]byte, error)
	// Control gives the leg a command. Unknown legs are ignored.
	Control(leg LegID, c Command)
	// Events returns the leg's events; closed when the leg is gone.
	Events(leg LegID) <-chan Event
	// Leave ends the leg; the reason is for those who look at it later. Unknown
	// legs are ignored.
	Leave(leg LegID, reason string)
	// Answers reports whether the alias leads anywhere (for OPTIONS).
	Answers(alias string) bool
}
