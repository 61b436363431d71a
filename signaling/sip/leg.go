package sip

import (
	"context"
	"time"

	"parley/signaling"
)

// hostTimeout bounds one question to the media host.
const hostTimeout = 20 * time.Second

// legSession is a leg on a media host.
type legSession struct {
	host signaling.MediaHost
	leg  signaling.LegID
}

func (l *legSession) change(ctx context.Context, kind signaling.ChangeKind, sdp []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, hostTimeout)
	defer cancel()
	return l.host.Change(ctx, l.leg, kind, sdp)
}

func (l *legSession) offered(ctx context.Context, sdp []byte) ([]byte, error) {
	return l.change(ctx, signaling.ChangeOffer, sdp)
}

func (l *legSession) wanted(ctx context.Context) ([]byte, error) {
	return l.change(ctx, signaling.ChangeWant, nil)
}

func (l *legSession) answered(ctx context.Context, sdp []byte) error {
	_, err := l.change(ctx, signaling.ChangeAnswer, sdp)
	return err
}

func (l *legSession) rollback(ctx context.Context) error {
	_, err := l.change(ctx, signaling.ChangeRollback, nil)
	return err
}

func (l *legSession) confirmed() {
	l.host.Control(l.leg, signaling.Command{Kind: signaling.CommandConfirm})
}

func (l *legSession) end(reason string) { l.host.Leave(l.leg, reason) }

func (l *legSession) info(kind string, body []byte) int {
	switch kind {
	case kindMediaControl:
		if asksKeyFrame(body) {
			l.host.Control(l.leg, signaling.Command{Kind: signaling.CommandKeyFrame})
		}
		return 200
	case kindDTMFRelay, kindDTMF:
		if digits := readDTMF(kind, body); digits != "" {
			l.host.Control(l.leg, signaling.Command{Kind: signaling.CommandDTMF, Digits: digits})
			return 200
		}
		return 400
	}
	return 415
}

// listen carries the leg's events to the far end until either side ends.
func (d *Dialog) listen(events <-chan signaling.Event) {
	for {
		select {
		case <-d.done:
			return
		case e, open := <-events:
			switch {
			case !open:
				d.finishLater(goodbye{cause: "media ended", text: "media ended", bye: true})
				return
			case e.Kind == signaling.EventEnd:
				d.finishLater(goodbye{cause: "ended by host", text: e.Reason, bye: true})
				return
			case e.Kind == signaling.EventKeyFrame:
				d.askKeyFrame()
			}
		}
	}
}

// askKeyFrame sends an INFO (RFC 5168) unless one is under way: the question
// would be the same.
func (d *Dialog) askKeyFrame() {
	if !d.allows("INFO", true) || !d.asking.CompareAndSwap(false, true) {
		return
	}
	if !d.server.enter() {
		return
	}
	go func() {
		defer d.server.wg.Done()
		defer d.asking.Store(false)
		ctx, cancel := context.WithTimeout(d.server.ctx, requestTimeout)
		defer cancel()
		if err := d.Info(ctx, kindMediaControl, []byte(pictureFastUpdate)); err != nil {
			d.log.Debug("key frame request failed", "error", err)
		}
	}()
}
