// Package rtp moves media between the engine and the network: one Stream for
// each m-line of a call (RTP and RTCP, RFC 3550, RFC 4585, RFC 5104), the
// packetiser and depacketiser of H.264 (RFC 6184), the jitter buffers of video
// and audio, and telephone events (RFC 4733).
//
// It does not encode or decode pictures, knows no conference and no session
// description. The jitter buffers and packetisers are pure: they are driven by
// their arguments and have neither sockets nor clocks.
//
// On Linux a frame goes out in one system call, its equal packets as one message
// (UDP segmentation offload), and packets are read the same way. The environment
// variable PARLEY_UDP_OFFLOAD=off keeps them single, for captures.
package rtp
