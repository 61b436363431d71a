package sdp

// Offers as peers write them.
const (
	baresip = `v=0
o=- 1985345467 994566209 IN IP4 192.0.2.2
s=-
c=IN IP4 192.0.2.2
t=0 0
a=tool:baresip 1.0.0
m=audio 21074 RTP/AVP 96 9 0 8 101
a=rtpmap:96 opus/48000/2
a=fmtp:96 stereo=1;sprop-stereo=1
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
a=label:1
a=rtcp-rsize
a=ssrc:1378192188 cname:sip:me@192.0.2.2
a=minptime:20
a=ptime:20
m=video 21092 RTP/AVP 96 97 34 98 99
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=0;profile-level-id=42e01f
a=rtpmap:97 H264/90000
a=fmtp:97 packetization-mode=1;profile-level-id=42e01f
a=rtpmap:34 H263/90000
a=fmtp:34 CIF=1;CIF4=1
a=rtpmap:98 MP4V-ES/90000
a=fmtp:98 profile-level-id=3
a=rtpmap:99 H265/90000
a=fmtp:99 profile-id=1
a=sendrecv
a=label:2
a=rtcp-rsize
a=ssrc:826737863 cname:sip:me@192.0.2.2
a=framerate:25.00
a=rtcp-fb:* nack pli
a=content:main
`

	linphone = `v=0
o=alice 3214 1826 IN IP4 192.0.2.30
s=Talk
c=IN IP4 192.0.2.30
t=0 0
a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics
a=record:off
m=audio 7078 RTP/AVPF 96 97 98 0 8 101 99 100
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1
a=rtpmap:97 speex/16000
a=fmtp:97 vbr=on
a=rtpmap:98 speex/8000
a=fmtp:98 vbr=on
a=rtpmap:101 telephone-event/48000
a=rtpmap:99 telephone-event/16000
a=rtpmap:100 telephone-event/8000
a=rtcp:54631
a=rtcp-fb:* trr-int 1000
a=rtcp-fb:* ccm tmmbr
m=video 9078 RTP/AVPF 96 97
b=AS:380
a=rtpmap:96 VP8/90000
a=rtpmap:97 H264/90000
a=fmtp:97 profile-level-id=42801F
a=rtcp:40117 IN IP4 192.0.2.31
a=rtcp-fb:* trr-int 1000
a=rtcp-fb:* ccm tmmbr
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:97 nack pli
a=rtcp-fb:97 ccm fir
`

	room = `v=0
o=room 5 2 IN IP4 198.51.100.9
s=-
c=IN IP4 198.51.100.9
b=AS:4064
t=0 0
m=audio 2326 RTP/AVP 100 102 103 9 18 0 8 101
b=TIAS:64000
a=rtpmap:100 MP4A-LATM/90000
a=fmtp:100 profile-level-id=24;object=23;bitrate=64000
a=rtpmap:102 G7221/16000
a=fmtp:102 bitrate=32000
a=rtpmap:103 G7221/16000
a=fmtp:103 bitrate=24000
a=rtpmap:9 G722/8000
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=yes
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
m=video 2328 RTP/AVP 97 126 96 34 31
b=TIAS:4000000
a=label:11
a=rtpmap:97 H264/90000
a=fmtp:97 packetization-mode=0;profile-level-id=420016;max-mbps=245000;max-fs=8160;max-smbps=245000;level-asymmetry-allowed=1
a=rtpmap:126 H264/90000
a=fmtp:126 packetization-mode=1;profile-level-id=428016;max-mbps=245000;max-fs=8160;max-br=5000;level-asymmetry-allowed=1
a=rtpmap:96 H263-1998/90000
a=fmtp:96 custom=1024,768,4;CIF=1;QCIF=1
a=rtpmap:34 H263/90000
a=rtpmap:31 H261/90000
a=rtcp-fb:* nack pli
a=rtcp-fb:* ccm fir
a=rtcp-fb:* ccm tmmbr
a=content:main
a=sendrecv
m=application 5070 UDP/BFCP *
a=floorctrl:c-s
a=confid:1
a=userid:11
a=floorid:2 mstrm:12
a=setup:actpass
a=connection:new
m=video 2330 RTP/AVP 97
b=TIAS:4000000
a=rtpmap:97 H264/90000
a=fmtp:97 packetization-mode=1;profile-level-id=428016;max-mbps=245000;max-fs=8160
a=content:slides
a=label:12
a=sendrecv
m=application 2332 RTP/AVP 107
a=rtpmap:107 H224/4800
a=sendrecv
`

	browser = `v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=msid-semantic: WMS stream
m=audio 50000 RTP/AVPF 111 63 9 0 8 13 110 126
c=IN IP4 203.0.113.7
a=rtcp:50001 IN IP4 203.0.113.7
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1;maxplaybackrate=24000;maxaveragebitrate=32000
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6
m=video 50002 RTP/AVPF 96 97 102 103 108 109 39 112
c=IN IP4 203.0.113.7
b=AS:2000
a=rtcp:9 IN IP4 0.0.0.0
a=mid:1
a=sendrecv
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:102 H264/90000
a=rtcp-fb:102 goog-remb
a=rtcp-fb:102 transport-cc
a=rtcp-fb:102 ccm fir
a=rtcp-fb:102 nack
a=rtcp-fb:102 nack pli
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
a=rtpmap:108 H264/90000
a=rtcp-fb:108 nack
a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f
a=rtpmap:109 rtx/90000
a=fmtp:109 apt=108
a=rtpmap:112 H264/90000
a=rtcp-fb:112 nack pli
a=rtcp-fb:112 nack
a=fmtp:112 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f
a=rtpmap:39 AV1/90000
`

	// A telephone with static payload types only, and CRLF.
	telephone = "v=0\r\no=- 1 1 IN IP4 192.0.2.50\r\ns=call\r\nc=IN IP4 192.0.2.50\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18 8 0\r\n"

	sixth = `v=0
o=- 1 1 IN IP6 2001:db8::7
s=-
c=IN IP6 2001:db8::7
t=0 0
m=audio 6000 RTP/AVP 0
m=video 6002 RTP/AVP 96
c=IN IP6 2001:db8::8
a=rtpmap:96 h264/90000
a=fmtp:96 profile-level-id=4D001F;packetization-mode=1
`
)

// peers names them for tables and fuzzing.
var peers = map[string]string{
	"baresip": baresip, "linphone": linphone, "room": room,
	"browser": browser, "telephone": telephone, "sixth": sixth,
}
