package sip

import (
	"context"

	"parley/signaling"
)

// Outgoing is a call that we make.
type Outgoing struct {
	URI         string // sip:room@host:port;transport=tcp
	From        string // our address, such as sip:alice@example.com; "" = sip:parley@<our address>
	DisplayName string
	Offer       []byte            // nil = the far end offers (late offer)
	Headers     map[string]string // more fields of the INVITE

	// OnOffer answers the far end's offer of a late-offer call, in the ACK.
	OnOffer func(offer []byte) []byte
	// OnReinvite answers an offer of the far end during the call; with nil it
	// returns an offer. nil = our last description is said again.
	OnReinvite func(offer []byte) (answer []byte, err error)
	// OnAnswer takes the far end's answer to an offer of OnReinvite.
	OnAnswer func(answer []byte)
	// OnInfo takes an INFO of the far end.
	OnInfo func(contentType string, body []byte)
}

// callerSession is the session of a call that we made: functions of the caller.
type callerSession struct {
	o    Outgoing
	last func() []byte // our last description
}

func (c *callerSession) offered(_ context.Context, sdp []byte) ([]byte, error) {
	if c.o.OnReinvite != nil {
		return c.o.OnReinvite(sdp)
	}
	return c.wanted(context.Background())
}

func (c *callerSession) wanted(context.Context) ([]byte, error) {
	if c.o.OnReinvite != nil {
		return c.o.OnReinvite(nil)
	}
	if sdp := c.last(); sdp != nil {
		return sdp, nil
	}
	return nil, &signaling.Refusal{Code: signaling.CodeNoCodec}
}

func (c *callerSession) answered(_ context.Context, sdp []byte) error {
	if c.o.OnAnswer != nil {
		c.o.OnAnswer(sdp)
	}
	return nil
}

func (c *callerSession) rollback(context.Context) error { return nil }
func (c *callerSession) confirmed()                     {}
func (c *callerSession) end(string)                     {}

func (c *callerSession) info(kind string, body []byte) int {
	if c.o.OnInfo == nil {
		return 415
	}
	c.o.OnInfo(kind, body)
	return 200
}
