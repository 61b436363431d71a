// Package sdp negotiates a call's media by offer and answer (RFC 3264) over
// session descriptions (RFC 8866): one audio and one main video stream, plain
// RTP (RTP/AVP and RTP/AVPF). What it cannot take (other kinds of media, second
// streams, encrypted profiles) it refuses in place, so that the far end's media
// lines keep their number and order.
//
// It opens no sockets and knows no protocol that carries the descriptions.
package sdp
