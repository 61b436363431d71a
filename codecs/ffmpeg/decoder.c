//go:build cgo

#include "decoder.h"

#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

// The largest picture: that of level 5.2 (ITU-T H.264 table A-1).
#define MAX_SIDE 4096
#define MAX_PIXELS (4096 * 2304)

struct pd_decoder {
	AVCodecContext *ctx;
	AVPacket *packet;
	AVBufferRef *input; // padded copy of the access unit
	int unsupported;    // choose_format refused the stream's parameters
	uint32_t sps;       // hash of the sequence parameter sets last seen
	int damaged;        // something went wrong since the last IDR access unit
};

// pd_frame is an AVFrame under a name of ours.

// choose_format runs when the stream's parameters become known, before memory
// for pictures is taken.
static enum AVPixelFormat choose_format(AVCodecContext *ctx, const enum AVPixelFormat *formats)
{
	pd_decoder *d = ctx->opaque;
	int64_t pixels = (int64_t)ctx->coded_width * ctx->coded_height;

	if (ctx->width <= MAX_SIDE && ctx->height <= MAX_SIDE && pixels <= MAX_PIXELS)
		for (; *formats != AV_PIX_FMT_NONE; formats++)
			if (*formats == AV_PIX_FMT_YUV420P || *formats == AV_PIX_FMT_YUVJ420P)
				return *formats;
	d->unsupported = 1;
	return AV_PIX_FMT_NONE;
}

// open_context gives the decoder a fresh context in place of the one it has.
static int open_context(pd_decoder *d)
{
	const AVCodec *codec = avcodec_find_decoder_by_name("h264");

	if (!codec)
		return AVERROR_DECODER_NOT_FOUND;
	avcodec_free_context(&d->ctx);
	d->ctx = avcodec_alloc_context3(codec);
	if (!d->ctx)
		return AVERROR(ENOMEM);
	d->ctx->opaque = d;
	d->ctx->get_format = choose_format;
	d->ctx->thread_count = 1;
	// Damaged pictures come out flagged, so that they can be told of.
	d->ctx->flags = AV_CODEC_FLAG_LOW_DELAY | AV_CODEC_FLAG_OUTPUT_CORRUPT | AV_CODEC_FLAG_UNALIGNED;
	d->ctx->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
	d->ctx->max_pixels = 1 << 28;
	return avcodec_open2(d->ctx, codec, NULL);
}

int pd_open(pd_decoder **out)
{
	pd_decoder *d;
	int err = AVERROR(ENOMEM);

	av_log_set_level(AV_LOG_QUIET);
	d = calloc(1, sizeof *d);
	if (!d)
		return err;
	d->packet = av_packet_alloc();
	if (d->packet)
		err = open_context(d);
	if (err < 0) {
		pd_close(d);
		return err;
	}
	*out = d;
	return 0;
}

// fill copies the access unit into a padded buffer that nobody else reads.
static int fill(pd_decoder *d, const uint8_t *data, int size)
{
	size_t need = (size_t)size + AV_INPUT_BUFFER_PADDING_SIZE;

	if (d->input && (d->input->size < need || !av_buffer_is_writable(d->input)))
		av_buffer_unref(&d->input);
	if (!d->input) {
		d->input = av_buffer_alloc(need + need / 2 + 4096);
		if (!d->input)
			return AVERROR(ENOMEM);
	}
	memcpy(d->input->data, data, size);
	memset(d->input->data + size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
	return 0;
}

#define FLUSH 1
#define REOPEN 2

// new_sequence returns FLUSH where an IDR access unit comes with other sequence
// parameter sets than the last one (ITU-T H.264 section 7.4.1.2.1), REOPEN where
// it comes with all that it needs after damage, else 0.
static int new_sequence(pd_decoder *d, const uint8_t *data, int size)
{
	uint32_t hash = 2166136261u; // FNV-1a
	int in_sps = 0, found = 0, pps = 0, i;

	for (i = 0; i < size; i++) {
		if (i + 3 < size && !data[i] && !data[i + 1] && data[i + 2] == 1) {
			int type = data[i + 3] & 31;
			if (type == 5 && found && ((d->damaged && pps) || hash != d->sps)) {
				d->sps = hash;
				return d->damaged && pps ? REOPEN : FLUSH;
			}
			if (type >= 1 && type <= 5)
				return 0; // parameter sets come before the slices
			in_sps = type == 7;
			found |= in_sps;
			pps |= type == 8;
			i += 2;
		} else if (in_sps && data[i]) { // zeros may belong to the next start code
			hash = (hash ^ data[i] ^ (uint32_t)i << 8) * 16777619u;
		}
	}
	return 0;
}

// plane_length returns how many bytes of a plane may be read, up to a whole
// number of rows.
static int plane_length(AVFrame *f, int i, int rows)
{
	int64_t whole = (int64_t)f->linesize[i] * rows;
	AVBufferRef *b = av_frame_get_plane_buffer(f, i);
	int64_t left = b ? b->data + b->size - f->data[i] : 0;

	return left < whole ? left : whole;
}

static int give_out(AVFrame *f, pd_picture *out)
{
	int i;

	if (f->format != AV_PIX_FMT_YUV420P && f->format != AV_PIX_FMT_YUVJ420P)
		return PD_UNSUPPORTED;
	out->width = f->width & ~1;
	out->height = f->height & ~1;
	if (out->width < 2 || out->height < 2 || f->linesize[0] < out->width ||
	    f->linesize[1] < out->width / 2 || f->linesize[1] != f->linesize[2])
		return PD_UNSUPPORTED;
	out->stride_y = f->linesize[0];
	out->stride_uv = f->linesize[1];
	for (i = 0; i < 3; i++) {
		int rows = i ? out->height / 2 : out->height;
		int columns = i ? out->width / 2 : out->width;
		out->plane[i] = f->data[i];
		out->length[i] = plane_length(f, i, rows);
		if (out->length[i] < f->linesize[i] * (rows - 1) + columns)
			return PD_UNSUPPORTED;
	}
	out->timestamp = (uint32_t)f->pts;
	return f->flags & AV_FRAME_FLAG_CORRUPT || f->decode_error_flags ? PD_CORRUPT : PD_PICTURE;
}

static int decode(pd_decoder *d, const uint8_t *data, int size, uint32_t timestamp,
	int skip_loop_filter, pd_frame *frame, pd_picture *out)
{
	AVFrame *f = (AVFrame *)frame;
	AVPacket *p = d->packet;
	int sent, err, anew, result;

	err = fill(d, data, size);
	if (err < 0)
		return err;
	anew = new_sequence(d, data, size);
	if (!d->ctx || anew == REOPEN) {
		// A slice that broke off leaves coefficients behind, which the library
		// adds to the next picture, also after a flush.
		err = open_context(d);
		if (err < 0) {
			avcodec_free_context(&d->ctx);
			return err;
		}
		d->damaged = 0;
	} else if (anew) {
		// A delay that the last sequence needed for its reordering must not
		// outlive it; what it still holds back is late.
		avcodec_flush_buffers(d->ctx);
		d->ctx->has_b_frames = 0;
	}
	d->ctx->skip_loop_filter = skip_loop_filter ? AVDISCARD_ALL : AVDISCARD_DEFAULT;
	d->unsupported = 0;
	p->buf = av_buffer_ref(d->input);
	if (!p->buf)
		return AVERROR(ENOMEM);
	p->data = d->input->data;
	p->size = size;
	p->pts = p->dts = timestamp;

	sent = avcodec_send_packet(d->ctx, p);
	if (sent == AVERROR(EAGAIN)) {
		// A picture of an earlier access unit is still inside: it is late, drop it.
		if (avcodec_receive_frame(d->ctx, f) >= 0)
			av_frame_unref(f);
		sent = avcodec_send_packet(d->ctx, p);
	}
	av_packet_unref(p);
	err = avcodec_receive_frame(d->ctx, f);
	if (err >= 0) {
		result = give_out(f, out);
		if (result == PD_PICTURE && sent < 0)
			result = PD_CORRUPT;
		if (result == PD_UNSUPPORTED)
			av_frame_unref(f);
		return result;
	}
	if (d->unsupported)
		return PD_UNSUPPORTED;
	if (sent < 0)
		return sent;
	return err == AVERROR(EAGAIN) ? PD_NONE : err;
}

int pd_decode(pd_decoder *d, const uint8_t *data, int size, uint32_t timestamp,
	int skip_loop_filter, pd_frame *frame, pd_picture *out)
{
	int result = decode(d, data, size, timestamp, skip_loop_filter, frame, out);

	d->damaged |= result < 0 || result == PD_CORRUPT;
	return result;
}

void pd_close(pd_decoder *d)
{
	avcodec_free_context(&d->ctx);
	av_packet_free(&d->packet);
	av_buffer_unref(&d->input);
	free(d);
}

pd_frame *pd_frame_new(void)
{
	return (pd_frame *)av_frame_alloc();
}

void pd_frame_unref(pd_frame *f)
{
	av_frame_unref((AVFrame *)f);
}

void pd_frame_free(pd_frame *f)
{
	AVFrame *frame = (AVFrame *)f;
	av_frame_free(&frame);
}

void pd_error(int code, char *text, int size)
{
	if (av_strerror(code, text, size) < 0 && size > 0)
		text[0] = 0;
}
