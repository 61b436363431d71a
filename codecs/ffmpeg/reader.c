//go:build cgo

#include "media.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

#define RATE 48000

struct pm_reader {
	AVFormatContext *format;
	int index[2];             // of the streams: video, audio; -1 without
	AVCodecContext *codec[2];
	int drained[2];
	int ended;                // the file is read to its end
	AVPacket *packet;
	AVFrame *frame;
	struct SwsContext *scale;
	SwrContext *resample;
	AVChannelLayout layout;   // that resample was made for
	int rate, sample_format;
	float *sound;
	unsigned sound_size;
	int sound_count;
};

static int open_stream(pm_reader *r, int kind, enum AVMediaType type)
{
	const AVCodec *codec = NULL;
	int err, i;

	i = av_find_best_stream(r->format, type, -1, -1, &codec, 0);
	r->index[kind] = -1;
	if (i < 0 || !codec)
		return 0;
	r->codec[kind] = avcodec_alloc_context3(codec);
	if (!r->codec[kind])
		return AVERROR(ENOMEM);
	err = avcodec_parameters_to_context(r->codec[kind], r->format->streams[i]->codecpar);
	if (err < 0)
		return err;
	r->codec[kind]->thread_count = 1;
	r->codec[kind]->pkt_timebase = r->format->streams[i]->time_base;
	err = avcodec_open2(r->codec[kind], codec, NULL);
	if (err < 0)
		return err;
	r->index[kind] = i;
	return 0;
}

int pm_reader_open(pm_reader **out, const char *path, int *video, int *audio)
{
	pm_reader *r = calloc(1, sizeof *r);
	int err = AVERROR(ENOMEM);

	if (!r)
		return err;
	av_log_set_level(AV_LOG_QUIET);
	r->packet = av_packet_alloc();
	r->frame = av_frame_alloc();
	if (!r->packet || !r->frame)
		goto fail;
	if ((err = avformat_open_input(&r->format, path, NULL, NULL)) < 0 ||
	    (err = avformat_find_stream_info(r->format, NULL)) < 0 ||
	    (err = open_stream(r, 0, AVMEDIA_TYPE_VIDEO)) < 0 ||
	    (err = open_stream(r, 1, AVMEDIA_TYPE_AUDIO)) < 0)
		goto fail;
	*video = r->index[0] >= 0;
	*audio = r->index[1] >= 0;
	if (!*video && !*audio) {
		err = AVERROR_STREAM_NOT_FOUND;
		goto fail;
	}
	*out = r;
	return 0;
fail:
	pm_reader_close(r);
	return err;
}

static int64_t microseconds(pm_reader *r, int kind)
{
	int64_t pts = r->frame->best_effort_timestamp;
	AVStream *s = r->format->streams[r->index[kind]];

	if (pts == AV_NOPTS_VALUE)
		return AV_NOPTS_VALUE;
	pts = av_rescale_q(pts, s->time_base, AV_TIME_BASE_Q);
	if (r->format->start_time != AV_NOPTS_VALUE)
		pts -= r->format->start_time;
	return pts;
}

static int grow(pm_reader *r, int count)
{
	av_fast_malloc(&r->sound, &r->sound_size, (size_t)count * sizeof *r->sound);
	return r->sound ? 0 : AVERROR(ENOMEM);
}

// convert resamples the sound in frame, or with end what is left inside.
static int convert(pm_reader *r, int end)
{
	AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
	AVFrame *f = r->frame;
	uint8_t *to[1];
	int err, room;

	if (!end && (!r->resample || f->sample_rate != r->rate || f->format != r->sample_format ||
	             av_channel_layout_compare(&f->ch_layout, &r->layout))) {
		AVChannelLayout from = {0};
		if (f->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
			av_channel_layout_default(&from, f->ch_layout.nb_channels);
		else if ((err = av_channel_layout_copy(&from, &f->ch_layout)) < 0)
			return err;
		swr_free(&r->resample);
		err = swr_alloc_set_opts2(&r->resample, &mono, AV_SAMPLE_FMT_FLT, RATE,
			&from, f->format, f->sample_rate, 0, NULL);
		av_channel_layout_uninit(&from);
		// the mean of the channels: more would be louder than the file, and clip
		if (err < 0 || (err = av_opt_set_double(r->resample, "rematrix_maxval", 1, 0)) < 0 ||
		    (err = swr_init(r->resample)) < 0 ||
		    (err = av_channel_layout_copy(&r->layout, &f->ch_layout)) < 0) {
			swr_free(&r->resample);
			return err;
		}
		r->rate = f->sample_rate;
		r->sample_format = f->format;
	}
	r->sound_count = 0;
	if (!r->resample)
		return 0;
	room = swr_get_out_samples(r->resample, end ? 0 : f->nb_samples);
	if (room < 0)
		return room;
	if ((err = grow(r, room + 1)) < 0)
		return err;
	to[0] = (uint8_t *)r->sound;
	err = swr_convert(r->resample, to, room,
		end ? NULL : (const uint8_t **)f->extended_data, end ? 0 : f->nb_samples);
	if (err >= 0)
		r->sound_count = err;
	return err;
}

int pm_reader_next(pm_reader *r, pm_item *out)
{
	int err, kind;

	for (;;) {
		// what a decoder has, first
		for (kind = 0; kind < 2; kind++) {
			if (r->index[kind] < 0 || r->drained[kind])
				continue;
			av_frame_unref(r->frame);
			err = avcodec_receive_frame(r->codec[kind], r->frame);
			if (err == AVERROR(EAGAIN) && !r->ended)
				continue;
			if (err == AVERROR_EOF || (err < 0 && r->ended)) {
				r->drained[kind] = 1;
				if (kind == 0 || (err = convert(r, 1)) <= 0)
					continue;
				out->samples = r->sound_count;
				out->pts = AV_NOPTS_VALUE;
				return PM_AUDIO;
			}
			if (err < 0)
				continue; // a damaged frame
			out->pts = microseconds(r, kind);
			if (kind == 1) {
				err = convert(r, 0);
				if (err < 0)
					return err;
				if (err == 0)
					continue;
				out->samples = r->sound_count;
				return PM_AUDIO;
			}
			out->width = r->frame->width & ~1;
			out->height = r->frame->height & ~1;
			if (out->width < 2 || out->height < 2)
				continue;
			return PM_VIDEO;
		}
		if (r->ended) {
			if ((r->index[0] < 0 || r->drained[0]) && (r->index[1] < 0 || r->drained[1]))
				return PM_END;
			continue;
		}
		err = av_read_frame(r->format, r->packet);
		if (err < 0) {
			if (err != AVERROR_EOF)
				return err;
			r->ended = 1;
			for (kind = 0; kind < 2; kind++)
				if (r->codec[kind])
					avcodec_send_packet(r->codec[kind], NULL);
			continue;
		}
		for (kind = 0; kind < 2; kind++)
			if (r->packet->stream_index == r->index[kind])
				avcodec_send_packet(r->codec[kind], r->packet); // a damaged packet is left out
		av_packet_unref(r->packet);
	}
}

int pm_reader_picture(pm_reader *r, uint8_t *y, uint8_t *u, uint8_t *v, int stride_y, int stride_uv)
{
	uint8_t *to[4] = {y, u, v};
	int strides[4] = {stride_y, stride_uv, stride_uv};
	AVFrame *f = r->frame;
	int width = f->width & ~1, height = f->height & ~1;

	if (f->format == AV_PIX_FMT_YUV420P || f->format == AV_PIX_FMT_YUVJ420P) {
		av_image_copy(to, strides, (const uint8_t **)f->data, f->linesize, AV_PIX_FMT_YUV420P, width, height);
		return 0;
	}
	r->scale = sws_getCachedContext(r->scale, f->width, f->height, f->format,
		width, height, AV_PIX_FMT_YUV420P, SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);
	if (!r->scale)
		return AVERROR(EINVAL);
	return sws_scale(r->scale, (const uint8_t *const *)f->data, f->linesize, 0, f->height, to, strides);
}

int pm_reader_sound(pm_reader *r, float *out)
{
	memcpy(out, r->sound, r->sound_count * sizeof *out);
	return r->sound_count;
}

int pm_reader_rewind(pm_reader *r)
{
	int err, kind;

	err = avformat_seek_file(r->format, -1, INT64_MIN, r->format->start_time == AV_NOPTS_VALUE ? 0 : r->format->start_time,
		INT64_MAX, AVSEEK_FLAG_BACKWARD);
	if (err < 0)
		err = av_seek_frame(r->format, -1, 0, AVSEEK_FLAG_BYTE);
	if (err < 0)
		return err;
	for (kind = 0; kind < 2; kind++) {
		if (r->codec[kind])
			avcodec_flush_buffers(r->codec[kind]);
		r->drained[kind] = 0;
	}
	swr_free(&r->resample);
	r->ended = 0;
	return 0;
}

void pm_reader_close(pm_reader *r)
{
	avcodec_free_context(&r->codec[0]);
	avcodec_free_context(&r->codec[1]);
	avformat_close_input(&r->format);
	av_packet_free(&r->packet);
	av_frame_free(&r->frame);
	sws_freeContext(r->scale);
	swr_free(&r->resample);
	av_channel_layout_uninit(&r->layout);
	av_freep(&r->sound);
	free(r);
}
