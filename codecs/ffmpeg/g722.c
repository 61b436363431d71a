//go:build cgo

#include "g722.h"

#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PACKET 1024 // bytes, 128 ms

struct pg_codec {
	AVCodecContext *ctx;
	AVFrame *frame;
	AVPacket *packet;
	uint8_t input[MAX_PACKET + AV_INPUT_BUFFER_PADDING_SIZE];
};

int pg_open(pg_codec **out, int encoder)
{
	const AVCodec *codec;
	pg_codec *c;
	int err = AVERROR(ENOMEM);

	av_log_set_level(AV_LOG_QUIET);
	codec = encoder ? avcodec_find_encoder(AV_CODEC_ID_ADPCM_G722) : avcodec_find_decoder(AV_CODEC_ID_ADPCM_G722);
	if (!codec)
		return encoder ? AVERROR_ENCODER_NOT_FOUND : AVERROR_DECODER_NOT_FOUND;
	c = calloc(1, sizeof *c);
	if (!c)
		return err;
	c->ctx = avcodec_alloc_context3(codec);
	c->frame = av_frame_alloc();
	c->packet = av_packet_alloc();
	if (!c->ctx || !c->frame || !c->packet)
		goto fail;
	c->ctx->thread_count = 1;
	c->ctx->sample_rate = 16000;
	c->ctx->sample_fmt = AV_SAMPLE_FMT_S16;
	av_channel_layout_default(&c->ctx->ch_layout, 1);
	if (encoder)
		c->ctx->bit_rate = 64000;
	err = avcodec_open2(c->ctx, codec, NULL);
	if (err < 0)
		goto fail;
	*out = c;
	return 0;
fail:
	pg_close(c);
	return err;
}

int pg_encode(pg_codec *c, const int16_t *samples, int count, uint8_t *out, int size)
{
	AVFrame *f = c->frame;
	int err;

	if (f->nb_samples != count || !av_frame_is_writable(f)) {
		av_frame_unref(f);
		f->nb_samples = count;
		f->format = c->ctx->sample_fmt;
		f->sample_rate = c->ctx->sample_rate;
		av_channel_layout_default(&f->ch_layout, 1);
		err = av_frame_get_buffer(f, 0);
		if (err < 0)
			return err;
	}
	memcpy(f->data[0], samples, count * sizeof *samples);
	err = avcodec_send_frame(c->ctx, f);
	if (err >= 0)
		err = avcodec_receive_packet(c->ctx, c->packet);
	if (err < 0)
		return err;
	if (c->packet->size > size)
		err = AVERROR(EINVAL);
	else
		memcpy(out, c->packet->data, err = c->packet->size);
	av_packet_unref(c->packet);
	return err;
}

int pg_decode(pg_codec *c, const uint8_t *data, int size, int16_t *samples, int count)
{
	AVFrame *f = c->frame;
	int err;

	if (size > MAX_PACKET)
		return AVERROR(EINVAL);
	memcpy(c->input, data, size);
	memset(c->input + size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
	c->packet->data = c->input;
	c->packet->size = size;
	err = avcodec_send_packet(c->ctx, c->packet);
	c->packet->data = NULL;
	c->packet->size = 0;
	if (err >= 0)
		err = avcodec_receive_frame(c->ctx, f);
	if (err < 0)
		return err;
	if (f->nb_samples > count)
		err = AVERROR(EINVAL);
	else {
		memcpy(samples, f->extended_data[0], f->nb_samples * sizeof *samples);
		err = f->nb_samples;
	}
	av_frame_unref(f);
	return err;
}

void pg_close(pg_codec *c)
{
	avcodec_free_context(&c->ctx);
	av_frame_free(&c->frame);
	av_packet_free(&c->packet);
	free(c);
}
