package caller

import (
	"context"
	"strings"
	"time"
)

// fastUpdate asks for a key frame (RFC 5168 section 7.1).
const fastUpdate = `<?xml version="1.0" encoding="utf-8"?>` + "\r\n" +
	`<media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder></vc_primitive></media_control>` + "\r\n"

const mediaControl = "application/media_control+xml"

// infoInterval is how often a key frame is asked for by SIP at most.
const infoInterval = time.Second

// informed takes an INFO of the far end.
func (c *Caller) informed(contentType string, body []byte) {
	if strings.HasPrefix(strings.ToLower(contentType), mediaControl) && strings.Contains(string(body), "picture_fast_update") {
		c.infoKeys.Add(1)
		c.sender.wantKeyFrame()
	}
}

// askByInfo asks the far end for a key frame by SIP INFO, where RTCP cannot.
func (c *Caller) askByInfo() {
	c.mu.Lock()
	dialog, now := c.dialog, time.Now()
	stream := c.agreement.Media().Video
	if dialog == nil || c.gone || stream == nil || stream.Feedback.PLI || stream.Feedback.FIR ||
		now.Sub(c.lastInfo) < infoInterval {
		c.mu.Unlock()
		return
	}
	c.lastInfo = now
	c.mu.Unlock()
	c.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(c.ctx, 5*time.Second)
		defer cancel()
		if err := dialog.Info(ctx, mediaControl, []byte(fastUpdate)); err != nil {
			c.log.Debug("INFO", "err", err)
		}
	})
}
