//go:build cgo

#include "bridge.h"

#include <opus.h>
#include <stdlib.h>

// po_encoder is an OpusEncoder and po_decoder an OpusDecoder.
#define ENCODER(e) ((OpusEncoder *)(e))
#define DECODER(d) ((OpusDecoder *)(d))

int po_encoder_open(po_encoder **out, int rate, int bitrate, int complexity)
{
	int err;
	OpusEncoder *e = opus_encoder_create(rate, 1, OPUS_APPLICATION_VOIP, &err);

	if (!e)
		return err;
	if ((err = opus_encoder_ctl(e, OPUS_SET_BITRATE(bitrate))) < 0 ||
	    (err = opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(complexity))) < 0 ||
	    (err = opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(1))) < 0 ||
	    (err = opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE))) < 0) {
		opus_encoder_destroy(e);
		return err;
	}
	*out = (po_encoder *)e;
	return 0;
}

int po_encode(po_encoder *e, const float *samples, int count, uint8_t *packet, int size)
{
	return opus_encode_float(ENCODER(e), samples, count, packet, size);
}

int po_encoder_set(po_encoder *e, int loss, int dtx)
{
	int err = opus_encoder_ctl(ENCODER(e), OPUS_SET_PACKET_LOSS_PERC(loss));

	return err < 0 ? err : opus_encoder_ctl(ENCODER(e), OPUS_SET_DTX(dtx));
}

int po_encoder_reset(po_encoder *e)
{
	return opus_encoder_ctl(ENCODER(e), OPUS_RESET_STATE);
}

void po_encoder_close(po_encoder *e)
{
	opus_encoder_destroy(ENCODER(e));
}

int po_decoder_open(po_decoder **d, int rate)
{
	int err;

	*d = (po_decoder *)opus_decoder_create(rate, 1, &err);
	return *d ? 0 : err;
}

int po_decode(po_decoder *d, const uint8_t *packet, int size, float *samples, int count, int fec)
{
	return opus_decode_float(DECODER(d), size ? packet : NULL, size, samples, count, fec);
}

int po_duration(const uint8_t *packet, int size, int rate)
{
	return opus_packet_get_nb_samples(packet, size, rate);
}

void po_decoder_close(po_decoder *d)
{
	opus_decoder_destroy(DECODER(d));
}
