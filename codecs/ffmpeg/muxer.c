//go:build cgo

#include "media.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WAITING 512 // AAC packets from before the first picture, 10 s

struct pm_muxer {
	AVFormatContext *format;
	AVStream *video, *audio;
	AVCodecContext *aac;
	AVFrame *frame;
	AVPacket *packet;
	AVPacket *waiting[MAX_WAITING];
	int waiting_count;
	int begun; // the header is written
	int64_t last_video;
};

static int open_aac(pm_muxer *m)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("aac");
	int err;

	if (!codec)
		return AVERROR_ENCODER_NOT_FOUND;
	m->aac = avcodec_alloc_context3(codec);
	m->frame = av_frame_alloc();
	m->audio = avformat_new_stream(m->format, NULL);
	if (!m->aac || !m->frame || !m->audio)
		return AVERROR(ENOMEM);
	m->aac->thread_count = 1;
	m->aac->sample_rate = 48000;
	m->aac->sample_fmt = AV_SAMPLE_FMT_FLTP;
	m->aac->bit_rate = 96000;
	m->aac->time_base = (AVRational){1, 48000};
	m->aac->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	av_channel_layout_default(&m->aac->ch_layout, 1);
	err = avcodec_open2(m->aac, codec, NULL);
	if (err < 0)
		return err;
	m->audio->time_base = m->aac->time_base;
	m->frame->format = m->aac->sample_fmt;
	m->frame->nb_samples = m->aac->frame_size;
	m->frame->sample_rate = 48000;
	av_channel_layout_default(&m->frame->ch_layout, 1);
	err = av_frame_get_buffer(m->frame, 0);
	if (err < 0)
		return err;
	return avcodec_parameters_from_context(m->audio->codecpar, m->aac);
}

int pm_muxer_open(pm_muxer **out, const char *path, int width, int height, int audio)
{
	pm_muxer *m = calloc(1, sizeof *m);
	int err = AVERROR(ENOMEM);

	if (!m)
		return err;
	av_log_set_level(AV_LOG_QUIET);
	m->last_video = INT64_MIN;
	m->packet = av_packet_alloc();
	if (!m->packet)
		goto fail;
	err = avformat_alloc_output_context2(&m->format, NULL, "mp4", path);
	if (err < 0)
		goto fail;
	if (width) {
		m->video = avformat_new_stream(m->format, NULL);
		if (!m->video) {
			err = AVERROR(ENOMEM);
			goto fail;
		}
		m->video->time_base = (AVRational){1, 90000};
		m->video->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
		m->video->codecpar->codec_id = AV_CODEC_ID_H264;
		m->video->codecpar->width = width;
		m->video->codecpar->height = height;
	}
	if (audio && (err = open_aac(m)) < 0)
		goto fail;
	err = avio_open(&m->format->pb, path, AVIO_FLAG_WRITE);
	if (err < 0)
		goto fail;
	*out = m;
	return 0;
fail:
	pm_muxer_close(m);
	return err;
}

int pm_muxer_header(pm_muxer *m, const uint8_t *headers, int size)
{
	AVCodecParameters *p;
	int err, i;

	if (m->video) {
		p = m->video->codecpar;
		p->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
		if (!p->extradata)
			return AVERROR(ENOMEM);
		memcpy(p->extradata, headers, size);
		p->extradata_size = size;
	}
	err = avformat_write_header(m->format, NULL);
	if (err < 0)
		return err;
	m->begun = 1;
	for (i = 0; i < m->waiting_count; i++) {
		av_packet_rescale_ts(m->waiting[i], m->aac->time_base, m->audio->time_base);
		if (err >= 0)
			err = av_interleaved_write_frame(m->format, m->waiting[i]);
		av_packet_free(&m->waiting[i]);
	}
	m->waiting_count = 0;
	return err;
}

int pm_muxer_video(pm_muxer *m, const uint8_t *data, int size, int64_t pts, int key)
{
	AVPacket *p = m->packet;
	int err = av_new_packet(p, size);

	if (err < 0)
		return err;
	memcpy(p->data, data, size);
	if (pts <= m->last_video)
		pts = m->last_video + 1;
	// The last picture lasts as long as the one before; players leave out one
	// without duration.
	p->duration = m->last_video == INT64_MIN ? 3000 : pts - m->last_video;
	m->last_video = pts;
	p->pts = p->dts = pts;
	p->stream_index = m->video->index;
	if (key)
		p->flags |= AV_PKT_FLAG_KEY;
	av_packet_rescale_ts(p, (AVRational){1, 90000}, m->video->time_base);
	return av_interleaved_write_frame(m->format, p);
}

int pm_muxer_audio_frame(pm_muxer *m)
{
	return m->aac->frame_size;
}

int pm_muxer_audio(pm_muxer *m, const float *samples, int64_t pts)
{
	int err;

	if (samples) {
		err = av_frame_make_writable(m->frame);
		if (err < 0)
			return err;
		memcpy(m->frame->data[0], samples, m->aac->frame_size * sizeof *samples);
		m->frame->pts = pts;
		err = avcodec_send_frame(m->aac, m->frame);
	} else {
		err = avcodec_send_frame(m->aac, NULL);
	}
	while (err >= 0) {
		err = avcodec_receive_packet(m->aac, m->packet);
		if (err < 0)
			break;
		m->packet->stream_index = m->audio->index;
		if (!m->begun) {
			// Sound from long before the first picture is dropped.
			if (m->waiting_count < MAX_WAITING)
				m->waiting[m->waiting_count++] = av_packet_clone(m->packet);
			av_packet_unref(m->packet);
			continue;
		}
		av_packet_rescale_ts(m->packet, m->aac->time_base, m->audio->time_base);
		err = av_interleaved_write_frame(m->format, m->packet);
	}
	return err == AVERROR(EAGAIN) || err == AVERROR_EOF ? 0 : err;
}

int pm_muxer_close(pm_muxer *m)
{
	int err = 0, i;

	if (m->begun)
		err = av_write_trailer(m->format);
	for (i = 0; i < m->waiting_count; i++)
		av_packet_free(&m->waiting[i]);
	if (m->format) {
		int closed = avio_closep(&m->format->pb);
		if (err >= 0)
			err = closed;
		avformat_free_context(m->format);
	}
	avcodec_free_context(&m->aac);
	av_frame_free(&m->frame);
	av_packet_free(&m->packet);
	free(m);
	return err;
}
