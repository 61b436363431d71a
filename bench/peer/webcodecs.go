package peer

import (
	"context"
	_ "embed" // the page
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"parley/codecs"
)

// CodedPicture is an access unit (Annex B) for a decoder.
type CodedPicture struct {
	Data      []byte
	Timestamp uint32
	Key       bool
}

// ErrDecoder says that a foreign decoder did not like the stream.
var ErrDecoder = errors.New("peer: decoder failed")

//go:embed webcodecs.html
var webCodecsPage []byte

// maxPicture bounds the samples of a picture that a page posts: 4096x2304.
const maxPicture = 4096 * 2304 * 3 / 2

// webDecoder serves the page that decodes, and takes its pictures.
type webDecoder struct {
	stream []byte
	show   func(*codecs.Picture) error
	end    chan error // holds the first outcome
}

// DecodeInChromium has WebCodecs decode a stream in a Chromium that is started
// for it, by its decoder in software, and hands out each picture in the order
// in which they come; show does not keep it. codec names the stream as in RFC
// 6381 (avc1.42C01F). It returns the error of show, or ErrDecoder with what
// WebCodecs says or Chromium warns of.
func DecodeInChromium(ctx context.Context, dir, codec string, units []CodedPicture, show func(*codecs.Picture) error) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d := &webDecoder{show: show, end: make(chan error, 1)}
	for _, u := range units {
		key := uint32(0)
		if u.Key {
			key = 1
		}
		d.stream = binary.BigEndian.AppendUint32(d.stream, u.Timestamp)
		d.stream = binary.BigEndian.AppendUint32(d.stream, key)
		d.stream = binary.BigEndian.AppendUint32(d.stream, uint32(len(u.Data)))
		d.stream = append(d.stream, u.Data...)
	}
	server := &http.Server{Handler: d.handler(), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l) // until it is closed
	}()
	defer func() { // after the browser's end
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if server.Shutdown(ending) != nil {
			server.Close()
		}
		<-served
	}()
	browser, err := NewChromium(dir, "http://"+l.Addr().String()+"/?codec="+url.QueryEscape(codec))
	if err != nil {
		return err
	}
	defer browser.Close()
	select {
	case err = <-d.end:
	case <-browser.Done():
		err = ErrEnded
	case <-ctx.Done():
		err = ctx.Err()
	}
	complaints := strings.Join(mediaLine.FindAllString(browser.Output(), -1), "\n")
	switch {
	case errors.Is(err, ErrEnded) || errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("chromium: %w\n%s", err, browser.Output())
	case err == nil && complaints != "":
		err = ErrDecoder
	}
	if err != nil {
		return fmt.Errorf("chromium: %w\n%s", err, complaints)
	}
	return nil
}

// mediaLine is what Chromium's decoder in software writes when something is wrong.
var mediaLine = regexp.MustCompile(`(?m)^.*(?:WARNING|ERROR):media/filters/.*$`)

func (d *webDecoder) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(webCodecsPage)
	})
	m.HandleFunc("GET /stream", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(d.stream) })
	m.HandleFunc("POST /picture", func(w http.ResponseWriter, r *http.Request) {
		if err := d.take(r); err != nil {
			d.finish(err)
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	m.HandleFunc("POST /end", func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(io.LimitReader(r.Body, 4096))
		if err == nil && len(text) > 0 {
			err = fmt.Errorf("%w: %s", ErrDecoder, text)
		}
		d.finish(err)
	})
	return m
}

// finish keeps the first outcome.
func (d *webDecoder) finish(err error) {
	select {
	case d.end <- err:
	default:
	}
}

// take shows a picture that the page posts: one at a time, as it waits for the answer.
func (d *webDecoder) take(r *http.Request) error {
	q := r.URL.Query()
	var n [3]int64
	for i, name := range []string{"timestamp", "width", "height"} {
		var err error
		if n[i], err = strconv.ParseInt(q.Get(name), 10, 64); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	width, height := int(n[1]), int(n[2])
	if width < 2 || height < 2 || width > 4096 || height > 4096 || width%2 != 0 || height%2 != 0 || width*height*3/2 > maxPicture {
		return fmt.Errorf("a picture of %dx%d", width, height)
	}
	p := codecs.NewPicture(width, height)
	defer p.Release()
	p.Timestamp = uint32(n[0])
	for i, plane := range [][]byte{p.Y, p.U, p.V} {
		w, h, stride := width, height, p.StrideY
		if i > 0 {
			w, h, stride = w/2, h/2, p.StrideUV
		}
		for y := range h {
			if _, err := io.ReadFull(r.Body, plane[y*stride:][:w]); err != nil {
				return err
			}
		}
	}
	return d.show(p)
}
